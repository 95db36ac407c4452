package arena

import "math/bits"

// Giving memory back.
//
// A free page is warm when it may be backed by memory, that is: it was handed
// out since the region was made or since it was last given back. Warm pages are
// a cache: the next block that lands on them causes no page faults.
//
// Policy: warm pages in free runs of at least 1 MiB may amount to Config.Keep
// bytes. When a free makes them more, the heap gives back until half of Keep is
// left, from the longest runs first and from the upper end of each, because
// Alloc takes the lower end. So
//   - a program that allocates and frees up to Keep bytes over and over never
//     makes a system call and never faults;
//   - otherwise at least Keep/2 bytes are freed between two rounds of giving
//     back, whatever the pattern;
//   - a heap whose blocks are all free holds at most Keep bytes of memory, and
//     shorter runs than 1 MiB, enclosed by live blocks, are kept as they are.

// trim gives warm pages back by punch(off, len), in bytes of the region, when
// they are more than keep pages. It returns the bytes of the warm pages given back.
func (r *runs) trim(keep uint64, punch func(off, n uint64)) (given uint64) {
	if r.warmBig <= keep {
		return 0
	}
	excess := r.warmBig - keep/2
	r.longestFirst(r.root, func(i int32) bool {
		a := &r.node[i]
		if excess == 0 || a.pages < bigRun {
			return false
		}
		if a.warm == 0 {
			return true
		}
		cold := uint32(min(excess, uint64(a.warm)))
		from, to := r.warm.top(uint64(a.page), uint64(a.pages), cold)
		r.warm.set(from, to-from, false)
		a.warm -= cold
		r.warmBig -= uint64(cold)
		excess -= uint64(cold)
		given += uint64(cold) * PageSize
		punch(from*PageSize, (to-from)*PageSize)
		return true
	})
	return given
}

// bitmap has a bit for each page of the region: 32 KiB for 1 GiB.
type bitmap []uint64

func newBitmap(pages uint64) bitmap { return make(bitmap, (pages+63)/64) }

// span gives the words that hold pages [page, page+n), n >= 1, and which bits of
// the first and of the last of them belong to it.
func span(page, n uint64) (first, last, lo, hi uint64) {
	end := page + n - 1
	first, last = page/64, end/64
	lo, hi = ^uint64(0)<<(page%64), ^uint64(0)>>(63-end%64)
	if first == last {
		lo &= hi
		hi = lo
	}
	return first, last, lo, hi
}

// set marks the n pages from page on, or clears them.
func (b bitmap) set(page, n uint64, on bool) {
	if n == 0 {
		return
	}
	first, last, lo, hi := span(page, n)
	if on {
		b[first] |= lo
		b[last] |= hi
	} else {
		b[first] &^= lo
		b[last] &^= hi
	}
	if first == last {
		return
	}
	var all uint64
	if on {
		all = ^uint64(0)
	}
	middle := b[first+1 : last]
	for w := range middle {
		middle[w] = all
	}
}

// count is how many of the n pages from page on are marked.
func (b bitmap) count(page, n uint64) uint32 {
	if n == 0 {
		return 0
	}
	first, last, lo, hi := span(page, n)
	c := bits.OnesCount64(b[first] & lo)
	if first == last {
		return uint32(c)
	}
	for _, w := range b[first+1 : last] {
		c += bits.OnesCount64(w)
	}
	return uint32(c + bits.OnesCount64(b[last]&hi))
}

// top finds among the n pages from page on the shortest interval [from, to) that
// holds the c highest marked ones. There are at least c, and c is not 0.
func (b bitmap) top(page, n uint64, c uint32) (from, to uint64) {
	first, last, lo, hi := span(page, n)
	for w := last; ; w-- {
		m := b[w]
		if w == last {
			m &= hi
		}
		if w == first {
			m &= lo
		}
		if m != 0 && to == 0 {
			to = w*64 + uint64(bits.Len64(m))
		}
		have := uint32(bits.OnesCount64(m))
		if have < c {
			c -= have
			continue
		}
		for ; have > c; have-- {
			m &= m - 1 // the lowest mark is one too many
		}
		return w*64 + uint64(bits.TrailingZeros64(m)), to
	}
}
