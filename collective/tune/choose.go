package tune

import (
	"math/bits"

	"github.com/golaunch/golaunch/collective/plan"
)

// A Case is what the choice depends on.
type Case struct {
	Op      plan.Op
	Bytes   int  // m of package plan: of the whole vector, or of one rank's block
	Ranks   int  // of the communicator
	Nodes   int  // they are on; 1 or less: all share memory; as many as Ranks: none do
	Lanes   int  // ranks on the node that has fewest
	Mixed   bool // the ranks of a node don't follow each other
	Ordered bool // the operation doesn't commute
	Board   bool // there is a board: shared memory for collectives
}

// A Choice is an algorithm with its particulars.
type Choice struct {
	Algorithm string
	Segments  int  // of "chain", a power of two; else 0
	Row       *Row // where it stands, nil if it was forced
}

// Choose looks c up in the table. It allocates nothing.
func Choose(c Case) Choice {
	for i := range table[c.Op] {
		if r := &table[c.Op][i]; r.fits(&c) {
			return choice(r.Algorithm, &c, r)
		}
	}
	return Choice{Algorithm: Simple}
}

// Choose is the table's choice unless f names an algorithm for c.Op that can do c.
func (f *Force) Choose(c Case) Choice {
	if alg := f[c.Op]; fits(alg, &c) {
		return choice(alg, &c, nil)
	}
	return Choose(c)
}

// Choices is everything that can do c, in the order of Algorithms. Row is nil.
func Choices(c Case) []Choice {
	var all []Choice
	for _, alg := range Algorithms(c.Op) {
		if fits(alg, &c) {
			all = append(all, choice(alg, &c, nil))
		}
	}
	return all
}

// Rows returns the table's rows for op. Don't change them.
func Rows(op plan.Op) []Row { return table[op] }

func choice(alg string, c *Case, r *Row) Choice {
	out := Choice{Algorithm: alg, Row: r}
	if c.Op == plan.Bcast && alg == "chain" {
		out.Segments = segments(c)
	}
	return out
}

// segments is how many segments of a long vector go down a chain of ranks. With messages of k bytes that take a + b k, and n
// ranks, sqrt(m (n-2) b / a) are best (see plan's bcastChain); a/b is the number of bytes that take as long as
// the rest of a message. The result is the power of two below, in integers, as all ranks must come to the same.
func segments(c *Case) int {
	fixed := 4 << 10 // inside of a node: 0.5 us at 8 GB/s
	if c.Nodes > 1 {
		fixed = 32 << 10 // 10 us at 3 GB/s
	}
	square := uint64(c.Bytes) / uint64(fixed) * uint64(max(c.Ranks-2, 1))
	return 1 << min((max(bits.Len64(square), 1)-1)/2, 12)
}
