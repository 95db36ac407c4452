package plan

// allgatherDoubling: in round k, members at a distance of 2^k exchange all blocks that they have, which are those
// of a run of ranks.
//
//	messages  2 e + p log2 p
//	units     (n (p - 1) + e + e n) m
//	rounds    log2 p, and 2 if e > 0
//
// where p is the largest power of two up to n, and e = n - p. Any counts. For small blocks and n a power of
// two; for others allgatherBruck has fewer rounds. Thakur, Rabenseifner & Gropp, "Optimization of Collective
// Communication Operations in MPICH" (2005).
func allgatherDoubling(b *builder) {
	c := b.core()
	q, other := c.member(b.Rank)
	if other >= 0 && c.rank(q) != b.Rank {
		b.send(other, b.own(Src))
		b.end()
		b.recv(other, b.blocks(Dst, 0, b.Size))
		return
	}
	b.copy(b.blocks(Dst, b.Rank, b.Rank+1), b.own(Src))
	if other >= 0 {
		b.recv(other, b.blocks(Dst, other, other+1))
	}
	b.end()
	group := func(q, mask int) span {
		lo := q &^ (mask - 1)
		return b.blocks(Dst, c.first(lo), c.first(lo+mask))
	}
	for mask := 1; mask < c.members; mask <<= 1 {
		peer := c.rank(q ^ mask)
		b.send(peer, group(q, mask))
		b.recv(peer, group(q^mask, mask))
		b.end()
	}
	if other >= 0 {
		b.send(other, b.blocks(Dst, 0, b.Size))
	}
}
