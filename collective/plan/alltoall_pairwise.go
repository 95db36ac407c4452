package plan

// alltoallPairwise: in round i every rank sends to the one i above it and gets from the one i below, around the end.
// So in each round everybody sends one block and gets one.
//
//	messages  n (n - 1)
//	units     n (n - 1) m, the least that is possible
//	rounds    n - 1
//
// Any n and counts. For large blocks. Thakur, Rabenseifner & Gropp, "Optimization of Collective Communication
// Operations in MPICH" (2005).
func alltoallPairwise(b *builder) {
	n, r := b.Size, b.Rank
	in := *b // the blocks that come
	in.offs = b.recvOffs
	b.copy(in.blocks(Dst, r, r+1), b.blocks(Src, r, r+1))
	for i := 1; i < n; i++ {
		to, from := (r+i)%n, (r-i+n)%n
		b.send(to, b.blocks(Src, to, to+1))
		b.recv(from, in.blocks(Dst, from, from+1))
		b.end()
	}
}
