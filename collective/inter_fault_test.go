package collective_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestInterDead calls everything on two groups while one rank is dead. Who needs what it has gets an error that names
// it, nobody waits, and the living stay in step.
func TestInterDead(t *testing.T) {
	const n, first = 5, 2
	for dead := range n {
		t.Run(fmt.Sprint(dead), func(t *testing.T) {
			ready := make(chan struct{}, n)
			err := mpi.RunLocal(n, func(world *mpi.Comm) error {
				ic, err := twoGroups(world, first)
				if err != nil {
					return err
				}
				if world.Rank() == dead {
					for range n - 1 {
						<-ready
					}
					return errDead
				}
				ready <- struct{}{}
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				if err := interDead(world, ic.Comm.WithContext(ctx), first, dead); err != nil {
					return fmt.Errorf("rank %d: %w", world.Rank(), err)
				}
				return nil
			}, mpi.WithFaults(mpi.Return))
			if want := fmt.Sprintf("rank %d: %v", dead, errDead); err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

func interDead(world, c *mpi.Comm, first, dead int) error {
	m, me := c.Peers(), c.Rank()
	remote := (world.Rank() < first) != (dead < first) // where the dead is
	number := dead                                     // in its group
	if dead >= first {
		number = world.Size() - 1 - dead
	}
	name := fmt.Sprintf("rank %d: ", number)
	if remote {
		name = fmt.Sprintf("rank %d of the remote group: ", number)
	}
	judge := func(what string, err error, must bool) error {
		switch {
		case err == nil && must:
			return fmt.Errorf("%s: no error", what)
		case err != nil && !(errors.Is(err, mpi.ErrRankFailed) && strings.Contains(err.Error(), name)):
			return fmt.Errorf("%s, %q is dead: %w", what, name, err)
		}
		return nil
	}
	for _, k := range []int{1, 40000} {
		x, long := make([]byte, k), make([]byte, k*m)
		counts := make([]int, m)
		for i := range counts {
			counts[i] = k
		}
		type step struct {
			name string
			err  error
			must bool
		}
		for _, s := range []step{
			{"Barrier", collective.Barrier(c), true},
			{"Allreduce", collective.Allreduce(c, x, make([]byte, k), collective.Sum), true},
			{"ReduceScatterBlock", collective.ReduceScatterBlock(c, make([]byte, 6/c.Size()), make([]byte, 6), collective.Sum), true},
			{"Allgather", collective.Allgather(c, long, x), remote},
			{"Alltoallv", collective.Alltoallv(c, long, counts, nil, make([]byte, k*m), counts, nil), remote},
		} {
			if err := judge(s.name, s.err, s.must); err != nil {
				return err
			}
		}
		for root := range world.Size() {
			// The ranks of the second group are turned round.
			arg, here := root, (root < first) == (world.Rank() < first)
			if root >= first {
				arg = world.Size() - 1 - root
			}
			switch {
			case world.Rank() == root:
				arg = mpi.Root
			case here:
				arg = mpi.ProcNull
			}
			atRoot, aside := arg == mpi.Root, arg == mpi.ProcNull
			rootDead := root == dead
			others := !atRoot && !aside
			for _, s := range []step{
				{"Bcast", collective.Bcast(c, x, arg), others && rootDead},
				{"Reduce", collective.Reduce(c, x, make([]byte, k), collective.Sum, arg), atRoot && remote},
				{"Gather", collective.Gather(c, long, x, arg), atRoot && remote},
				{"Scatter", collective.Scatter(c, x, long, arg), others && rootDead},
			} {
				if err := judge(fmt.Sprintf("%s of rank %d, root %d", s.name, me, root), s.err, s.must); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Groups that come with different lengths get an error that says so.
func TestInterMismatch(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		ic, err := twoGroups(world, 1)
		if err != nil {
			return err
		}
		k := 1 + world.Rank()
		err = collective.Allreduce(ic.Comm, make([]int32, k), make([]int32, k), collective.Sum)
		want := fmt.Sprintf("rank 0 of the remote group has sent %d bytes, want %d", 4*(3-k), 4*k)
		if !errors.Is(err, collective.ErrMismatch) || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("%w, want %s", err, want)
		}
		return nil
	})
}

// A function that does not commute is applied in rank order of the group.
func TestInterOrder(t *testing.T) {
	mpitest.Run(t, 8, func(world *mpi.Comm) error {
		ic, err := twoGroups(world, 3)
		if err != nil {
			return err
		}
		digits := []int{0}
		if err := collective.AllreduceFunc(ic.Comm, digits, []int{world.Rank()}, func(acc, x int) int {
			for y := x; y >= 10; y /= 10 {
				acc *= 10
			}
			return acc*10 + x
		}); err != nil {
			return err
		}
		want := 12 // 0 1 2
		if world.Rank() < 3 {
			want = 76543
		}
		if digits[0] != want {
			return fmt.Errorf("%d, want %d", digits[0], want)
		}
		return nil
	})
}

func TestInterMisuse(t *testing.T) {
	const (
		root    = "collective: root outside of the communicator"
		inter   = "collective: not on an intercommunicator"
		gather  = "collective: dst must hold one src per rank"
		scatter = "collective: src must hold one dst per rank"
		equal   = "collective: dst and src must hold one piece of the same length per rank"
		counts  = "collective: want one count, and one displacement or none, per rank"
		overlap = "collective: dst and src overlap in part"
	)
	x := make([]int, 12)
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		ic, err := twoGroups(world, 1)
		if err != nil || world.Rank() != 0 {
			return err
		}
		c := ic.Comm // of one rank, which sees two
		for _, k := range []struct {
			name, want string
			call       func()
		}{
			{"root", root, func() { collective.Bcast(c, x, 2) }},
			{"any source as root", root, func() { collective.Bcast(c, x, mpi.AnySource) }},
			{"Root in one group", root, func() { collective.Bcast(world, x, mpi.Root) }},
			{"ProcNull in one group", root, func() { collective.Gather(world, x, x[:4], mpi.ProcNull) }},
			{"Scan", inter, func() { collective.Scan(c, x, x, collective.Sum) }},
			{"Exscan", inter, func() { collective.Exscan(c, x, x, collective.Sum) }},
			{"Gather", gather, func() { collective.Gather(c, x[:3], nil, mpi.Root) }},
			{"Scatter", scatter, func() { collective.Scatter(c, nil, x[:3], mpi.Root) }},
			{"Allgather", gather, func() { collective.Allgather(c, x[:3], x[4:5]) }},
			{"Allgather in place", overlap, func() { collective.Allgather(c, x[:4], x[:2]) }},
			{"Alltoall", equal, func() { collective.Alltoall(c, x[:3], x[4:6]) }},
			{"Alltoall from an odd slice", equal, func() { collective.Alltoall(c, x[:2], x[4:7]) }},
			{"Alltoall in place", overlap, func() { collective.Alltoall(c, x, x) }},
			{"Gatherv", counts, func() { collective.Gatherv(c, x, []int{1}, nil, nil, mpi.Root) }},
			{"Allgatherv", counts, func() { collective.Allgatherv(c, x, []int{1}, nil, nil) }},
			{"Allgatherv in place", overlap, func() { collective.Allgatherv(c, x, []int{1, 2}, nil, x[1:2]) }},
			{"Alltoallv in place", overlap, func() { collective.Alltoallv(c, x, []int{1, 2}, nil, x, []int{1, 2}, nil) }},
			{"ReduceScatter", counts, func() { collective.ReduceScatter(c, x[:2], x[4:8], []int{2, 2}, collective.Sum) }},
			{"ReduceScatterBlock", scatter, func() { collective.ReduceScatterBlock(c, x[:2], x[4:8], collective.Sum) }},
		} {
			func() {
				defer func() {
					if got := recover(); got != k.want {
						t.Errorf("%s: panic %v, want %q", k.name, got, k.want)
					}
				}()
				k.call()
			}()
		}
		return nil
	})
}

func TestInterAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		ic, err := twoGroups(world, 1)
		if err != nil {
			return err
		}
		c := ic.Comm
		m := ic.RemoteSize()
		root := 0
		if world.Rank() == 0 {
			root = mpi.Root
		}
		for _, k := range []int{2, 5000} {
			a, b := make([]float64, k), make([]float64, k)
			long, out := make([]float64, k*m), make([]float64, k*m)
			step := func() {
				collective.Barrier(c)
				collective.Bcast(c, a, root)
				collective.Reduce(c, a, b, collective.Sum, root)
				collective.Allreduce(c, a, b, collective.Sum)
				collective.Gather(c, long, a, root)
				collective.Scatter(c, a, long, root)
				collective.Allgather(c, long, a)
				collective.Alltoall(c, long, out)
				collective.ReduceScatterBlock(c, a[:k/c.Size()], b, collective.Sum)
			}
			for range 50 {
				step()
			}
			got := math.Inf(1)
			for range 3 {
				got = min(got, testing.AllocsPerRun(100, step))
			}
			if got > 0 {
				return fmt.Errorf("%d elements: %v allocations a step", k, got)
			}
		}
		return nil
	})
}

