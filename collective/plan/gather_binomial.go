package plan

// gatherBinomial: up the binomial tree, a node gets the blocks of its children's subtrees and sends them on with its own.
// A subtree is a run of ranks for any root, so blocks are always in place and nothing is rotated.
//
//	messages  n - 1
//	units     m times the sizes of all subtrees but root's: m n/2 log2 n for powers of two
//	rounds    ceil(log2 n)
//	scratch   the subtree's blocks, at ranks that are neither root nor leaves
//
// Any n and counts. For small blocks: a block is sent up to log2 n times. Thakur, Rabenseifner & Gropp, "Optimization
// of Collective Communication Operations in MPICH" (2005).
func gatherBinomial(b *builder) {
	lo, hi := subtree(b.Size, b.Rank, b.Root)
	own := b.own(Src)
	place := func(lo, hi int) span { return b.blocks(Dst, lo, hi) }
	switch {
	case b.Rank == b.Root:
		b.copy(place(b.Rank, b.Rank+1), own)
	case hi-lo > 1:
		t, base := b.tmp(b.blocks(Tmp, lo, hi).n), b.offset(lo)
		place = func(lo, hi int) span {
			s := b.blocks(Tmp, lo, hi)
			return s.at(Tmp, t.off+s.off-base)
		}
		b.copy(place(b.Rank, b.Rank+1), own)
	default:
		place = func(int, int) span { return own }
	}
	b.up(func(l link) {
		if l.role == parent {
			b.recv(l.peer, place(l.lo, l.hi))
			return
		}
		b.end()
		b.send(l.peer, place(l.lo, l.hi))
	})
}
