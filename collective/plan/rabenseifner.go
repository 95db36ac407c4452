package plan

// What reduce and allreduce by Rabenseifner's algorithm have in common: reduce-scatter by recursive
// halving of the vector, with the nearest member first. Distances double while vectors halve, so that a
// group that is folded is always a run of ranks, and the rank order is kept: only which piece is whose is out
// of order (bits reversed), and nobody sees that. The textbook begins with the farthest partner and needs an
// operation that commutes.

// share returns the pieces lo <= i < hi that member q is in charge of in groups of mask members.
func (c core) share(q, mask int) (lo, hi int) {
	w := c.members
	for m := 1; m < mask; m <<= 1 {
		w >>= 1
		if q&m != 0 {
			lo += w
		}
	}
	return lo, lo + w
}

// shareOf is share as a span of a vector.
func (b *builder) shareOf(c core, buf Buffer, q, mask int) span {
	lo, hi := c.share(q, mask)
	return b.pieces(buf, lo, hi, c.members)
}

// halve leaves every member with its piece of the result, in acc. Extras hand in their vector and are told ok = false.
func (b *builder) halve(c core, acc Buffer) (q, other int, ok bool) {
	q, other = c.member(b.Rank)
	from := Src
	if other >= 0 {
		if c.rank(q) != b.Rank {
			b.send(other, b.vector(Src))
			b.end()
			return q, other, false
		}
		b.recvFold(other, b.vector(acc), b.vector(Src), other < b.Rank)
		b.end()
		from = acc
	}
	for mask := 1; mask < c.members; mask <<= 1 {
		peer := c.rank(q ^ mask)
		b.send(peer, b.shareOf(c, from, q^mask, 2*mask))
		keep := b.shareOf(c, acc, q, 2*mask)
		b.recvFold(peer, keep, keep.in(from), peer < b.Rank)
		b.end()
		from = acc
	}
	if from == Src {
		b.copy(b.vector(acc), b.vector(Src))
	}
	return q, other, true
}
