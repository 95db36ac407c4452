package collective_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

func onGrids(world *mpi.Comm, lengths []int) error {
	for _, s := range grids {
		n := 1
		for _, d := range s.dims {
			n *= d
		}
		if n > world.Size() {
			continue
		}
		g, err := world.Cart(s.dims, s.periodic, false)
		if err != nil {
			return err
		}
		if g == nil {
			continue
		}
		for _, k := range lengths {
			if err := exchange(g, origins(g), 2*len(s.dims), k); err != nil {
				return fmt.Errorf("%v, %v, %d elements: %w", s.dims, s.periodic, k, err)
			}
		}
		if err := g.Free(); err != nil {
			return err
		}
	}
	return nil
}

func TestNeighborsOnGrids(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 6, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			mpitest.Run(t, n, func(world *mpi.Comm) error { return onGrids(world, []int{0, 1, 13, 1100, 9000}) })
		})
	}
}

// Neighbours on several nodes.
func TestNeighborTopo(t *testing.T) {
	for _, placement := range []string{"2+2", "0,1,0,1,2,1"} {
		mpitest.RunTopo(t, placement, func(world *mpi.Comm) error {
			if err := onGrids(world, []int{1, 9000}); err != nil {
				return err
			}
			return onGraphs(world, 3)
		})
	}
}

func TestNeighborProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 6, func(world *mpi.Comm) error {
		if err := onGrids(world, []int{1, 1100, 70000}); err != nil {
			return err
		}
		return onGraphs(world, 3)
	})
}

// onGraphs tries graphs in which ranks have any number of neighbours, the same one several times and themselves.
func onGraphs(world *mpi.Comm, seeds uint64) error {
	n := world.Size()
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 1)) // the same on all ranks
		out := make([][]mpi.Neighbor, n)
		in, from := make([][]mpi.Neighbor, n), make([][]origin, n)
		for r := range n {
			for range rng.IntN(5) + int(seed%3)*10 {
				to := rng.IntN(n)
				in[to] = append(in[to], mpi.Neighbor{Rank: r})
				from[to] = append(from[to], origin{r, len(out[r])})
				out[r] = append(out[r], mpi.Neighbor{Rank: to})
			}
		}
		me := world.Rank()
		// The sources in another order; those of one rank stay in theirs.
		last := rng.IntN(n)
		slices.SortStableFunc(in[me], func(a, b mpi.Neighbor) int { return (a.Rank+last)%n - (b.Rank+last)%n })
		slices.SortStableFunc(from[me], func(a, b origin) int { return (a.rank+last)%n - (b.rank+last)%n })
		g, err := world.GraphAdjacent(in[me], out[me], false)
		if err != nil {
			return err
		}
		for _, k := range []int{1, 1100} {
			if err := exchange(g, from[me], len(out[me]), k); err != nil {
				return fmt.Errorf("seed %d, %d elements: %w", seed, k, err)
			}
		}
		if err := g.Free(); err != nil {
			return err
		}
	}
	return nil
}

func TestNeighborsOnGraphs(t *testing.T) {
	for n := 1; n <= 9; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			mpitest.Run(t, n, func(world *mpi.Comm) error { return onGraphs(world, 6) })
		})
	}
}

// Who has neither sources nor destinations is done at once.
func TestNeighborAlone(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		g, err := world.Graph(nil, false)
		if err != nil || world.Rank() == 1 {
			return err
		}
		return errors.Join(collective.NeighborAllgather(g, nil, []int{1}), collective.NeighborAlltoall[int](g, nil, nil),
			collective.NeighborAlltoallw[int](g, nil, nil, nil, nil))
	})
}

