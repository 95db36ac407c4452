package collective

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// ways are what the environment may ask for on several nodes.
var ways = []string{
	"",
	"barrier:leaders,bcast:leaders,reduce:leaders,allreduce:leaders,allgather:leaders",
	"bcast:slices,reduce:slices,allreduce:slices,allgather:slices",
	"barrier:simple,bcast:simple,reduce:simple,allreduce:simple,allgather:simple",
}

// placements of ranks: equal nodes, unequal ones, one node, one rank on each, and nodes whose ranks don't follow each other.
func placements() []string {
	if invariants.Enabled || testing.Short() {
		return []string{"2x3", "3+2+1", "0,1,0,1,1"}
	}
	short := []string{"2x4", "3x2", "4+2+1", "1x4", "3x1", "0,1,0,1", "0,1,2,2,1,0,1"}
	if os.Getenv("GOLAUNCH_LONG") != "" {
		short = append(short, "5x3", "1+5", "2+3+4+5", "9x2", "0,1,1,0", "0,1,2,3,3,2,1,0,1,2")
	}
	return short
}

// everyWay runs fn on all placements in all ways.
func everyWay(t *testing.T, fn func(c *mpi.Comm, way string) error) {
	for _, at := range placements() {
		for _, way := range ways {
			if way == ways[3] && os.Getenv("GOLAUNCH_LONG") == "" {
				continue
			}
			t.Run(at+"/"+way, func(t *testing.T) {
				t.Setenv(tune.Variable, way)
				mpitest.RunTopo(t, at, func(c *mpi.Comm) error { return fn(c, way) })
			})
		}
	}
}

// Every operation with every root, in place and not, with a function that doesn't commute, on the world and on
// communicators whose ranks are some of it or in another order.
func TestNodes(t *testing.T) {
	everyWay(t, func(c *mpi.Comm, way string) error {
		if err := variety(c, 0, ""); err != nil {
			return err
		}
		if err := wentBy(c, way); err != nil {
			return err
		}
		d, err := c.Split(min(c.Rank(), 1), -c.Rank())
		if err != nil {
			return err
		}
		return variety(d, 0, "")
	})
}

// wentBy checks that a way was gone: by leaders the heads have a plan for Allreduce, by slices the lanes.
func wentBy(c *mpi.Comm, way string) error {
	n := stateOf(c).nodes.Load()
	if n == nil || n == oneNode {
		if c.Nodes().NumNodes() > 1 {
			return errors.New("nobody has asked for the nodes")
		}
		return nil
	}
	if (n.team.blocking.board != nil) != (n.at.LocalSize(n.here) > 1 && way != ways[3]) {
		return fmt.Errorf("rank %d on %v: the node has a board: %v", c.Rank(), n.at, n.team.blocking.board != nil)
	}
	stacked := c.Nodes().NumNodes() < c.Size()
	for _, k := range []struct {
		name     string
		t        *team
		possible bool
	}{
		{"leaders", &n.heads[0], stacked && n.at.Leader(n.here) == c.Rank()},
		{"slices", &n.lane, n.lanes > 1 && n.isLane()},
	} {
		want := k.possible && (way == "" || way == ways[1] == (k.name == "leaders") && way != ways[3])
		if way == ways[2] && k.name == "leaders" {
			continue // for what can't be cut
		}
		got := slices.ContainsFunc(k.t.schedules.kept, func(p *schedule) bool { return p.op == plan.Allreduce })
		if got != want {
			return fmt.Errorf("rank %d on %v: by %s: %v, want %v", c.Rank(), n.at, k.name, got, want)
		}
	}
	return nil
}

func TestNodesProcesses(t *testing.T) {
	mpitest.RunTopoProcesses(t, "2+3", func(c *mpi.Comm) error { return variety(c, 0, "") })
}

