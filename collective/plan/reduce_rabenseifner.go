package plan

// reduceRabenseifner: reduce-scatter by recursive halving, then the pieces are gathered at root by a binomial tree.
// Each rank sends and folds about m units instead of the m ceil(log2 n) of reduceBinomial's root.
//
//	messages  e + p log2 p + p - 1
//	units     e m + (p - 1) m + m/2 log2 p
//	rounds    2 log2 p, and 1 if e > 0
//	scratch   m, but at root and extras
//
// where p is the largest power of two up to n, and e = n - p; lengths for m a multiple of p. In rank order.
// Rabenseifner, "Optimization of Collective Reduction Operations" (2004).
func reduceRabenseifner(b *builder) {
	c := b.core()
	acc := Tmp
	if b.Rank == b.Root {
		acc = Dst
	}
	q, _, ok := b.halve(c, acc)
	if !ok {
		return
	}
	if acc == Tmp {
		b.scratch = b.Count
	}
	root, _ := c.member(b.Root)
	for mask := c.members / 2; mask > 0; mask >>= 1 {
		peer := c.rank(q ^ mask)
		if (q^root)&mask != 0 {
			b.end()
			b.send(peer, b.shareOf(c, acc, q, 2*mask))
			return
		}
		b.recv(peer, b.shareOf(c, acc, q^mask, 2*mask))
	}
}
