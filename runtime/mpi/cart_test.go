package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// shapes of grids, with the dimensions in which they are periodic.
var shapes = []struct {
	dims     []int
	periodic []bool
}{
	{[]int{1}, []bool{true}},
	{[]int{1}, []bool{false}},
	{[]int{2}, []bool{true}},
	{[]int{5}, []bool{true}},
	{[]int{4}, nil},
	{[]int{3, 2}, []bool{false, true}},
	{[]int{1, 3}, []bool{true, false}},
	{[]int{3, 3}, []bool{true, true}},
	{[]int{2, 2, 2}, []bool{true, false, true}},
	{[]int{2, 1, 3}, []bool{true, true, false}},
	{[]int{1, 1, 1, 1}, []bool{true, false, true, false}},
	{[]int{}, nil},
}

// points lists the coordinates of all points of a grid, in the order of their ranks: counting upwards.
func points(dims []int) [][]int {
	all := [][]int{{}}
	for _, d := range dims {
		var next [][]int
		for _, p := range all {
			for x := range d {
				next = append(next, append(slices.Clone(p), x))
			}
		}
		all = next
	}
	return all
}

// neighbour looks among all points for the one that lies by steps ahead of at in dimension k.
func neighbour(dims []int, periodic []bool, at []int, k, by int) int {
	want := slices.Clone(at)
	want[k] += by
	for periodic != nil && periodic[k] && want[k] < 0 {
		want[k] += dims[k]
	}
	for periodic != nil && periodic[k] && want[k] >= dims[k] {
		want[k] -= dims[k]
	}
	for r, p := range points(dims) {
		if slices.Equal(p, want) {
			return r
		}
	}
	return mpi.ProcNull
}

// The arithmetic of grids against lists of their points, with ranks to spare or none.
func TestCart(t *testing.T) {
	for _, s := range shapes {
		all := points(s.dims)
		for _, spare := range []int{0, 1} {
			t.Run(fmt.Sprintf("%v+%d", s.dims, spare), func(t *testing.T) {
				mpitest.Run(t, len(all)+spare, func(world *mpi.Comm) error {
					g, err := world.Cart(s.dims, s.periodic, spare == 1)
					if err != nil {
						return err
					}
					if world.Rank() >= len(all) {
						if g != nil {
							return errors.New("a rank too many has got a grid")
						}
						return nil
					}
					if err := checkCart(g, s.dims, s.periodic); err != nil {
						return err
					}
					d, err := g.Dup()
					if err != nil {
						return err
					}
					if err := checkCart(d, s.dims, s.periodic); err != nil {
						return fmt.Errorf("Dup: %w", err)
					}
					if err := checkCart(d.WithContext(context.Background()), s.dims, s.periodic); err != nil {
						return fmt.Errorf("WithContext: %w", err)
					}
					return errors.Join(d.Free(), g.Free())
				})
			})
		}
	}
}

func checkCart(g *mpi.Cart, dims []int, periodic []bool) error {
	all := points(dims)
	if g.Size() != len(all) || !slices.Equal(g.Dims(), dims) || periodic != nil && !slices.Equal(g.Periodic(), periodic) {
		return fmt.Errorf("%d ranks, %v, %v", g.Size(), g.Dims(), g.Periodic())
	}
	for r, at := range all {
		if got := g.Coords(r); !slices.Equal(got, at) {
			return fmt.Errorf("rank %d is at %v, want %v", r, got, at)
		}
		if got := g.RankOf(at...); got != r {
			return fmt.Errorf("at %v is rank %d, want %d", at, got, r)
		}
		for k := range dims {
			for by := -7; by <= 7; by++ {
				out := slices.Clone(at)
				out[k] += by
				if got, want := g.RankOf(out...), neighbour(dims, periodic, at, k, by); got != want {
					return fmt.Errorf("at %v is rank %d, want %d", out, got, want)
				}
			}
		}
	}
	me := all[g.Rank()]
	var near []int
	for k := range dims {
		for by := -7; by <= 7; by++ {
			src, dst := g.Shift(k, by)
			if wantSrc, wantDst := neighbour(dims, periodic, me, k, -by), neighbour(dims, periodic, me, k, by); src != wantSrc || dst != wantDst {
				return fmt.Errorf("from %v by %d along %d: %d, %d, want %d, %d", me, by, k, src, dst, wantSrc, wantDst)
			}
		}
		src, dst := g.Shift(k, math.MaxInt)
		if periodic == nil || !periodic[k] {
			if src != mpi.ProcNull || dst != mpi.ProcNull {
				return fmt.Errorf("far outside are %d and %d", src, dst)
			}
		}
		near = append(near, neighbour(dims, periodic, me, k, -1), neighbour(dims, periodic, me, k, 1))
		// A shift of data does what the ranks say.
		got := []int{-1}
		src, dst = g.Shift(k, 1)
		if _, err := mpi.Sendrecv(g.Comm, []int{g.Rank()}, dst, 3, got, src, 3); err != nil {
			return err
		}
		if want := src; src == mpi.ProcNull && got[0] != -1 || src != mpi.ProcNull && got[0] != want {
			return fmt.Errorf("received %d from rank %d", got[0], src)
		}
	}
	if n := g.Neighborhood(); !slices.Equal(n.Sources, near) || !slices.Equal(n.Destinations, near) {
		return fmt.Errorf("neighbours %v and %v, want %v", n.Sources, n.Destinations, near)
	}
	return nil
}

