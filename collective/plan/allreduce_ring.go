package plan

// allreduceRing: the vector is cut into n pieces. Each goes once around the ring and every rank folds its own part in;
// then the results go around. Every rank sends and receives at the same time, to and from one neighbour.
//
//	messages  2 n (n - 1), of m/n units
//	units     2 (n - 1) m, the least that is possible
//	rounds    2 (n - 1)
//
// Any n; lengths for m a multiple of n; no scratch. Not in rank order: piece i begins at rank i and goes up from
// there, so the operation must commute. For long vectors and few ranks. Patarasuk & Yuan, "Bandwidth Optimal
// All-reduce Algorithms for Clusters of Workstations" (2009).
func allreduceRing(b *builder) {
	n := b.Size
	right, left := (b.Rank+1)%n, (b.Rank+n-1)%n
	piece := func(buf Buffer, i int) span {
		i = ((i % n) + n) % n
		return b.pieces(buf, i, i+1, n)
	}
	if n == 1 {
		b.copy(b.vector(Dst), b.vector(Src))
	}
	from := Src
	for i := range n - 1 {
		b.send(right, piece(from, b.Rank-i))
		in := piece(Dst, b.Rank-i-1)
		b.recvFold(left, in, in.in(Src), true)
		b.end()
		from = Dst
	}
	for i := range n - 1 {
		b.send(right, piece(Dst, b.Rank+1-i))
		b.recv(left, piece(Dst, b.Rank-i))
		b.end()
	}
}