// The halo of a field is renewed within the field itself.
func TestNeighborHalo(t *testing.T) {
	mpitest.Run(t, 4, func(world *mpi.Comm) error {
		g, err := world.Cart([]int{2, 2}, []bool{true, true}, false)
		if err != nil {
			return err
		}
		const rows, cols, width = 5, 3, 5
		index := func(i, j int) int { return i*width + j }
		field := make([]float64, (rows+2)*width)
		at := g.Coords(g.Rank())
		whole := func(i, j int) float64 { // the value at a place of the whole field, counted from the own block
			i, j = (at[0]*rows+i-1+2*rows)%(2*rows), (at[1]*cols+j-1+2*cols)%(2*cols)
			return float64(i*100 + j)
		}
		for i := 1; i <= rows; i++ {
			for j := 1; j <= cols; j++ {
				field[index(i, j)] = whole(i, j)
			}
		}
		row, column := layout.Contiguous(cols), layout.Vector(rows, 1, width)
		rim := []mpi.Layout{row.At(index(1, 1)), row.At(index(rows, 1)), column.At(index(1, 1)), column.At(index(1, cols))}
		halo := []mpi.Layout{row.At(index(0, 1)), row.At(index(rows+1, 1)), column.At(index(1, 0)), column.At(index(1, cols+1))}
		if err := collective.NeighborAlltoallw(g, field, halo, field, rim); err != nil {
			return err
		}
		for i := range rows + 2 {
			for j := range cols + 2 {
				want := whole(i, j)
				if (i == 0 || i > rows) && (j == 0 || j > cols) {
					want = 0 // corners are nobody's
				}
				if got := field[index(i, j)]; got != want {
					return fmt.Errorf("rank %d: %d,%d is %g, want %g", g.Rank(), i, j, got, want)
				}
			}
		}
		return nil
	})
}

// Who depends on a dead neighbour gets an error, the others don't, and nobody waits.
func TestNeighborDead(t *testing.T) {
	const n, dead = 5, 2
	ready := make(chan struct{}, n)
	err := mpi.RunLocal(n, func(world *mpi.Comm) error {
		g, err := world.Cart([]int{n}, []bool{true}, false)
		if err != nil {
			return err
		}
		if g.Rank() == dead {
			for range n - 1 {
				<-ready
			}
			return errDead
		}
		ready <- struct{}{}
		for _, k := range []int{0, 1, 40000} {
			for range 3 {
				dst := make([]byte, 2*k)
				err := collective.NeighborAllgather(g, dst, pattern(g.Rank(), k))
				must := g.Rank() == dead-1 || g.Rank() == dead+1
				if err := outcome("NeighborAllgather", err, must, dead); err != nil || !must && k > 0 && dst[0] != pattern((g.Rank()+n-1)%n, k)[0] {
					return fmt.Errorf("rank %d, %d bytes: %w", g.Rank(), k, errors.Join(err, errors.New("wrong data")))
				}
				err = collective.NeighborAlltoallv(g, dst, []int{k, k}, nil, make([]byte, 2*k), []int{k, k}, nil)
				if err := outcome("NeighborAlltoallv", err, must, dead); err != nil {
					return fmt.Errorf("rank %d, %d bytes: %w", g.Rank(), k, err)
				}
			}
		}
		return nil
	}, mpi.WithFaults(mpi.Return))
	if want := fmt.Sprintf("rank %d: %v", dead, errDead); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Lengths that don't fit are an error of the rank that receives.
func TestNeighborMismatch(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		g, err := world.Cart([]int{3}, nil, false)
		if err != nil {
			return err
		}
		k := 2
		if g.Rank() == 0 {
			k = 3
		}
		err = collective.NeighborAlltoall(g, make([]int32, 2*k), make([]int32, 2*k))
		if want := g.Rank() < 2; want != errors.Is(err, collective.ErrMismatch) || !want && err != nil {
			return fmt.Errorf("rank %d: %v", g.Rank(), err)
		}
		return nil
	})
}

