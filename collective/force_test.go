package collective

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// forced runs do for every algorithm that package plan has, with the variable that asks for it.
func forced(t *testing.T, do func(t *testing.T, op plan.Op, alg string)) {
	for op := plan.Barrier; op <= plan.Exscan; op++ {
		for _, alg := range plan.Algorithms(op) {
			name := op.String() + ":" + alg
			t.Run(name, func(t *testing.T) {
				t.Setenv(tune.Variable, name)
				do(t, op, alg)
			})
		}
	}
}

// The same program gives the same answers by every algorithm.
func TestForced(t *testing.T) {
	worlds := []int{1, 2, 4, 7}
	switch {
	case os.Getenv("GOLAUNCH_LONG") != "":
		worlds = []int{1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17}
	case invariants.Enabled || testing.Short():
		worlds = []int{2, 5}
	}
	forced(t, func(t *testing.T, op plan.Op, alg string) {
		for _, n := range worlds {
			mpitest.Run(t, n, func(c *mpi.Comm) error { return variety(c, op, alg) })
		}
	})
}

func TestForcedProcesses(t *testing.T) {
	for _, force := range []string{
		"", "bcast:scatter-allgather,reduce:rabenseifner,allreduce:rabenseifner,allgather:bruck",
		"bcast:chain,allreduce:ring,gather:binomial,scatter:binomial,allgather:doubling,alltoall:bruck,reduce_scatter:halving,scan:doubling",
	} {
		t.Run(force, func(t *testing.T) {
			if force != "" {
				t.Setenv(tune.Variable, force)
			}
			mpitest.RunProcesses(t, 3, func(c *mpi.Comm) error { return variety(c, 0, "") })
		})
	}
}

// On several nodes the table chooses plans, too.
func TestNodesByTable(t *testing.T) {
	for _, p := range []string{"3x1", "5x1"} {
		mpitest.RunTopo(t, p, func(c *mpi.Comm) error {
			if err := variety(c, 0, "", 30000); err != nil {
				return err
			}
			var names []string
			for _, s := range stateOf(c).schedules.kept {
				names = append(names, s.op.String()+":"+s.alg)
			}
			for _, want := range []string{"allreduce:doubling", "allreduce:rabenseifner", "bcast:binomial", "bcast:scatter-allgather", "gather:linear"} {
				if !slices.Contains(names, want) {
					return fmt.Errorf("%s: no %s among %v", p, want, names)
				}
			}
			return nil
		})
	}
}

type pair [2]uint32

// after is associative and does not commute.
func (a pair) after(b pair) pair { return pair{a[0] * b[0], a[1]*b[0] + b[1]} }

