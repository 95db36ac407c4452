package collective_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// A partial is a collective in which some ranks need a dead one and others don't.
type partial struct {
	name string
	call func(c *mpi.Comm, k, root int) (dst []int32, err error)
	want func(n, me, k, root int) []int32 // nil: nothing on this rank
	must func(me, root, dead int) bool    // the rank can't have a result
}

func everybody(me, root, dead int) bool { return true }

func rootOnly(me, root, dead int) bool { return me == root }

func fromRoot(me, root, dead int) bool { return dead == root }

func above(me, root, dead int) bool { return me > dead }

// long is wordsOf for all ranks, with k for each.
func long(me, n, k int) []int32 {
	var s []int32
	for i := range n {
		s = append(s, wordsOf(me, i, k)...)
	}
	return s
}

// received is what Alltoall makes of long.
func received(n, me, k, root int) []int32 {
	var s []int32
	for i := range n {
		s = append(s, wordsOf(i, me, k)...)
	}
	return s
}

func gathered(n, me, k, root int) []int32 {
	var s []int32
	for i := range n {
		s = append(s, wordsOf(i, 0, k)...)
	}
	return s
}

func added(n, me, k, root int) []int32 { return total(k, columns(0, n, me, k)) }

func equal(n, k int) []int { return slices.Repeat([]int{k}, n) }

var partials = []partial{
	{"Gatherv", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, c.Size()*k)
		return dst, collective.Gatherv(c, dst, equal(c.Size(), k), nil, wordsOf(c.Rank(), 0, k), root)
	}, func(n, me, k, root int) []int32 {
		return only(me == root, gathered(n, me, k, root))
	}, rootOnly},
	{"Scatterv", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, k)
		return dst, collective.Scatterv(c, dst, long(c.Rank(), c.Size(), k), equal(c.Size(), k), nil, root)
	}, func(n, me, k, root int) []int32 { return wordsOf(root, me, k) }, fromRoot},
	{"Allgatherv", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, c.Size()*k)
		return dst, collective.Allgatherv(c, dst, equal(c.Size(), k), nil, wordsOf(c.Rank(), 0, k))
	}, gathered, everybody},
	{"Alltoall", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, c.Size()*k)
		return dst, collective.Alltoall(c, dst, long(c.Rank(), c.Size(), k))
	}, received, everybody},
	{"Alltoall in place", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := long(c.Rank(), c.Size(), k)
		return dst, collective.Alltoall(c, dst, dst)
	}, received, everybody},
	{"Alltoallv", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, c.Size()*k)
		counts := equal(c.Size(), k)
		return dst, collective.Alltoallv(c, dst, counts, nil, long(c.Rank(), c.Size(), k), counts, nil)
	}, received, everybody},
	{"Alltoallw", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, c.Size()*k)
		at := make([]mpi.Layout, c.Size())
		for i := range at {
			at[i] = layout.Contiguous(k).At(i * k)
		}
		return dst, collective.Alltoallw(c, dst, at, long(c.Rank(), c.Size(), k), at)
	}, received, everybody},
	{"ReduceScatter", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, k)
		return dst, collective.ReduceScatter(c, dst, long(c.Rank(), c.Size(), k), equal(c.Size(), k), collective.Sum)
	}, added, everybody},
	{"ReduceScatterBlock", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, k)
		add := func(acc, x int32) int32 { return acc + x }
		return dst, collective.ReduceScatterBlockFunc(c, dst, long(c.Rank(), c.Size(), k), add)
	}, added, everybody},
	{"Scan", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, k)
		return dst, collective.Scan(c, dst, wordsOf(c.Rank(), 0, k), collective.Sum)
	}, func(n, me, k, root int) []int32 { return total(k, columns(0, me+1, 0, k)) }, above},
	{"Exscan", func(c *mpi.Comm, k, root int) ([]int32, error) {
		dst := make([]int32, k)
		return dst, collective.Exscan(c, dst, wordsOf(c.Rank(), 0, k), collective.Sum)
	}, func(n, me, k, root int) []int32 {
		return only(me > 0, total(k, columns(0, me, 0, k)))
	}, above},
	{"reproducible sum", func(c *mpi.Comm, k, root int) ([]int32, error) {
		x := make([]float32, k)
		err := collective.Allreduce(c, x, x, collective.SumReproducible)
		return make([]int32, k), err
	}, func(n, me, k, root int) []int32 { return make([]int32, k) }, everybody},
}

