package arena

import "github.com/golaunch/golaunch/runtime/invariants"

// Free runs ordered by (length, page): a treap over the slots of runs.node.
//
// A treap is a search tree by key and a heap by priority; with random
// priorities its expected depth is O(log n) and it needs no rebalancing code.
// Here the priority is a hash of the run's first page, so the shape of the tree
// follows from the set of free runs alone and a test can be replayed.
//
// Source: Seidel and Aragon, "Randomized Search Trees", Algorithmica 16 (1996).
// Cost: insert, remove, fit: O(log n) expected, no allocation.

// priority hashes the first page of run i (the finaliser of splitmix64).
func (r *runs) priority(i int32) uint64 {
	x := uint64(r.node[i].page) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// less orders runs by length, then by place.
func (r *runs) less(i, j int32) bool {
	a, b := &r.node[i], &r.node[j]
	return a.pages < b.pages || a.pages == b.pages && a.page < b.page
}

// insert adds free run i to the tree.
func (r *runs) insert(i int32) {
	at, prio := &r.root, r.priority(i)
	for *at != 0 && r.priority(*at) >= prio {
		if r.less(i, *at) {
			at = &r.node[*at].left
		} else {
			at = &r.node[*at].right
		}
	}
	// i comes to stand here; what hung here is split into the two sides of i.
	t, lo, hi := *at, &r.node[i].left, &r.node[i].right
	*at = i
	for t != 0 {
		if r.less(t, i) {
			*lo = t
			lo = &r.node[t].right
			t = *lo
		} else {
			*hi = t
			hi = &r.node[t].left
			t = *hi
		}
	}
	*lo, *hi = 0, 0
	if r.node[i].pages >= bigRun {
		r.warmBig += uint64(r.node[i].warm)
	}
}

// remove takes free run i out of the tree.
func (r *runs) remove(i int32) {
	at := &r.root
	for *at != i {
		invariants.Check(*at != 0, "arena: a free run is not in the tree")
		if r.less(i, *at) {
			at = &r.node[*at].left
		} else {
			at = &r.node[*at].right
		}
	}
	// Its two sides are merged and take its place.
	lo, hi := r.node[i].left, r.node[i].right
	for lo != 0 && hi != 0 {
		if r.priority(lo) >= r.priority(hi) {
			*at = lo
			at = &r.node[lo].right
			lo = *at
		} else {
			*at = hi
			at = &r.node[hi].left
			hi = *at
		}
	}
	*at = lo | hi
	r.node[i].left, r.node[i].right = 0, 0
	if r.node[i].pages >= bigRun {
		r.warmBig -= uint64(r.node[i].warm)
	}
}

// fit is the shortest free run of at least n pages, the lowest one among equals;
// 0 when there is none.
func (r *runs) fit(n uint32) int32 {
	best, t := int32(0), r.root
	for t != 0 {
		if r.node[t].pages >= n {
			best, t = t, r.node[t].left
		} else {
			t = r.node[t].right
		}
	}
	return best
}

// longest is the longest free run; 0 when nothing is free.
func (r *runs) longest() int32 {
	t := r.root
	for t != 0 && r.node[t].right != 0 {
		t = r.node[t].right
	}
	return t
}

// longestFirst calls f for the runs below t from the longest to the shortest
// until f says false. f must not change the tree.
func (r *runs) longestFirst(t int32, f func(i int32) bool) bool {
	return t == 0 ||
		r.longestFirst(r.node[t].right, f) && f(t) && r.longestFirst(r.node[t].left, f)
}