// variety calls everything, with all roots, and lengths that don't divide well, against what it means. It checks that op was done
// by alg, unless that is "".
func variety(c *mpi.Comm, op plan.Op, alg string, more ...int) error {
	n, me := c.Size(), c.Rank()
	number := func(rank, i int) int64 { return int64(rank*1009+i*i*13) - 500 }
	affine := func(rank, i int) pair { return pair{uint32(2*rank + 3), uint32(i ^ rank)} }
	for _, k := range append([]int{1, 3, 100, 4099}, more...) {
		all, sum, total := make([]int64, n*k), make([]int64, k), make([]pair, k)
		for i := range k {
			total[i] = affine(0, i)
			for r := range n {
				all[r*k+i] = number(r, i)
				sum[i] += number(r, i)
				if r > 0 {
					total[i] = total[i].after(affine(r, i))
				}
			}
		}
		mine, pairs := all[me*k:(me+1)*k], make([]pair, k)
		for i := range pairs {
			pairs[i] = affine(me, i)
		}
		same := func(what string, err error, got, want []int64) error {
			if err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("rank %d of %d: %s of %d elements: wrong", me, n, what, k)
			}
			return err
		}
		for root := range n {
			if k > 1000 && root%3 != 1 {
				continue
			}
			what := fmt.Sprintf("root %d: ", root)
			x := make([]int64, k)
			if me == root {
				copy(x, mine)
			}
			err := same(what+"Bcast", Bcast(c, x, root), x, all[root*k:(root+1)*k])
			x, y := slices.Clone(mine), make([]pair, k)
			long := make([]int64, n*k)
			if me == root {
				err = errors.Join(err,
					same(what+"Reduce", Reduce(c, x, mine, Sum, root), x, sum),
					same(what+"Gather", Gather(c, long, mine, root), long, all),
					same(what+"Scatter", Scatter(c, x, all, root), x, mine))
				x, long = slices.Clone(mine), make([]int64, n*k)
				own := long[me*k : (me+1)*k]
				copy(own, mine)
				err = errors.Join(err,
					same(what+"Reduce in place", Reduce(c, x, x, Sum, root), x, sum),
					same(what+"Gather in place", Gather(c, long, own, root), long, all),
					same(what+"Scatter in place", Scatter(c, own, long, root), own, mine),
					ReduceFunc(c, y, pairs, pair.after, root))
				if !slices.Equal(y, total) {
					err = errors.Join(err, fmt.Errorf("%sReduceFunc: out of order", what))
				}
			} else {
				for range 2 {
					err = errors.Join(err, Reduce(c, nil, mine, Sum, root), Gather(c, nil, mine, root),
						same(what+"Scatter", Scatter(c, x, nil, root), x, mine))
				}
				err = errors.Join(err, ReduceFunc(c, nil, pairs, pair.after, root))
			}
			if err != nil {
				return err
			}
		}
		x, long := make([]int64, k), make([]int64, n*k)
		err := errors.Join(Barrier(c), same("Allreduce", Allreduce(c, x, mine, Sum), x, sum),
			same("Allgather", Allgather(c, long, mine), long, all))
		x, long = slices.Clone(mine), make([]int64, n*k)
		own := long[me*k : (me+1)*k]
		copy(own, mine)
		if err := errors.Join(err, varietyOfPieces(c, k, number, affine)); err != nil {
			return err
		}
		err = errors.Join(err, same("Allreduce in place", Allreduce(c, x, x, Sum), x, sum),
			same("Allgather in place", Allgather(c, long, own), long, all),
			AllreduceFunc(c, pairs, pairs, pair.after))
		if !slices.Equal(pairs, total) {
			err = errors.Join(err, errors.New("AllreduceFunc: out of order"))
		}
		if err != nil {
			return err
		}
	}
	if alg == "" || n == 1 {
		return nil
	}
	for _, s := range stateOf(c).schedules.kept {
		if s.op == op && s.alg == alg {
			return nil
		}
	}
	return errors.New("the algorithm that was asked for was not used")
}

// varietyOfPieces is variety for operations with a piece for each pair of ranks, and scans.
func varietyOfPieces(c *mpi.Comm, k int, number func(rank, i int) int64, affine func(rank, i int) pair) error {
	n, me := c.Size(), c.Rank()
	src, pieces, swapped := make([]int64, n*k), make([]pair, n*k), make([]int64, n*k)
	for i := range src {
		src[i], pieces[i] = number(me, i), affine(me, i)
		swapped[i] = number(i/k, me*k+i%k)
	}
	sum, total := make([]int64, k), make([]pair, k)
	upTo, below := make([]pair, k), make([]pair, k)
	for i := range k {
		total[i] = affine(0, me*k+i)
		for r := range n {
			sum[i] += number(r, me*k+i)
			if r > 0 {
				total[i] = total[i].after(affine(r, me*k+i))
			}
		}
		upTo[i] = affine(0, i)
		for r := 1; r <= me; r++ {
			below[i], upTo[i] = upTo[i], upTo[i].after(affine(r, i))
		}
	}
	dst, dstPairs := make([]int64, n*k), make([]pair, k)
	own := slices.Clone(src)
	check := func(what string, err error, right bool) error {
		if err == nil && !right {
			err = fmt.Errorf("rank %d of %d: %s of %d elements: wrong", me, n, what, k)
		}
		return err
	}
	err := Alltoall(c, dst, src)
	err = errors.Join(err, check("Alltoall", err, slices.Equal(dst, swapped)))
	err = errors.Join(err, Alltoall(c, own, own))
	err = errors.Join(err, check("Alltoall in place", err, slices.Equal(own, swapped)))
	err = errors.Join(err, ReduceScatterBlock(c, dst[:k], src, Sum))
	err = errors.Join(err, check("ReduceScatterBlock", err, slices.Equal(dst[:k], sum)))
	copy(own, src)
	mine := own[me*k : (me+1)*k]
	err = errors.Join(err, ReduceScatterBlock(c, mine, own, Sum))
	err = errors.Join(err, check("ReduceScatterBlock in place", err, slices.Equal(mine, sum)))
	err = errors.Join(err, ReduceScatterBlockFunc(c, dstPairs, pieces, pair.after))
	err = errors.Join(err, check("ReduceScatterBlockFunc", err, slices.Equal(dstPairs, total)))
	pairs := make([]pair, k)
	for i := range pairs {
		pairs[i] = affine(me, i)
	}
	err = errors.Join(err, ScanFunc(c, dstPairs, pairs, pair.after))
	err = errors.Join(err, check("ScanFunc", err, slices.Equal(dstPairs, upTo)))
	err = errors.Join(err, ExscanFunc(c, dstPairs, pairs, pair.after))
	err = errors.Join(err, check("ExscanFunc", err, me == 0 || slices.Equal(dstPairs, below)))
	again := slices.Clone(pairs)
	err = errors.Join(err, ScanFunc(c, again, again, pair.after))
	err = errors.Join(err, check("ScanFunc in place", err, slices.Equal(again, upTo)))
	copy(again, pairs)
	err = errors.Join(err, ExscanFunc(c, again, again, pair.after))
	return errors.Join(err, check("ExscanFunc in place", err, me == 0 || slices.Equal(again, below)))
}

