package plan

// allreduceRabenseifner: reduce-scatter by recursive halving, then allgather by recursive doubling, back the same way.
// It moves as little as the ring in as few rounds as recursive doubling (twice), for n a power of two; others pay for
// the extras.
//
//	messages  2 e + 2 p log2 p
//	units     2 e m + 2 (p - 1) m
//	rounds    2 log2 p, and 2 if e > 0
//
// where p is the largest power of two up to n, and e = n - p; lengths for m a multiple of p. In rank order, no scratch.
// Rabenseifner, "Optimization of Collective Reduction Operations" (2004).
func allreduceRabenseifner(b *builder) {
	c := b.core()
	q, other, ok := b.halve(c, Dst)
	if !ok {
		b.recv(other, b.vector(Dst))
		return
	}
	for mask := c.members / 2; mask > 0; mask >>= 1 {
		peer := c.rank(q ^ mask)
		b.send(peer, b.shareOf(c, Dst, q, 2*mask))
		b.recv(peer, b.shareOf(c, Dst, q^mask, 2*mask))
		b.end()
	}
	if other >= 0 {
		b.send(other, b.vector(Dst))
	}
}