// Sub keeps those together who share the other coordinates.
func TestCartSub(t *testing.T) {
	for _, s := range shapes {
		all := points(s.dims)
		mpitest.Run(t, len(all), func(world *mpi.Comm) error {
			g, err := world.Cart(s.dims, s.periodic, false)
			if err != nil {
				return err
			}
			for mask := range 1 << len(s.dims) {
				keep := make([]bool, len(s.dims))
				var dims []int
				var periodic []bool
				for k := range keep {
					if keep[k] = mask>>k&1 == 1; keep[k] {
						dims, periodic = append(dims, s.dims[k]), append(periodic, s.periodic != nil && s.periodic[k])
					}
				}
				var members []int
				for r, at := range all {
					same := true
					for k := range keep {
						same = same && (keep[k] || at[k] == all[g.Rank()][k])
					}
					if same {
						members = append(members, r)
					}
				}
				sub, err := g.Sub(keep...)
				if err != nil {
					return err
				}
				if err := circle(world, sub.Comm, members); err != nil {
					return fmt.Errorf("%v of %v: %w", keep, s.dims, err)
				}
				if err := checkCart(sub, dims, periodic); err != nil {
					return fmt.Errorf("%v of %v: %w", keep, s.dims, err)
				}
				if err := sub.Free(); err != nil {
					return err
				}
			}
			return g.Free()
		})
	}
}

// Dims of 0 are chosen.
func TestCartChoosesDims(t *testing.T) {
	for n := 1; n <= 9; n++ {
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			for _, dims := range [][]int{{0}, {0, 0}, {0, 0, 0}, {0, 1}, {n, 0}} {
				want, err := mpi.DimsCreate(n, dims...)
				if err != nil {
					return err
				}
				g, err := world.Cart(dims, nil, false)
				if err != nil {
					return err
				}
				if err := checkCart(g, want, nil); err != nil {
					return err
				}
				if err := g.Free(); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// Grids that can't be made are an error on every rank, and the communicator goes on.
func TestCartErrors(t *testing.T) {
	mpitest.Run(t, 6, func(world *mpi.Comm) error {
		for _, dims := range [][]int{{7}, {2, 4}, {4, 0}, {math.MaxInt, math.MaxInt}, {3, 3, 3}} {
			g, err := world.Cart(dims, nil, false)
			want := fmt.Sprintf("mpi: Cart on world: 6 ranks make no grid of %v", dims)
			if g != nil || err == nil || err.Error() != want {
				return fmt.Errorf("%v: %v, want %s", dims, err, want)
			}
		}
		odd := world.Rank() == 1
		for _, k := range []struct {
			mine, theirs []int
			periodic     bool
		}{{[]int{2, 3}, []int{3, 2}, false}, {[]int{6}, []int{6, 1}, false}, {[]int{6}, []int{6}, true}} {
			dims, periodic := k.theirs, make([]bool, len(k.theirs))
			if odd {
				dims, periodic = k.mine, make([]bool, len(k.mine))
				periodic[0] = k.periodic
			}
			if g, err := world.Cart(dims, periodic, false); g != nil || err == nil || !strings.Contains(err.Error(), "ranks disagree about the topology") {
				return fmt.Errorf("%v and %v: %v", k.mine, k.theirs, err)
			}
		}
		return circle(world, world, []int{0, 1, 2, 3, 4, 5})
	})
}

// As processes.
func TestCartProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 6, func(world *mpi.Comm) error {
		g, err := world.Cart([]int{3, 2}, []bool{false, true}, true)
		if err != nil {
			return err
		}
		return checkCart(g, []int{3, 2}, []bool{false, true})
	})
}
