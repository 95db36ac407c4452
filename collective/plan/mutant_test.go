package plan

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Any algorithm with any arguments.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		op := Op(rapid.IntRange(0, int(ops)-1).Draw(t, "op"))
		a := rapid.SampledFrom(algorithms(op)).Draw(t, "algorithm")
		n := rapid.IntRange(1, 40).Draw(t, "n")
		q := &problem{op: op, alg: a.name, n: n, ordered: a.ordered}
		q.root = rapid.IntRange(0, n-1).Draw(t, "root")
		q.count = rapid.IntRange(0, 3*n).Draw(t, "count")
		q.segment = rapid.IntRange(0, 10).Draw(t, "segment")
		q.inPlace = q.canInPlace() && rapid.Bool().Draw(t, "in place")
		counts := rapid.SliceOfN(rapid.IntRange(0, 5), n, n)
		switch {
		case !vector(op) && q.count > 5:
			q.count %= 5
			fallthrough
		case a.counts && rapid.Bool().Draw(t, "counts"):
			if !a.counts {
				break
			}
			if op == Alltoall {
				q.matrix = rapid.SliceOfN(counts, n, n).Draw(t, "matrix")
			} else {
				q.counts = counts.Draw(t, "counts per rank")
			}
		}
		m := &machine{eager: rapid.Bool().Draw(t, "eager"), rnd: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))}
		if err := q.solve(m); err != nil {
			t.Fatal(err)
		}
	})
}

// The tests can fail: a plan with a step left out, moved, or folded the wrong way round is always found out.
func TestMutants(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		rnd := rand.New(rand.NewPCG(4, uint64(op)))
		for range 300 {
			n := 2 + rnd.IntN(11)
			q := &problem{op: op, alg: a.name, n: n, root: rnd.IntN(n), count: n + rnd.IntN(3), segment: 3, ordered: a.ordered}
			m := &machine{}
			begin, err := q.setUp(m)
			if err != nil {
				t.Fatal(err)
			}
			r := rnd.IntN(n)
			good := m.plans[r]
			steps := slices.Clone(good.Steps)
			if len(steps) == 0 {
				continue
			}
			i := rnd.IntN(len(steps))
			s := &steps[i]
			what := "without step"
			switch kind := rnd.IntN(4); {
			case kind == 0 && a.ordered && s.ReadsFrom() && s.Kind != Copy:
				what = "folds the other way"
				swap := map[Kind]Kind{RecvFold: RecvFoldBefore, RecvFoldBefore: RecvFold, Fold: FoldBefore, FoldBefore: Fold}
				s.Kind = swap[s.Kind]
			case kind == 1 && s.Len > 0:
				what = "one unit less in step"
				s.Len--
			case kind == 2 && s.Kind != Send:
				what = "another place in step"
				s.Off++
			default:
				if i > 0 && s.End {
					steps[i-1].End = true
				}
				steps = slices.Delete(steps, i, i+1)
			}
			m.plans[r].Steps = steps
			if m.run() == nil && q.check(m, begin) == nil {
				t.Fatalf("%v: nobody minds that rank %d %s %v\n%v", q, r, what, good.Steps[i], good)
			}
		}
	})
}
