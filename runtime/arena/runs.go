package arena

import "slices"

// runs is the page-run allocator behind a Heap: best fit with immediate
// coalescing. It is private Go data of the owner and never looks into the
// region, so nothing that happens there can mislead it.
//
// The pages of the region are cut into runs, used or free. Every run is a node
// in a list ordered by address, so its neighbours are found in O(1) when it is
// freed, without a map; two free runs are never neighbours. Free runs are also
// in a tree ordered by length (tree.go). Nodes are slots of one slice, named by
// index (0 = none) and recycled: in a steady state nothing is allocated.
//
// A request takes the low end of the shortest run that is long enough, and of
// equally long ones the lowest: small blocks gather in small gaps and at low
// addresses, and the long runs stay whole.
//
// Cost: alloc and free O(log n) for n runs, plus one pass over the warm bits of
// the block, a word for each 256 KiB.
//
// Rejected: a buddy allocator, which is simpler and rounds 1 MiB + 1 page up to
// 2 MiB; for blocks that are mostly large that is half of the memory.
type runs struct {
	node  []run
	spare []int32 // slots not in use
	root  int32   // tree of free runs
	head  int32   // run with the lowest address

	free    uint64 // free pages
	warm    bitmap // pages that are free and may be backed by memory
	warmBig uint64 // warm pages in free runs of at least bigRun pages
}

type run struct {
	page, pages uint32 // where and how long, in pages
	warm        uint32 // free runs: how many of its pages are warm
	free        bool
	prev, next  int32 // neighbours by address
	left, right int32 // free runs: children in the tree
}

// bigRun is the length in pages from which a free run may be given back to the
// system: 1 MiB. Shorter holes would cost a system call and later page faults
// for little memory.
const bigRun = 1 << 20 / PageSize

// newRuns manages the given pages, all free and none of them backed by memory.
func newRuns(page, pages uint32) *runs {
	r := &runs{node: make([]run, 1, 64), warm: newBitmap(uint64(page) + uint64(pages))}
	i := r.slot()
	r.node[i] = run{page: page, pages: pages, free: true}
	r.head = i
	r.free = uint64(pages)
	r.insert(i)
	return r
}

// slot gives an unused slot. It may move r.node: hold no pointers across it.
func (r *runs) slot() int32 {
	if n := len(r.spare); n > 0 {
		i := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return i
	}
	r.node = append(r.node, run{})
	r.spare = slices.Grow(r.spare, len(r.node)) // so that giving slots back never allocates
	return int32(len(r.node) - 1)
}

// alloc takes n >= 1 pages and returns their run, or 0 when no free run is long
// enough.
func (r *runs) alloc(n uint32) int32 {
	i := r.fit(n)
	if i == 0 {
		return 0
	}
	r.remove(i)
	if have := r.node[i].pages; have > n {
		rest := r.slot()
		a, b := &r.node[i], &r.node[rest]
		taken := r.warm.count(uint64(a.page), uint64(n))
		*b = run{page: a.page + n, pages: have - n, warm: a.warm - taken, free: true, prev: i, next: a.next}
		if b.next != 0 {
			r.node[b.next].prev = rest
		}
		a.pages, a.warm, a.next = n, taken, rest
		r.insert(rest)
	}
	a := &r.node[i]
	if a.warm > 0 {
		r.warm.set(uint64(a.page), uint64(n), false)
	}
	a.free, a.warm = false, 0
	r.free -= uint64(n)
	return i
}

// release frees run i, all of whose pages count as backed by memory from now on,
// and joins it with its free neighbours.
func (r *runs) release(i int32) {
	a := &r.node[i]
	r.warm.set(uint64(a.page), uint64(a.pages), true)
	a.free, a.warm = true, a.pages
	r.free += uint64(a.pages)
	if p := a.prev; p != 0 && r.node[p].free {
		r.remove(p)
		r.join(p, i)
		i = p
	}
	if n := r.node[i].next; n != 0 && r.node[n].free {
		r.remove(n)
		r.join(i, n)
	}
	r.insert(i)
}

// join lengthens run i by its successor j and drops the node of j. Neither is in
// the tree.
func (r *runs) join(i, j int32) {
	a, b := &r.node[i], &r.node[j]
	a.pages += b.pages
	a.warm += b.warm
	a.next = b.next
	if b.next != 0 {
		r.node[b.next].prev = i
	}
	*b = run{}
	r.spare = append(r.spare, j)
}
