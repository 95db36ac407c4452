package plan

// scatterBinomial: down the binomial tree, a node gets its subtree's blocks and sends each child those of the child's
// subtree, the largest first. It is gatherBinomial backwards.
//
//	messages  n - 1
//	units     m times the sizes of all subtrees but root's: m n/2 log2 n for powers of two
//	rounds    ceil(log2 n)
//	scratch   the subtree's blocks, at ranks that are neither root nor leaves
//
// Any n and counts. For small blocks. Thakur, Rabenseifner & Gropp, "Optimization of Collective Communication
// Operations in MPICH" (2005).
func scatterBinomial(b *builder) {
	lo, hi := subtree(b.Size, b.Rank, b.Root)
	own := b.own(Dst)
	place := func(lo, hi int) span { return b.blocks(Src, lo, hi) }
	if b.Rank != b.Root {
		t, base := own, b.offset(lo)
		if hi-lo > 1 {
			t = b.tmp(b.blocks(Tmp, lo, hi).n)
		}
		place = func(lo, hi int) span {
			s := b.blocks(t.buf, lo, hi)
			return s.at(t.buf, t.off+s.off-base)
		}
	}
	b.down(func(l link) {
		if l.role == parent {
			b.send(l.peer, place(l.lo, l.hi))
			return
		}
		b.recv(l.peer, place(l.lo, l.hi))
		b.end()
	})
	if b.Rank == b.Root || hi-lo > 1 {
		b.copy(own, place(b.Rank, b.Rank+1))
	}
}