// A plan is run again without allocating.
func TestForcedAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	forced(t, func(t *testing.T, op plan.Op, alg string) {
		mpitest.Run(t, 3, func(c *mpi.Comm) error {
			for _, k := range []int{1, 3000} {
				x, y, long, longer := make([]float64, k), make([]float64, k), make([]float64, 3*k), make([]float64, 3*k)
				step := func() {
					switch op {
					case plan.Barrier:
						Barrier(c)
					case plan.Bcast:
						Bcast(c, x, 1)
					case plan.Reduce:
						Reduce(c, x, y, Sum, 1)
					case plan.Allreduce:
						Allreduce(c, x, y, Sum)
						Allreduce(c, x, x, Sum)
					case plan.Gather:
						Gather(c, long, x, 1)
					case plan.Scatter:
						Scatter(c, x, long, 1)
					case plan.Allgather:
						Allgather(c, long, x)
					case plan.Alltoall:
						Alltoall(c, long, longer)
						Alltoall(c, long, long)
					case plan.ReduceScatter:
						ReduceScatterBlock(c, x, long, Sum)
						ReduceScatterBlock(c, long[c.Rank()*k:(c.Rank()+1)*k], long, Sum)
					case plan.Scan:
						Scan(c, x, y, Sum)
					case plan.Exscan:
						Exscan(c, x, y, Sum)
					}
					Barrier(c) // else a rank could be far ahead, and its messages need memory
				}
				for range 100 {
					step()
				}
				got := 1e9
				for range 3 {
					got = min(got, testing.AllocsPerRun(50, step))
				}
				if got > 0 {
					return fmt.Errorf("%d elements: %v allocations", k, got)
				}
			}
			return nil
		})
	})
}

// A name that doesn't exist is one sentence.
func TestForceWrong(t *testing.T) {
	t.Setenv(tune.Variable, "allreduce:rign")
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		err := Barrier(c)
		want := `GOLAUNCH_COLL: allreduce has no algorithm "rign", only `
		if wrong := (*mpi.Error)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("%v, want an *mpi.Error with %s", err, want)
		}
		return nil
	})
}

// Many roots and lengths don't keep plans without end.
func TestKept(t *testing.T) {
	t.Setenv(tune.Variable, "bcast:binomial,reduce:binomial")
	const n = 40
	mpitest.Run(t, n, func(c *mpi.Comm) error {
		s := &stateOf(c).schedules
		for round := range 3 * n {
			x := []int{c.Rank()}
			root := round % n
			if err := Bcast(c, x, root); err != nil {
				return err
			}
			if x[0] != root {
				return fmt.Errorf("%d from root %d", x[0], root)
			}
			if err := Reduce(c, x, x, Sum, root); err != nil {
				return err
			}
			if c.Rank() == root && x[0] != n*root {
				return fmt.Errorf("sum %d at root %d", x[0], root)
			}
		}
		steps := 0
		for _, k := range s.kept {
			steps += len(k.steps)
		}
		if len(s.kept) != maxKept || steps != s.steps {
			return fmt.Errorf("%d plans of %d steps are kept, %d counted", len(s.kept), steps, s.steps)
		}
		return nil
	})
}
