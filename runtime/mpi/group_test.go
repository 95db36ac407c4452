package mpi_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
	"pgregory.net/rapid"
)

// groupOf is a group of n ranks: those of a world.
func groupOf(t *testing.T, n int) (g mpi.Group) {
	t.Helper()
	mpitest.Run(t, n, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			g = c.Group()
		}
		return nil
	})
	return g
}

// ranksOf lists a group as ranks of the world.
func ranksOf(g, world mpi.Group) []int {
	all := make([]int, g.Size())
	for i := range all {
		all[i] = i
	}
	return g.Translate(all, world)
}

// The operations on groups, against lists of ranks of the world.
func TestGroups(t *testing.T) {
	const n = 9
	world := groupOf(t, n)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) ([]int, mpi.Group) {
			l := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, n, rapid.ID[int]).Draw(t, label)
			return l, world.Incl(l...)
		}
		a, g := draw("a")
		b, h := draw("b")
		in := func(l []int) func(int) bool { return func(r int) bool { return slices.Contains(l, r) } }
		keep := func(l []int, ok func(int) bool) []int {
			out := []int{}
			for _, r := range l {
				if ok(r) {
					out = append(out, r)
				}
			}
			return out
		}
		not := func(f func(int) bool) func(int) bool { return func(r int) bool { return !f(r) } }
		some := rapid.SliceOfDistinct(rapid.IntRange(0, n-1), rapid.ID[int]).Filter(func(l []int) bool {
			return !slices.ContainsFunc(l, func(r int) bool { return r >= len(a) })
		}).Draw(t, "some of a")

		for _, c := range []struct {
			name string
			got  mpi.Group
			want []int
		}{
			{"Incl", g, a},
			{"Union", g.Union(h), append(slices.Clone(a), keep(b, not(in(a)))...)},
			{"Intersection", g.Intersection(h), keep(a, in(b))},
			{"Difference", g.Difference(h), keep(a, not(in(b)))},
			{"Incl of Incl", g.Incl(some...), func() []int {
				out := []int{}
				for _, i := range some {
					out = append(out, a[i])
				}
				return out
			}()},
			{"Excl", g.Excl(some...), func() []int {
				out := []int{}
				for i, r := range a {
					if !slices.Contains(some, i) {
						out = append(out, r)
					}
				}
				return out
			}()},
		} {
			if got := ranksOf(c.got, world); !slices.Equal(got, c.want) || c.got.Size() != len(c.want) {
				t.Errorf("%s of %v and %v: %v, want %v", c.name, a, b, got, c.want)
			}
		}

		// Translate, the places of a's ranks in b.
		want := make([]int, len(a))
		for i, r := range a {
			if want[i] = slices.Index(b, r); want[i] < 0 {
				want[i] = mpi.Undefined
			}
		}
		if got := ranksOf(g, h); !slices.Equal(got, want) {
			t.Errorf("places of %v in %v: %v, want %v", a, b, got, want)
		}
		if g.Equal(h) != slices.Equal(a, b) || h.Equal(g) != g.Equal(h) || !g.Equal(world.Incl(a...)) {
			t.Errorf("Equal of %v and %v: %v", a, b, g.Equal(h))
		}
		if c := slices.Clone(ranksOf(g, world)); !slices.Equal(c, a) {
			t.Errorf("the operations have changed %v to %v", a, c)
		}
	})
}

// Range, against the loop of its definition.
func TestGroupRange(t *testing.T) {
	const n = 9
	world := groupOf(t, n)
	rapid.Check(t, func(t *rapid.T) {
		first, last := rapid.IntRange(0, n-1).Draw(t, "first"), rapid.IntRange(0, n-1).Draw(t, "last")
		stride := rapid.IntRange(-n, n).Filter(func(s int) bool { return s != 0 }).Draw(t, "stride")
		var want []int
		for r := first; r >= 0 && r < n; r += stride {
			if stride > 0 && r > last || stride < 0 && r < last {
				break
			}
			want = append(want, r)
		}
		if got := ranksOf(world.Range(first, last, stride), world); !slices.Equal(got, want) {
			t.Errorf("%d to %d by %d: %v, want %v", first, last, stride, got, want)
		}
	})
}

// The group of a communicator is a copy in its order.
func TestGroupOfComm(t *testing.T) {
	mpitest.Run(t, 5, func(c *mpi.Comm) error {
		d, err := c.Split(0, -c.Rank())
		if err != nil {
			return err
		}
		if got := ranksOf(d.Group(), c.Group()); !slices.Equal(got, []int{4, 3, 2, 1, 0}) {
			return fmt.Errorf("reversed: %v", got)
		}
		if (mpi.Group{}).Size() != 0 || !(mpi.Group{}).Equal(c.Group().Excl(0, 1, 2, 3, 4)) {
			return fmt.Errorf("the zero group is not the empty one")
		}
		return d.Free()
	})
}
