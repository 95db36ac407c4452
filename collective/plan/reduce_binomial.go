package plan

// reduceBinomial: up the binomial tree, a parent folds what its children send, from groups of neighbours
// that grow. As a group is always a run of ranks, the order of ranks is kept for any root, and which groups are folded with
// which doesn't depend on root.
//
//	messages  n - 1, of m units
//	rounds    ceil(log2 n)
//	scratch   m, at ranks that are neither root nor leaves
//
// Any n, in rank order. For short vectors: root folds ceil(log2 n) times m. The tree by ranks relative to root that is
// common needs an operation that commutes, or a reduction to rank 0 and one more message (MPICH).
// Thakur, Rabenseifner & Gropp, "Optimization of Collective Communication Operations in MPICH" (2005).
func reduceBinomial(b *builder) {
	at := b.vector(Src)
	acc := b.vector(Dst)
	b.up(func(l link) {
		if l.role == child {
			b.send(l.peer, at)
			return
		}
		if at.buf == Src && b.Rank != b.Root {
			acc = b.tmp(b.Count)
		}
		b.recvFold(l.peer, acc, at, l.peer < b.Rank)
		b.end()
		at = acc
	})
	if b.Size == 1 {
		b.copy(acc, at)
	}
}
