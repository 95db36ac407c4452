package layout

import "slices"

// Pack copies the packed bytes [from, from+len(dst)) of the selection out of mem
// into dst, and returns their number: less than len(dst) only at the end of
// the data. mem holds the bytes of the user's slice, its elements have elem
// bytes. dst must not overlap mem.
//
// It panics, before any byte is moved, if mem is shorter than Extent elements, if
// from is negative or greater than the packed length, and if a Struct was made
// for another element size.
func (l Layout) Pack(dst, mem []byte, elem, from int) int {
	if l.c == nil {
		if from < 0 || from > len(mem) {
			panic(panicPackedPos)
		}
		return copy(dst, mem[from:])
	}
	return l.c.move(mem, dst, elem, from, false)
}

// Unpack copies src, the packed bytes from position from on, to their places in
// mem, and returns how many it took: less than len(src) only if src goes on
// beyond the end of the data. Only selected bytes of mem are written. Where a layout
// overlaps, the later byte of the packed order wins. It panics as Pack does.
func (l Layout) Unpack(mem []byte, elem, from int, src []byte) int {
	if l.c == nil {
		if from < 0 || from > len(mem) {
			panic(panicPackedPos)
		}
		return copy(mem[from:], src)
	}
	return l.c.move(mem, src, elem, from, true)
}

// move checks the arguments and runs the chain.
func (c *compiled) move(mem, packed []byte, elem, from int, unpack bool) int {
	n, ok := Layout{c}.Measure(len(mem), elem)
	if !ok {
		panic(panicShortMem)
	}
	if from < 0 || from > n {
		panic(panicPackedPos)
	}
	packed = packed[:min(len(packed), n-from)]
	if len(packed) == 0 {
		return 0
	}
	scale := c.scale(elem)
	m := mover{
		levels: c.levels,
		scale:  scale,
		block:  c.block * scale,
		mem:    mem[:len(mem):len(mem)], // slicing is checked against the capacity
		packed: packed,
		unpack: unpack,
	}
	m.walk(0, c.off*scale, from)
	return m.done
}

// A mover is one call of Pack or Unpack under way. It lives on the stack. All
// products below are in range: they are at most the extent or the packed length in
// bytes, which Measure has checked. (A base may end one stride beyond the last
// block, at most twice the length of mem.)
type mover struct {
	levels []level
	scale  int // bytes per unit
	block  int // bytes per run
	mem    []byte
	packed []byte
	done   int  // bytes of packed that are dealt with
	unpack bool // packed -> mem instead of mem -> packed
}

// left returns the bytes of packed still to do.
func (m *mover) left() int { return len(m.packed) - m.done }

// walk moves what levels[k:] select with their origin at byte base of mem, without
// the first skip bytes, until packed is done. skip is less than the bytes that they
// select.
func (m *mover) walk(k, base, skip int) {
	if k == len(m.levels) {
		m.run(base+skip, m.block-skip)
		return
	}
	lv := &m.levels[k]
	each := lv.each * m.scale
	i := skip / each // copies of the rest of the chain to pass over
	skip -= i * each
	switch lv.kind {
	case regular:
		stride := lv.stride * m.scale
		m.row(k, base+i*stride, stride, lv.count-i, each, skip)
	case listed:
		m.list(k, base, lv.displs[i:], skip)
	case ragged:
		stride := lv.stride * m.scale
		item, _ := slices.BinarySearch(lv.ends, i+1) // the first that ends after copy i
		for ; item < len(lv.ends) && m.left() > 0; item++ {
			first := 0
			if item > 0 {
				first = lv.ends[item-1]
			}
			j := max(0, i-first)
			m.row(k, base+lv.displs[item]*m.scale+j*stride, stride, lv.ends[item]-first-j, each, skip)
			skip = 0
		}
	}
}

// row moves n copies of what levels[k+1:] select, each bytes long and stride bytes
// apart, the first at base and without its first skip bytes.
func (m *mover) row(k, base, stride, n, each, skip int) {
	innermost := k+1 == len(m.levels)
	if innermost && stride == m.block {
		m.run(base+skip, n*m.block-skip)
		return
	}
	if skip > 0 {
		m.walk(k+1, base, skip)
		base += stride
		n--
	}
	if innermost {
		whole := min(n, m.left()/m.block)
		if whole > 0 {
			packed := m.packed[m.done : m.done+whole*m.block]
			if m.unpack {
				copyStrided(m.mem[base:], stride, packed, m.block, whole, m.block)
			} else {
				copyStrided(packed, m.block, m.mem[base:], stride, whole, m.block)
			}
			m.done += len(packed)
			base += whole * stride
			n -= whole
		}
	}
	for ; n > 0 && m.left() > 0; n-- {
		m.walk(k+1, base, 0)
		base += stride
	}
}

// list moves a copy of what levels[k+1:] select for each displacement (in units
// from base), the first without its first skip bytes.
func (m *mover) list(k, base int, displs []int, skip int) {
	if skip > 0 {
		m.walk(k+1, base+displs[0]*m.scale, skip)
		displs = displs[1:]
	}
	if k+1 == len(m.levels) {
		whole := min(len(displs), m.left()/m.block)
		packed := m.packed[m.done : m.done+whole*m.block]
		if m.unpack {
			scatter(m.mem, base, displs[:whole], m.scale, packed, m.block)
		} else {
			gather(packed, m.mem, base, displs[:whole], m.scale, m.block)
		}
		m.done += len(packed)
		displs = displs[whole:]
	}
	for ; len(displs) > 0 && m.left() > 0; displs = displs[1:] {
		m.walk(k+1, base+displs[0]*m.scale, 0)
	}
}

// run moves n bytes that lie side by side at mem[at], or as many as are left.
func (m *mover) run(at, n int) {
	n = min(n, m.left())
	if m.unpack {
		copy(m.mem[at:at+n], m.packed[m.done:])
	} else {
		copy(m.packed[m.done:m.done+n], m.mem[at:])
	}
	m.done += n
}
