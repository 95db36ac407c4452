package plan

// allgatherBruck: a rank that has the 2^k blocks from its own upwards, around the end, gets as many more from the rank
// 2^k above, and the rest in the last round. They are collected in scratch in that order and put into place at the
// end; rank 0 has them in place from the start.
//
//	messages  n ceil(log2 n)
//	units     n (n - 1) m, the least that is possible
//	rounds    ceil(log2 n), the fewest possible
//	scratch   all blocks, but at rank 0
//
// Any n and counts. For small blocks. Bruck, Ho, Kipnis, Upfal & Weathersby, "Efficient Algorithms for All-to-All
// Communications in Multiport Message-Passing Systems" (1997).
func allgatherBruck(b *builder) {
	n, r := b.Size, b.Rank
	all := b.blocks(Dst, 0, n).n
	acc := span{Dst, 0, all}
	if r > 0 {
		acc = b.tmp(all)
	}
	// place returns the blocks lo <= i < hi, counted from the own one upwards, around the end.
	after := func(i int) int { // units of the first i blocks
		if r+i <= n {
			return b.offset(r+i) - b.offset(r)
		}
		return all - b.offset(r) + b.offset(r+i-n)
	}
	place := func(lo, hi int) span { return span{acc.buf, acc.off + after(lo), after(hi) - after(lo)} }
	b.copy(place(0, 1), b.own(Src))
	b.end()
	for d := 1; d < n; d <<= 1 {
		k := min(d, n-d)
		b.send((r-d+n)%n, place(0, k))
		b.recv((r+d)%n, place(d, d+k))
		b.end()
	}
	if r > 0 {
		b.copy(b.blocks(Dst, r, n), place(0, n-r))
		b.copy(b.blocks(Dst, 0, r), place(n-r, n))
	}
}