// TestDeadRankPartial calls everything, with every root, while one rank is dead. All on
// one communicator: the living must stay in step.
func TestDeadRankPartial(t *testing.T) {
	for _, n := range []int{2, 3, 5, 8} {
		for dead := range n {
			if dead != 0 && dead != n/2 && os.Getenv("GOLAUNCH_LONG") == "" {
				continue
			}
			t.Run(fmt.Sprintf("%d of %d", dead, n), func(t *testing.T) {
				withDead(t, n, dead, func(c *mpi.Comm) error {
					me := c.Rank()
					for _, k := range []int{0, 10, 9000} {
						for root := 0; root < n; root += 1 + k/9000*2 {
							for _, p := range partials {
								dst, err := p.call(c, k, root)
								if err := outcome(p.name, err, p.must(me, root, dead), dead); err != nil {
									return err
								}
								if want := p.want(n, me, k, root); err == nil && want != nil {
									if err := differ(p.name, dst, want); err != nil {
										return err
									}
								}
							}
						}
					}
					return nil
				})
			})
		}
	}
}

// TestDeathUnderWayPartial has a rank die between two calls. Who finds out revokes the communicator.
func TestDeathUnderWayPartial(t *testing.T) {
	const n = 4
	for dead := range n {
		for _, p := range partials {
			for _, k := range []int{2, 9000} {
				err := mpi.RunLocal(n, func(c *mpi.Comm) error {
					ctx, stop := context.WithTimeout(context.Background(), patience)
					defer stop()
					c = c.WithContext(ctx)
					for round := 0; ; round++ {
						if c.Rank() == dead && round == 2+dead {
							return errDead
						}
						_, err := p.call(c, k, dead)
						if err == nil && round < 200 {
							continue
						}
						c.Revoke()
						if c.Rank() == dead { // others were so far ahead that they are done
							return errDead
						}
						if err != nil && !errors.Is(err, mpi.ErrRankFailed) && !errors.Is(err, mpi.ErrRevoked) && !errors.Is(err, collective.ErrGaveUp) {
							return fmt.Errorf("%s, rank %d of %d, %d has died: %w", p.name, c.Rank(), n, dead, err)
						}
						return nil
					}
				}, mpi.WithFaults(mpi.Return))
				if err == nil || strings.Contains(err.Error(), p.name) {
					t.Error(err)
				}
			}
		}
	}
}

// TestMismatchPartial: one rank comes with another length. Whoever it concerns gets ErrMismatch, or ErrGaveUp from one who did;
// nobody hangs.
func TestMismatchPartial(t *testing.T) {
	const n = 3
	for _, p := range partials {
		for odd := range n {
			for _, k := range [][2]int{{5, 4}, {5, 6}, {0, 1}, {1, 0}, {9000, 9001}, {9001, 9000}, {5, 9000}, {9000, 5}} {
				mpitest.Run(t, n, func(world *mpi.Comm) error {
					ctx, stop := context.WithTimeout(context.Background(), patience)
					defer stop()
					mine := k[0]
					if world.Rank() == odd {
						mine = k[1]
					}
					_, err := p.call(world.WithContext(ctx), mine, 0)
					if err != nil && !errors.Is(err, collective.ErrMismatch) && !errors.Is(err, collective.ErrGaveUp) && !errors.Is(err, mpi.ErrTruncated) {
						return fmt.Errorf("%s, rank %d has %d and the others %d: %w", p.name, odd, k[1], k[0], err)
					}
					if err == nil && world.Rank() == n-1 && odd != n-1 && p.must(n-1, 0, odd) {
						return fmt.Errorf("%s, rank %d has %d and the others %d: no error", p.name, odd, k[1], k[0])
					}
					return nil
				})
			}
		}
	}
}