// Lengths around those at which the table changes its mind.
func TestNodesThresholds(t *testing.T) {
	for _, at := range placements() {
		mpitest.RunTopo(t, at, func(c *mpi.Comm) error {
			n, me := c.Size(), c.Rank()
			for _, k := range []int{4095, 4096, 4097, 65535, 65536, 65537, 65536 / n, 65536/n + 1, n - 1, n, 1} {
				want, long := make([]byte, k), make([]byte, 0, n*k)
				for r := range n {
					b := bytesOf(r, k)
					long = append(long, b...)
					for i := range want {
						want[i] += b[i]
					}
				}
				root := k % n
				sum, buf, all := make([]byte, k), bytesOf(me, k), make([]byte, n*k)
				err := errors.Join(Allreduce(c, sum, buf, Sum), Allgather(c, all, buf))
				if err != nil || !slices.Equal(sum, want) || !slices.Equal(all, long) {
					return fmt.Errorf("%d bytes: Allreduce right: %v, Allgather right: %v, %w", k, slices.Equal(sum, want), slices.Equal(all, long), err)
				}
				clear(sum)
				err = errors.Join(Reduce(c, sum, buf, Sum, root), Bcast(c, buf, root))
				if err != nil || me == root && !slices.Equal(sum, want) || !slices.Equal(buf, bytesOf(root, k)) {
					return fmt.Errorf("%d bytes, root %d: Reduce right: %v, Bcast right: %v, %w", k, root, slices.Equal(sum, want), slices.Equal(buf, bytesOf(root, k)), err)
				}
			}
			return nil
		})
	}
}

func bytesOf(rank, k int) []byte {
	b := make([]byte, k)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + rank*31)
	}
	return b
}

// Floating-point sums have the same bits on every rank, every time, and at every root.
func TestNodesBits(t *testing.T) {
	everyWay(t, func(c *mpi.Comm, way string) error {
		for _, k := range []int{1, 5, 700, 5000} {
			rng := rand.New(rand.NewPCG(uint64(c.Rank()), uint64(k)))
			src := make([]float32, k)
			for i := range src {
				src[i] = float32(math.Ldexp(rng.Float64()-0.5, rng.IntN(30)))
			}
			first, again := make([]float32, k), make([]float32, k)
			if err := Allreduce(c, first, src, Sum); err != nil {
				return err
			}
			every := make([]float32, k*c.Size())
			if err := Allgather(c, every, first); err != nil {
				return err
			}
			for r := range c.Size() {
				if !slices.Equal(every[r*k:(r+1)*k], first) {
					return fmt.Errorf("%d elements: ranks %d and %d differ", k, c.Rank(), r)
				}
			}
			if err := Allreduce(c, again, src, Sum); err != nil || !slices.Equal(again, first) {
				return fmt.Errorf("%d elements: another sum the second time, %w", k, err)
			}
			var sum []float32
			for root := range c.Size() {
				if err := Reduce(c, again, src, Sum, root); err != nil {
					return err
				}
				if sum = slices.Clone(again); c.Rank() != root {
					sum = make([]float32, k)
				}
				if err := Bcast(c, sum, root); err != nil {
					return err
				}
				if root == 0 {
					first = sum
				}
				if !slices.Equal(sum, first) {
					return fmt.Errorf("%d elements: Reduce to 0 and to %d differ", k, root)
				}
			}
		}
		return nil
	})
}

// Blocking collectives go on beside those that were started, which have other roots and lengths.
func TestNodesNonblocking(t *testing.T) {
	everyWay(t, func(c *mpi.Comm, way string) error {
		n, me := c.Size(), c.Rank()
		for round := range 12 {
			k := []int{1, 600, 9000}[round%3]
			a, b, sum := make([]int32, k), make([]int32, k), make([]int32, 2*k)
			one := make([]int32, 2*k)
			for i := range one {
				one[i] = int32(i + me)
			}
			two := slices.Clone(one)
			root := (round * 5) % n
			if me == root {
				copy(a, one)
			}
			r1, err1 := Ibcast(c, a, root)
			r2, err2 := Ireduce(c, b, one[:k], Max, (root+1)%n)
			r3, err3 := Iallgather(c, make([]int32, n), []int32{int32(me)})
			err := errors.Join(err1, err2, err3, Allreduce(c, sum, one, Sum), Bcast(c, two, n-1), Barrier(c), WaitAll(r1, r2, r3))
			if err != nil {
				return err
			}
			for i := range k {
				switch {
				case a[i] != int32(i+root):
					return fmt.Errorf("round %d, root %d: Ibcast: element %d is %d", round, root, i, a[i])
				case me == (root+1)%n && b[i] != int32(i+n-1):
					return fmt.Errorf("round %d: Ireduce: element %d is %d", round, i, b[i])
				case sum[i] != int32(n*i+n*(n-1)/2):
					return fmt.Errorf("round %d: Allreduce: element %d is %d", round, i, sum[i])
				case two[i] != int32(i+n-1):
					return fmt.Errorf("round %d: Bcast: element %d is %d", round, i, two[i])
				}
			}
		}
		return nil
	})
}

