package plan

// scanDoubling: in round k a rank has folded the 2^k ranks that end with it, sends that to the rank 2^k above, if there is
// one, and folds what comes from 2^k below in front of it.
//
//	messages  n L - (2^L - 1), of m units, where L = ceil(log2 n)
//	rounds    L
//	scratch   m, but at rank 0
//
// Any n, in rank order. Hillis & Steele, "Data Parallel Algorithms" (1986).
func scanDoubling(b *builder) {
	n, r := b.Size, b.Rank
	dst := b.vector(Dst)
	b.copy(dst, b.vector(Src))
	b.end()
	var in span
	if r > 0 {
		in = b.tmp(b.Count)
	}
	for d := 1; d < n; d <<= 1 {
		if r+d < n {
			b.send(r+d, dst)
		}
		if r >= d {
			b.recv(r-d, in)
			b.end()
			b.fold(dst, in, true)
		}
		b.end()
	}
}
