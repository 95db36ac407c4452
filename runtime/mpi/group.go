package mpi

// Group is an ordered set of ranks, apart from any communicator.
type Group struct {
	ranks []int32 // of the node
}

// Size is the number of ranks.
func (g Group) Size() int { return len(g.ranks) }

// Equal says whether both have the same ranks in the same order.
func (g Group) Equal(h Group) bool {
	if len(g.ranks) != len(h.ranks) {
		return false
	}
	for i := range g.ranks {
		if g.ranks[i] != h.ranks[i] {
			return false
		}
	}
	return true
}

func (g Group) find(node int32) int {
	for i, r := range g.ranks {
		if r == node {
			return i
		}
	}
	return Undefined
}

// Translate gives the ranks in h of the given ranks of g; Undefined where h has none.
func (g Group) Translate(ranks []int, h Group) []int {
	out := make([]int, len(ranks))
	for i, r := range ranks {
		if uint(r) >= uint(len(g.ranks)) {
			panic(panicNotMember)
		}
		out[i] = h.find(g.ranks[r])
	}
	return out
}

// Incl is the given ranks of g, in that order.
func (g Group) Incl(ranks ...int) Group {
	out := make([]int32, len(ranks))
	for i, r := range ranks {
		if uint(r) >= uint(len(g.ranks)) {
			panic(panicNotMember)
		}
		out[i] = g.ranks[r]
	}
	for i, r := range out {
		for _, o := range out[:i] {
			if o == r {
				panic(panicTwice)
			}
		}
	}
	return Group{out}
}

const panicTwice = "mpi: rank is named twice"

// Excl is g without the given ranks.
func (g Group) Excl(ranks ...int) Group {
	drop := make(map[int]bool, len(ranks))
	for _, r := range ranks {
		if uint(r) >= uint(len(g.ranks)) {
			panic(panicNotMember)
		}
		drop[r] = true
	}
	var out []int32
	for i, r := range g.ranks {
		if !drop[i] {
			out = append(out, r)
		}
	}
	return Group{out}
}

// Range is the ranks first, first+stride ... up to and including last (or down to it).
func (g Group) Range(first, last, stride int) Group {
	if stride == 0 {
		panic(panicStride)
	}
	var ranks []int
	for r := first; stride > 0 && r <= last || stride < 0 && r >= last; r += stride {
		ranks = append(ranks, r)
	}
	return g.Incl(ranks...)
}

const panicStride = "mpi: stride of 0"

// Union is g, then what h has and g has not.
func (g Group) Union(h Group) Group {
	out := append([]int32(nil), g.ranks...)
	for _, r := range h.ranks {
		if g.find(r) < 0 {
			out = append(out, r)
		}
	}
	return Group{out}
}

// Intersection is what both have, in g's order.
func (g Group) Intersection(h Group) Group {
	var out []int32
	for _, r := range g.ranks {
		if h.find(r) >= 0 {
			out = append(out, r)
		}
	}
	return Group{out}
}

// Difference is what g has and h has not.
func (g Group) Difference(h Group) Group {
	var out []int32
	for _, r := range g.ranks {
		if h.find(r) < 0 {
			out = append(out, r)
		}
	}
	return Group{out}
}
