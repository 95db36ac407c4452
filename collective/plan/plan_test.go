package plan

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
)

// long asks for all roots with all counts; else from 17 ranks on each root comes with one of the counts.
var long = os.Getenv("GOLAUNCH_LONG") != ""

// brief leaves out most of the large sizes in builds with invariants, which those for the race detector are: they
// are much slower, and there is no goroutine here to race with.
const brief = invariants.Enabled

func rooted(op Op) bool { return op == Bcast || op == Reduce || op == Gather || op == Scatter }

// vector reports whether Count is the length of a whole vector, and not of a rank's block.
func vector(op Op) bool {
	return op == Bcast || op == Reduce || op == Allreduce || op == Scan || op == Exscan
}

// each runs do for every algorithm of every operation, as subtests.
func each(t *testing.T, do func(t *testing.T, op Op, a algorithm)) {
	for op := range ops {
		for _, a := range algorithms(op) {
			t.Run(op.String()+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				do(t, op, a)
			})
		}
	}
}

// Every algorithm, every number of ranks from 1 to 64, every root, several counts, in place and not: everybody gets
// what it must, and nothing waits for ever though no message is buffered.
func TestAll(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		rnd := rand.New(rand.NewPCG(1, uint64(op)))
		m := &machine{rnd: rnd}
		for n := 1; n <= 64; n++ {
			if brief && n > 9 && n%8 > 1 {
				continue
			}
			roots := 1
			if rooted(op) {
				roots = n
			}
			for root := range roots {
				for _, q := range problems(rnd, op, a, n, root) {
					m.eager = rnd.IntN(4) == 0
					if err := q.solve(m); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

// problems returns the calls to try for n and root.
func problems(rnd *rand.Rand, op Op, a algorithm, n, root int) []*problem {
	counts := []int{0, 1, 3}
	if vector(op) {
		counts = []int{0, 1, n / 2, n + 1, 2 * n}
	}
	if op == Barrier {
		counts = counts[:1]
	}
	var out []*problem
	add := func(q problem) {
		q.op, q.alg, q.n, q.root, q.ordered = op, a.name, n, root, a.ordered
		if q.inPlace = q.canInPlace() && rnd.IntN(2) == 0; op == Bcast && a.name == "chain" {
			q.segment = rnd.IntN(q.count + 2)
		}
		out = append(out, &q)
	}
	for _, c := range counts {
		add(problem{count: c})
	}
	if a.counts && op == Alltoall {
		q := problem{}
		for range n {
			q.matrix = append(q.matrix, uneven(rnd, n))
		}
		add(q)
	} else if a.counts {
		for range 2 {
			add(problem{counts: uneven(rnd, n)})
		}
	}
	if rooted(op) && n > 16 && !long {
		i := rnd.IntN(len(out))
		out = out[i : i+1]
	}
	return out
}

// Larger communicators, near powers of two and not.
func TestHundreds(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		rnd := rand.New(rand.NewPCG(2, uint64(op)))
		for _, n := range []int{100, 127, 128, 129, 200} {
			if brief && n > 100 {
				continue
			}
			for _, q := range problems(rnd, op, a, n, rnd.IntN(n)) {
				if q.count > 1 && !vector(op) {
					continue
				}
				if err := q.solve(&machine{rnd: rnd}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Reduce gives the same bits whatever the root.
func TestReduceBits(t *testing.T) {
	for _, a := range algorithms(Reduce) {
		for n := 1; n <= 40; n++ {
			var first []val
			for root := range n {
				q := &problem{op: Reduce, alg: a.name, n: n, root: root, count: n + 1, ordered: a.ordered}
				m := &machine{}
				if err := q.solve(m); err != nil {
					t.Fatal(err)
				}
				if got := m.mem[root][Dst]; root == 0 {
					first = got
				} else if !slices.Equal(got, first) {
					t.Fatalf("%v: other bits than at root 0", q)
				}
			}
		}
	}
}

// An algorithm without the mark of rank order leaves it somewhere; else the table is too modest.
func TestOrderedIsTold(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		if a.ordered {
			return
		}
		q := &problem{op: op, alg: a.name, n: 5, count: 10}
		m := &machine{}
		if err := q.solve(m); err != nil {
			t.Fatal(err)
		}
		for r := range q.n {
			for _, v := range m.mem[r][Dst] {
				if v.hi < 0 {
					return
				}
			}
		}
		t.Fatal("all folds are in rank order")
	})
}

// Plans are kept, so they hold no more than their steps.
func TestLean(t *testing.T) {
	if s := unsafe.Sizeof(Step{}); math.MaxInt > math.MaxInt32 && s != 32 {
		t.Errorf("a step has %d bytes", s)
	}
	each(t, func(t *testing.T, op Op, a algorithm) {
		for _, n := range []int{1, 2, 7, 64} {
			p, err := For(op, a.name, Args{Size: n, Rank: n / 2, Count: 3 * n, Segment: 2})
			if err != nil {
				t.Fatal(err)
			}
			if cap(p.Steps) > len(p.Steps)+len(p.Steps)/4+2 {
				t.Errorf("%d ranks: room for %d steps, %d used", n, cap(p.Steps), len(p.Steps))
			}
		}
	})
}

func TestArgs(t *testing.T) {
	beyond := uint32(math.MaxInt32) + 1
	for _, c := range []struct {
		op   Op
		alg  string
		args Args
		want error
	}{
		{ops, "ring", Args{Size: 1}, ErrUnknown},
		{Barrier, "", Args{Size: 1}, ErrUnknown},
		{Bcast, "dissemination", Args{Size: 1}, ErrUnknown},
		{Barrier, "dissemination", Args{}, ErrArgs},
		{Barrier, "dissemination", Args{Size: int(beyond)}, ErrArgs},
		{Barrier, "dissemination", Args{Size: 2, Rank: 2}, ErrArgs},
		{Barrier, "dissemination", Args{Size: 2, Rank: -1}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Root: 2}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Root: -1}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Count: -1}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Count: math.MaxInt}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Segment: -1}, ErrArgs},
		{Bcast, "binomial", Args{Size: 2, Counts: []int{1, 1}}, ErrUnfit},
		{Bcast, "binomial", Args{Size: 2, Count: 1, Ordered: true}, nil},
		{Barrier, "dissemination", Args{Size: 2, Root: 7}, nil},
	} {
		if _, err := For(c.op, c.alg, c.args); !errors.Is(err, c.want) {
			t.Errorf("%v %q %+v: %v, want %v", c.op, c.alg, c.args, err, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for op := range ops {
		for _, name := range Algorithms(op) {
			a, ok := find(op, name)
			if !ok || Ordered(op, name) != a.ordered || TakesCounts(op, name) != a.counts {
				t.Errorf("%v by %q: names and table differ", op, name)
			}
		}
	}
	if Algorithms(ops) != nil || Ordered(Bcast, "none") || TakesCounts(Bcast, "none") {
		t.Error("something is known of what doesn't exist")
	}
}

func TestString(t *testing.T) {
	p, err := For(Bcast, "binomial", Args{Size: 4, Rank: 2, Count: 5})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.String(), "recv 0 dst[0:5]\nsend 3 dst[0:5]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
