package plan

// allreduceDoubling: in round k, members at a distance of 2^k exchange all that they have folded so far, and both
// fold it. Groups are runs of ranks that double.
//
//	messages  2 e + p log2 p, of m units
//	rounds    log2 p, and 2 if e > 0
//	scratch   m, but at extras
//
// where p is the largest power of two up to n, and e = n - p. In rank order. The fewest rounds, so for short vectors:
// everybody sends and folds m units in each. Thakur, Rabenseifner & Gropp, "Optimization of Collective
// Communication Operations in MPICH" (2005).
func allreduceDoubling(b *builder) {
	c := b.core()
	q, other := c.member(b.Rank)
	src, dst := b.vector(Src), b.vector(Dst)
	switch {
	case other >= 0 && c.rank(q) != b.Rank:
		b.send(other, src)
		b.end()
		b.recv(other, dst)
		return
	case other >= 0:
		b.recvFold(other, dst, src, other < b.Rank)
	default:
		b.copy(dst, src)
	}
	b.end()
	if c.members > 1 {
		in := b.tmp(b.Count)
		for mask := 1; mask < c.members; mask <<= 1 {
			peer := c.rank(q ^ mask)
			b.send(peer, dst)
			b.recv(peer, in)
			b.end()
			b.fold(dst, in, peer < b.Rank)
			b.end()
		}
	}
	if other >= 0 {
		b.send(other, dst)
	}
}
