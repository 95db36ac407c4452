package plan

// alltoallBruck: a block that must go j ranks up, around the end, goes in as many hops as j has bits: in round k
// every rank sends the one 2^k above it all blocks that have bit k in their way, in one message, and gets as
// many from the one below. Blocks keep their place j in scratch on the way, and go to Dst in the last hop.
//
//	messages  n ceil(log2 n)
//	units     n m times the bits in 0 ... n-1: n m n/2 log2 n for powers of two
//	rounds    ceil(log2 n), the fewest possible
//	scratch   about 2 n m
//	copies    about 2 n steps
//
// Any n, blocks of one length. For small blocks: each is sent, packed and unpacked up to log2 n times. Bruck, Ho,
// Kipnis, Upfal & Weathersby, "Efficient Algorithms for All-to-All Communications in Multiport Message-Passing
// Systems" (1997); straight to the place in the last hop: Fan et al., "Optimizing the Bruck Algorithm for
// Non-uniform All-to-all Communication" (2022).
func alltoallBruck(b *builder) {
	n, r, m := b.Size, b.Rank, b.Count
	way := func(j int) span { return span{Tmp, j * m, m} } // where the block with j to go, or gone, is
	b.copy(b.blocks(Dst, r, r+1), b.blocks(Src, r, r+1))
	if n == 1 {
		return
	}
	b.tmp(n * m)
	b.copy(span{Tmp, m, (n - r - 1) * m}, b.blocks(Src, r+1, n))
	b.copy(span{Tmp, (n - r) * m, r * m}, b.blocks(Src, 0, r))
	b.end()

	most := 0
	for d := 1; d < n; d <<= 1 {
		most = max(most, withBit(n, d))
	}
	pack, unpack := b.tmp(most*m), b.tmp(most*m)
	for d := 1; d < n; d <<= 1 {
		at := 0
		for j := d; j < n; j = next(j, d) {
			b.copy(span{Tmp, pack.off + at, m}, way(j))
			at += m
		}
		b.end()
		b.send((r+d)%n, span{Tmp, pack.off, at})
		b.recv((r-d+n)%n, span{Tmp, unpack.off, at})
		b.end()
		at = 0
		for j := d; j < n; j = next(j, d) {
			to := way(j)
			if j < 2*d { // no higher bit: it has come all the way
				from := (r - j + n) % n
				to = b.blocks(Dst, from, from+1)
			}
			b.copy(to, span{Tmp, unpack.off + at, m})
			at += m
		}
		b.end()
	}
}

// next returns the first number above j that has bit d.
func next(j, d int) int { return (j + 1) | d }

// withBit returns how many of 0 ... n-1 have bit d.
func withBit(n, d int) int { return n/(2*d)*d + max(0, n%(2*d)-d) }
