package plan

// The binomial tree of all rooted algorithms. At level mask (a power of two), ranks form aligned groups of
// mask neighbours; each group has a holder: root if it is a member, else the lowest. Going up a level, two
// groups become one, and the holder that stays is the parent of the one that doesn't.
//
// The textbook's tree is that of ranks relative to root. It is as deep, but its groups wrap around the
// end, so folds leave the rank order and gathered blocks must be rotated. Here a
// group is always a run of neighbours, and which groups are joined doesn't depend on root.

// holder returns who holds the group of mask ranks that begins at lo.
func holder(lo, mask, root int) int {
	if root >= lo && root-lo < mask {
		return root
	}
	return lo
}

// A role is what a rank is to its peer at one level of the tree.
type role uint8

const (
	idle   role = iota // it holds nothing at this level, or there is no other group
	parent             // of the peer, which holds the blocks lo <= i < hi
	child              // of the peer; it holds the blocks lo <= i < hi itself
)

// A link is one rank's part in joining two groups.
type link struct {
	role   role
	peer   int
	lo, hi int // ranks of the child's group: its whole subtree
}

// linkOf returns what rank does when groups of mask become groups of 2 mask.
func linkOf(size, rank, root, mask int) link {
	lo := rank &^ (mask - 1)
	other := lo ^ mask
	if other >= size || holder(lo, mask, root) != rank {
		return link{}
	}
	peer := holder(other, mask, root)
	if holder(min(lo, other), 2*mask, root) == rank {
		return link{parent, peer, other, min(other+mask, size)}
	}
	return link{child, peer, lo, min(lo+mask, size)}
}

// subtree returns the ranks lo <= i < hi that are in rank's subtree, itself included.
func subtree(size, rank, root int) (lo, hi int) {
	for mask := 1; mask < size; mask <<= 1 {
		if l := linkOf(size, rank, root, mask); l.role == child {
			return l.lo, l.hi
		}
	}
	return 0, size
}

// top returns the mask of the tree's last level: the largest power of two below size, or 0 for one rank.
func top(size int) int {
	mask := 1
	for mask < size {
		mask <<= 1
	}
	return mask >> 1
}

// up calls do at every level where the rank has a part, lowest first.
func (b *builder) up(do func(link)) {
	for mask := 1; mask < b.Size; mask <<= 1 {
		if l := linkOf(b.Size, b.Rank, b.Root, mask); l.role != idle {
			do(l)
		}
	}
}

// down calls do at every level where the rank has a part, highest first.
func (b *builder) down(do func(link)) {
	for mask := top(b.Size); mask > 0; mask >>= 1 {
		if l := linkOf(b.Size, b.Rank, b.Root, mask); l.role != idle {
			do(l)
		}
	}
}
