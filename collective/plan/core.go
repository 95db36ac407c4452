package plan

// A core is the largest power of two of a communicator's ranks, for algorithms that need one. The first
// ranks come in pairs of neighbours, of whom one, the extra, hands its part to the other
// and waits for the result; the rest are members by themselves. So the member q stands for one or two ranks
// in a row, and members stand for all ranks in rank order.
//
// Rabenseifner & Traff, "More Efficient Reduction Algorithms for Non-Power-of-Two Number of Processors in
// Message-Passing Parallel Systems" (2004), is where the pairs are from; MPICH pairs in the same way.
type core struct {
	size    int // ranks
	members int // power of two
	root    int // its own member if it is in a pair, then the other is the extra; or -1
}

func (b *builder) core() core {
	p := top(b.Size)
	if 2*p == b.Size || p == 0 {
		p = b.Size
	}
	return core{b.Size, p, b.Root}
}

// first returns the lowest rank that q stands for; first(q+1) is the end.
func (c core) first(q int) int { return q + min(q, c.size-c.members) }

// rank returns who is member q.
func (c core) rank(q int) int {
	if c.root >= c.first(q) && c.root < c.first(q+1) {
		return c.root
	}
	return c.first(q)
}

// member returns which member stands for rank, and the other rank of the pair, or -1. If rank itself is not the
// member, it is the extra.
func (c core) member(rank int) (q, other int) {
	pairs := c.size - c.members
	if rank < 2*pairs {
		return rank / 2, rank ^ 1
	}
	return rank - pairs, -1
}
