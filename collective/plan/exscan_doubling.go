package plan

// exscanDoubling: scanDoubling, in which what comes from below is also folded without the own part, into Dst. Rank 0 gets
// nothing.
//
//	messages  n L - (2^L - 1), of m units, where L = ceil(log2 n)
//	rounds    L
//	scratch   up to 2 m
//
// Any n, in rank order. Hillis & Steele, "Data Parallel Algorithms" (1986). The other way, a shift by one
// rank and then a scan, has one fold per round and up to one round more.
func exscanDoubling(b *builder) {
	n, r := b.Size, b.Rank
	dst, acc := b.vector(Dst), b.vector(Src) // acc is with the own part; there is scratch for it once it is folded
	var in span
	if r > 0 && n > 1 {
		in = b.tmp(b.Count)
	}
	for d := 1; d < n; d <<= 1 {
		if r+d < n {
			b.send(r+d, acc)
		}
		if r >= d {
			b.recv(r-d, in)
			b.end()
			if r+2*d < n { // it will be sent again
				if acc.buf == Src {
					acc = b.tmp(b.Count)
					b.copy(acc, b.vector(Src))
					b.end()
				}
				b.fold(acc, in, true)
			}
			// Two groups, as in place Dst is what acc comes from.
			b.end()
			if d == 1 {
				b.copy(dst, in)
			} else {
				b.fold(dst, in, true)
			}
		}
		b.end()
	}
}
