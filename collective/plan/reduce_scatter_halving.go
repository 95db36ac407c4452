package plan

// reduceScatterHalving: members exchange halves of the vector of blocks, with the farthest member first: each
// sends the half that the other is in charge of and folds what it gets into its own, until only its block is left.
//
//	messages  2 e + p log2 p
//	units     (e n + n (p - 1) + e) m
//	rounds    log2 p, and 2 if e > 0
//	scratch   all blocks, but at extras
//
// where p is the largest power of two up to n, and e = n - p. Any counts. Halves must be runs of blocks, so groups that
// are folded are no runs of ranks: the operation must commute. Thakur, Rabenseifner & Gropp, "Optimization of
// Collective Communication Operations in MPICH" (2005).
func reduceScatterHalving(b *builder) {
	c := b.core()
	q, other := c.member(b.Rank)
	all, from := b.blocks(Tmp, 0, b.Size), Src
	switch {
	case other >= 0 && c.rank(q) != b.Rank:
		b.send(other, all.in(Src))
		b.end()
		b.recv(other, b.own(Dst))
		return
	case b.Size == 1:
		b.copy(b.own(Dst), b.own(Src))
		return
	case other >= 0:
		b.recvFold(other, all, all.in(Src), other < b.Rank)
		b.end()
		from = Tmp
	}
	b.tmp(all.n)
	group := func(q, mask int) span {
		lo := q &^ (mask - 1)
		return b.blocks(Tmp, c.first(lo), c.first(lo+mask))
	}
	for mask := c.members / 2; mask > 0; mask >>= 1 {
		peer := c.rank(q ^ mask)
		keep := group(q, mask)
		b.send(peer, group(q^mask, mask).in(from))
		b.recvFold(peer, keep, keep.in(from), peer < b.Rank)
		b.end()
		from = Tmp
	}
	b.copy(b.own(Dst), b.blocks(Tmp, b.Rank, b.Rank+1))
	if other >= 0 {
		b.send(other, b.blocks(Tmp, other, other+1))
	}
}