// Operations that work on something else than the elements.
func TestInterWide(t *testing.T) {
	mpitest.Run(t, 5, func(world *mpi.Comm) error {
		ic, err := twoGroups(world, 2)
		if err != nil {
			return err
		}
		c, me := ic.Comm, float64(world.Rank())
		want := []float64{2 + 3 + 4, 3 + 2 + 2}
		if world.Rank() >= 2 {
			want = []float64{0 + 1, 1 + 1}
		}
		src := []float64{me, 1}
		switch {
		case world.Rank() > 2:
			src[1] = 2
		case world.Rank() == 2:
			src[1] = 3
		}
		got := make([]float64, 2)
		if err := collective.Allreduce(c, got, src, collective.SumReproducible); err != nil {
			return err
		}
		if err := differ("Allreduce", got, want); err != nil {
			return err
		}
		for group := range 2 {
			root, gets := 1, false
			if (world.Rank() >= 2) == (group == 1) {
				root = mpi.ProcNull
				if gets = ic.Rank() == 1; gets {
					root = mpi.Root
				}
			}
			got, want := []float64{-1, -1}, want
			if !gets {
				want = []float64{-1, -1}
			}
			var bring []float64
			if root >= 0 {
				bring = src
			}
			if err := collective.Reduce(c, got, bring, collective.SumReproducible, root); err != nil {
				return err
			}
			if err := differ("Reduce", got, want); err != nil {
				return err
			}
		}
		return nil
	})
}