func TestNeighborMisuse(t *testing.T) {
	const (
		gather  = "collective: dst must hold one src per source"
		equal   = "collective: dst and src must hold equal pieces, one per source and one per destination"
		counts  = "collective: want one count, and one displacement or none, per neighbour"
		layouts = "collective: want one layout per neighbour"
		outside = "collective: a count or a displacement reaches outside of its slice"
		short   = "collective: slice is shorter than its layout"
		twice   = "collective: layout of dst selects an element twice"
		overlap = "collective: dst and src overlap in part"
	)
	x := make([]int, 8)
	one := layout.Contiguous(1)
	all := []mpi.Layout{one, one.At(1)}
	for _, k := range []struct {
		name, want string
		call       func(g *mpi.Cart)
	}{
		{"dst", gather, func(g *mpi.Cart) { collective.NeighborAllgather(g, x[:3], x[4:5]) }},
		{"src inside of dst", overlap, func(g *mpi.Cart) { collective.NeighborAllgather(g, x[:4], x[:2]) }},
		{"odd dst", equal, func(g *mpi.Cart) { collective.NeighborAlltoall(g, x[:3], x[4:7]) }},
		{"src and dst", equal, func(g *mpi.Cart) { collective.NeighborAlltoall(g, x[:4], x[4:6]) }},
		{"in place", overlap, func(g *mpi.Cart) { collective.NeighborAlltoall(g, x, x) }},
		{"counts", counts, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1}, nil, nil) }},
		{"displs", counts, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, 1}, []int{1}, nil) }},
		{"send counts", counts, func(g *mpi.Cart) { collective.NeighborAlltoallv(g, x, []int{1, 1}, nil, nil, nil, nil) }},
		{"send displs", counts, func(g *mpi.Cart) {
			collective.NeighborAlltoallv(g, x, []int{1, 1}, nil, x, []int{1, 1}, make([]int, 3))
		}},
		{"negative count", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, -1}, nil, nil) }},
		{"negative displ", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, 1}, []int{-1, 0}, nil) }},
		{"long count", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{5, 4}, nil, nil) }},
		{"endless count", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, math.MaxInt}, nil, nil) }},
		{"far displ", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, 1}, []int{0, 8}, nil) }},
		{"farthest displ", outside, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{1, 1}, []int{0, math.MaxInt}, nil) }},
		{"src in a piece", overlap, func(g *mpi.Cart) { collective.NeighborAllgatherv(g, x, []int{2, 2}, nil, x[3:4]) }},
		{"piece over piece", overlap, func(g *mpi.Cart) {
			collective.NeighborAlltoallv(g, x, []int{2, 2}, nil, x, []int{2, 2}, []int{6, 3})
		}},
		{"layouts", layouts, func(g *mpi.Cart) { collective.NeighborAlltoallw(g, x, all[:1], x, all) }},
		{"send layouts", layouts, func(g *mpi.Cart) { collective.NeighborAlltoallw(g, x, all, x, nil) }},
		{"short dst", short, func(g *mpi.Cart) { collective.NeighborAlltoallw(g, x[:1], all, x, all) }},
		{"short src", short, func(g *mpi.Cart) { collective.NeighborAlltoallw(g, x, all, x[:1], all) }},
		{"twice", twice, func(g *mpi.Cart) {
			collective.NeighborAlltoallw(g, x, []mpi.Layout{one, layout.Vector(2, 2, 1)}, x, all)
		}},
	} {
		t.Run(k.name, func(t *testing.T) {
			mpitest.Run(t, 1, func(world *mpi.Comm) (err error) {
				g, err := world.Cart([]int{1}, []bool{true}, false)
				if err != nil {
					return err
				}
				defer func() {
					if got := recover(); got != k.want {
						err = fmt.Errorf("panic %v, want %q", got, k.want)
					}
				}()
				k.call(g)
				return nil
			})
		})
	}
}

func TestNeighborAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		for _, dims := range [][]int{{2}, {1, 1, 1, 1, 1, 1, 1, 1, 2}} {
			periodic := make([]bool, len(dims))
			for k := range periodic {
				periodic[k] = true
			}
			g, err := world.Cart(dims, periodic, false)
			if err != nil {
				return err
			}
			n := 2 * len(dims)
			a, b, own := make([]float64, 500*n), make([]float64, 500*n), make([]float64, 500)
			counts, at := make([]int, n), make([]mpi.Layout, n)
			for i := range counts {
				counts[i], at[i] = 100, layout.Vector(20, 1, 3).At(i*100)
			}
			step := func() {
				collective.NeighborAllgather(g, a, own)
				collective.NeighborAllgatherv(g, a, counts, nil, own[:100])
				collective.NeighborAlltoall(g, a, b)
				collective.NeighborAlltoallv(g, a, counts, nil, b, counts, nil)
				collective.NeighborAlltoallw(g, a, at, b, at)
			}
			for range 50 {
				step()
			}
			got := math.Inf(1)
			for range 3 {
				got = min(got, testing.AllocsPerRun(100, step))
			}
			if got > 0 {
				return fmt.Errorf("%v: %v allocations a step", dims, got)
			}
		}
		return nil
	})
}
