package plan

// allgatherRing: every block goes around the ring; in each round a rank passes on the one that it got last.
//
//	messages  n (n - 1)
//	units     n (n - 1) m, the least that is possible
//	rounds    n - 1
//
// Any n and counts. For large blocks: neighbours talk to neighbours only. Thakur, Rabenseifner & Gropp,
// "Optimization of Collective Communication Operations in MPICH" (2005).
func allgatherRing(b *builder) {
	n := b.Size
	right, left := (b.Rank+1)%n, (b.Rank+n-1)%n
	b.copy(b.blocks(Dst, b.Rank, b.Rank+1), b.own(Src))
	b.end()
	for i := range n - 1 {
		out, in := (b.Rank-i+n)%n, (b.Rank-i-1+n)%n
		b.send(right, b.blocks(Dst, out, out+1))
		b.recv(left, b.blocks(Dst, in, in+1))
		b.end()
	}
}