// TestNodesRandom runs programs of random calls on random placements, each against what it means.
func TestNodesRandom(t *testing.T) {
	programs := 40
	switch {
	case os.Getenv("GOLAUNCH_LONG") != "":
		programs = 1000
	case invariants.Enabled || testing.Short():
		programs = 10
	}
	for seed := range programs {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		n := 2 + rng.IntN(7)
		at := ""
		for range n {
			at += fmt.Sprintf(",%d", rng.IntN(3))
		}
		t.Setenv(tune.Variable, ways[rng.IntN(len(ways))])
		mpitest.RunTopo(t, at[1:], func(world *mpi.Comm) error {
			if err := program(world, uint64(seed)); err != nil {
				return fmt.Errorf("program %d on %s by %q: %w", seed, at[1:], os.Getenv(tune.Variable), err)
			}
			return nil
		})
	}
}

// program is what all ranks do: the same seed gives the same calls.
func program(world *mpi.Comm, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 4))
	keys := rng.Perm(world.Size())
	half, err := world.Split(keys[world.Rank()]%2, keys[world.Rank()])
	if err != nil {
		return err
	}
	for range 30 {
		which, op, k, pick := rng.IntN(2), rng.IntN(5), rng.IntN(3), rng.IntN(1000)
		k = []int{rng.IntN(4), rng.IntN(1000), rng.IntN(12000)}[k]
		c := []*mpi.Comm{world, half}[which]
		n, me, root := c.Size(), c.Rank(), pick%c.Size()
		var ranks []int
		for r := range n {
			ranks = append(ranks, r)
		}
		ranks = c.Group().Translate(ranks, world.Group())
		src, dst := make([]pair, k), make([]pair, k)
		value := func(r, i int) pair { return pair{uint32(2*ranks[r] + 1), uint32(i ^ ranks[r])} }
		total := func(i int) pair {
			v := value(0, i)
			for r := 1; r < n; r++ {
				v = v.after(value(r, i))
			}
			return v
		}
		for i := range src {
			src[i] = value(me, i)
		}
		want := func(i int) pair { return src[i] }
		switch op {
		case 0:
			err, dst = Barrier(c), src
		case 1:
			err, dst, want = Bcast(c, src, root), src, func(i int) pair { return value(root, i) }
		case 2:
			err = ReduceFunc(c, dst, src, pair.after, root)
			if want = total; me != root {
				dst = nil
			}
		case 3:
			err, want = AllreduceFunc(c, dst, src, pair.after), total
		case 4:
			dst = make([]pair, n*k)
			err, want = Allgather(c, dst, src), func(i int) pair { return value(i/k, i%k) }
		}
		if err != nil {
			return err
		}
		for i, v := range dst {
			if v != want(i) {
				return fmt.Errorf("rank %d of %s, operation %d, root %d: element %d of %d is %v, want %v", me, c.Name(), op, root, i, k, v, want(i))
			}
		}
	}
	return nil
}

func TestNodesAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	for _, at := range []string{"2x2", "0,1,0,1"} {
		for _, way := range ways {
			t.Setenv(tune.Variable, way)
			mpitest.RunTopo(t, at, func(c *mpi.Comm) error {
				for _, k := range []int{1, 3000} {
					x, y, long := make([]float64, k), make([]float64, k), make([]float64, 4*k)
					step := func() {
						Bcast(c, x, 1)
						Reduce(c, x, y, Sum, 3)
						Allreduce(c, x, y, Sum)
						Allgather(c, long, x)
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
						return fmt.Errorf("%s by %q: %d elements: %v allocations", at, way, k, got)
					}
				}
				return nil
			})
		}
	}
}
