package plan

// bcastScatterAllgather: the vector is cut into n pieces, which are scattered by the binomial tree and then
// go around the ring. Whoever has a piece from the scatter (root has them all, inner nodes those of their subtree) is
// not sent it again, so everybody gets every piece once.
//
//	messages  n - 1 + n^2 - T, where T, the sum of the sizes of all subtrees, is n + n/2 log2 n for powers of two
//	units     (n - 1) m, and nobody sends much more than 2 m
//	rounds    at most ceil(log2 n) + n - 1
//
// Any n; lengths for m a multiple of n. For long vectors. Barnett, Gupta, Payne, Shuler, van de Geijn & Watts,
// "Interprocessor Collective Communication Library" (1994); not sending pieces twice: Zhou et al.,
// "A Bandwidth-saving Optimization for MPI Broadcast Collective Operation" (2015).
func bcastScatterAllgather(b *builder) {
	n := b.Size
	b.down(func(l link) {
		v := b.pieces(Dst, l.lo, l.hi, n)
		if l.role == parent {
			b.send(l.peer, v)
			return
		}
		b.recv(l.peer, v)
		b.end()
	})
	b.end()
	right, left := (b.Rank+1)%n, (b.Rank+n-1)%n
	lo, hi := subtree(n, b.Rank, b.Root)
	rlo, rhi := subtree(n, right, b.Root)
	for i := range n - 1 {
		if out := (b.Rank - i + n) % n; out < rlo || out >= rhi {
			b.send(right, b.pieces(Dst, out, out+1, n))
		}
		if in := (b.Rank - i - 1 + n) % n; in < lo || in >= hi {
			b.recv(left, b.pieces(Dst, in, in+1, n))
		}
		b.end()
	}
}
