package plan

// reduceScatterPairwise: in round i every rank sends the one i above it that one's block, and gets its own from the one i
// below, around the end. Blocks come from ranks that go down from the own to 0, and are folded in front of what
// is there; then from the last rank down, which is folded in scratch, and behind the rest at the end.
//
//	messages  n (n - 1)
//	units     n (n - 1) m, the least that is possible
//	rounds    n - 1
//	scratch   the own block, but at the last rank
//
// Any n and counts, in rank order. For large blocks. Thakur, Rabenseifner & Gropp, "Optimization of Collective
// Communication Operations in MPICH" (2005), have it for operations that commute, without the second half's scratch.
func reduceScatterPairwise(b *builder) {
	n, r := b.Size, b.Rank
	mine := b.blocks(Src, r, r+1)
	low := b.own(Dst)
	var high span
	if r < n-1 {
		high = b.tmp(mine.n)
	}
	if r == 0 {
		b.copy(low, mine)
	}
	for i := 1; i < n; i++ {
		to, from := (r+i)%n, (r-i+n)%n
		b.send(to, b.blocks(Src, to, to+1))
		switch {
		case i == 1 && r > 0:
			b.recvFold(from, low, mine, true)
		case i <= r:
			b.recvFold(from, low, low, true)
		case from == n-1:
			b.recv(from, high)
		default:
			b.recvFold(from, high, high, true)
		}
		b.end()
	}
	if r < n-1 {
		b.fold(low, high, false)
	}
}
