package collective_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// The odd rank of TestChecked calls odd, the others usual.
var disagreements = []struct {
	name       string
	usual, odd func(c *mpi.Comm, x []float64, k []int) error
	says       []string // to the others, of both
}{
	{"operation",
		func(c *mpi.Comm, x []float64, _ []int) error {
			return collective.Allreduce(c, x[:3], x[:3], collective.Sum)
		},
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x[:1], 0) },
		[]string{"Bcast of 8 bytes from root 0 at collective/check_test.go:", "Allreduce(sum, float64) of 3 elements at collective/check_test.go:"}},
	{"root",
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x, 0) },
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x, 1) },
		[]string{"from root 0 at", "from root 1 at"}},
	{"op",
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Allreduce(c, x, x, collective.Sum) },
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Allreduce(c, x, x, collective.Max) },
		[]string{"(sum, float64)", "(max, float64)"}},
	{"function",
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Scan(c, x, x, collective.Sum) },
		func(c *mpi.Comm, x []float64, _ []int) error {
			return collective.ScanFunc(c, x, x, func(a, b float64) float64 { return a + b })
		},
		[]string{"Scan(sum, float64)", "Scan(function)"}},
	{"type",
		func(c *mpi.Comm, x []float64, k []int) error { return collective.Reduce(c, x, x, collective.Sum, 0) },
		func(c *mpi.Comm, x []float64, k []int) error {
			y := make([]uint64, len(x))
			return collective.Reduce(c, y, y, collective.Sum, 0)
		},
		[]string{"(sum, float64)", "(sum, uint64)"}},
	{"length",
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x[:3], 0) },
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x[:4], 0) },
		[]string{"24 bytes", "32 bytes"}},
	{"order",
		func(c *mpi.Comm, x []float64, _ []int) error {
			return errors.Join(collective.Barrier(c), collective.Allgather(c, x[:c.Size()], []float64{1}))
		},
		func(c *mpi.Comm, x []float64, _ []int) error {
			return errors.Join(collective.Allgather(c, x[:c.Size()], []float64{1}), collective.Barrier(c))
		},
		[]string{"Barrier at", "Allgather of 8 bytes at"}},
	{"order of started ones",
		func(c *mpi.Comm, x []float64, _ []int) error {
			a, _ := collective.Ibarrier(c)
			b, _ := collective.Iexscan(c, x, x, collective.Sum)
			return errors.Join(a.Wait(), b.Wait())
		},
		func(c *mpi.Comm, x []float64, _ []int) error {
			a, _ := collective.Iexscan(c, x, x, collective.Sum)
			b, _ := collective.Ibarrier(c)
			return errors.Join(b.Wait(), a.Wait())
		},
		[]string{"Ibarrier at collective/check_test.go:", "Iexscan(sum, float64) of 8 elements at collective/check_test.go:"}},
	{"blocking and nonblocking",
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Barrier(c) },
		func(c *mpi.Comm, x []float64, _ []int) error { return waitFor(collective.Ibarrier(c)) },
		[]string{" Ibarrier at collective/check_test.go:", " Barrier at collective/check_test.go:"}},
	{"nonblocking and blocking",
		func(c *mpi.Comm, x []float64, _ []int) error { return waitFor(collective.Ibcast(c, x, 0)) },
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Bcast(c, x, 0) },
		[]string{" Ibcast of 64 bytes from root 0 at collective/check_test.go:", " Bcast of 64 bytes from root 0 at collective/check_test.go:"}},
	{"persistent and blocking",
		func(c *mpi.Comm, x []float64, _ []int) error {
			return startOnce(collective.AllreduceInit(c, x, x, collective.Sum))
		},
		func(c *mpi.Comm, x []float64, _ []int) error { return collective.Allreduce(c, x, x, collective.Sum) },
		[]string{" AllreduceInit(sum, float64) of 8 elements at", " Allreduce(sum, float64) of 8 elements at"}},
	{"persistent",
		func(c *mpi.Comm, x []float64, _ []int) error { return startOnce(collective.BcastInit(c, x, 0)) },
		func(c *mpi.Comm, x []float64, _ []int) error { return startOnce(collective.BcastInit(c, x, 1)) },
		[]string{"BcastInit of 64 bytes from root 0 at collective/check_test.go:", "from root 1"}},
	{"counts of Allgatherv",
		func(c *mpi.Comm, x []float64, k []int) error {
			return collective.Allgatherv(c, make([]float64, 8), k, nil, x[:1])
		},
		func(c *mpi.Comm, x []float64, k []int) error {
			k[0]++
			defer func() { k[0]-- }()
			if c.Rank() == 0 {
				return collective.Allgatherv(c, make([]float64, 8), k, nil, x[:2])
			}
			return collective.Allgatherv(c, make([]float64, 8), k, nil, x[:1])
		},
		[]string{"Allgatherv of 8 bytes in pieces 1 1", "in pieces 2 1"}},
	{"counts of ReduceScatter",
		func(c *mpi.Comm, x []float64, k []int) error {
			k[0], k[1] = k[0]-1, k[1]+1
			defer func() { k[0], k[1] = 1, 1 }()
			return collective.ReduceScatter(c, make([]float64, k[c.Rank()]), x[:len(k)], k, collective.Sum)
		},
		func(c *mpi.Comm, x []float64, k []int) error {
			return collective.ReduceScatter(c, make([]float64, 1), x[:len(k)], k, collective.Sum)
		},
		[]string{"in pieces 0 2", "in pieces 1 1"}},
	{"Gatherv",
		func(c *mpi.Comm, x []float64, k []int) error { return collective.Gatherv(c, x, k, nil, x[7:], 0) },
		func(c *mpi.Comm, x []float64, k []int) error {
			if c.Rank() == 0 {
				k = append([]int{1, 2}, k[2:]...)
				return collective.Gatherv(c, make([]float64, 8), k, nil, x[7:], 0)
			}
			return collective.Gatherv(c, nil, nil, nil, x[6:], 0)
		},
		[]string{"rank 0 wants ", "Gatherv of 8 bytes to root 0 at"}},
	{"Scatterv",
		func(c *mpi.Comm, x []float64, k []int) error {
			return collective.Scatterv(c, make([]float64, 1), x, k, nil, 0)
		},
		func(c *mpi.Comm, x []float64, k []int) error {
			if c.Rank() == 0 {
				return collective.Scatterv(c, make([]float64, 1), x, append([]int{1, 3}, k[2:]...), nil, 0)
			}
			return collective.Scatterv(c, make([]float64, 2), nil, nil, nil, 0)
		},
		[]string{"Scatterv of 8 bytes from root 0 at"}},
	{"Alltoallv",
		func(c *mpi.Comm, x []float64, k []int) error {
			return collective.Alltoallv(c, make([]float64, len(k)), k, nil, x[:len(k)], k, nil)
		},
		func(c *mpi.Comm, x []float64, k []int) error {
			more := append([]int(nil), k...)
			more[(c.Rank()+1)%len(k)]++
			return collective.Alltoallv(c, make([]float64, len(k)), k, nil, x[:len(k)+1], more, nil)
		},
		[]string{"wants 8 bytes from rank ", "which has 16: "}},
	{"Alltoallw",
		func(c *mpi.Comm, x []float64, k []int) error { return alltoallwOf(c, x, 1) },
		func(c *mpi.Comm, x []float64, k []int) error { return alltoallwOf(c, x, 2) },
		[]string{"wants ", "Alltoallw of 64 bytes at"}},
	{"neighbours",
		func(c *mpi.Comm, x []float64, k []int) error { return ringOf(c, 1) },
		func(c *mpi.Comm, x []float64, k []int) error { return ringOf(c, 2) },
		[]string{"wants ", "NeighborAllgather of 8 bytes at", "NeighborAllgather of 16 bytes at"}},
}

func waitFor(r *collective.Request, err error) error {
	if err != nil {
		return err
	}
	return r.Wait()
}

func startOnce(r *collective.Request, err error) error {
	if err != nil {
		return err
	}
	r.Start()
	return r.Wait()
}

// alltoallwOf sends k elements to every other rank.
func alltoallwOf(c *mpi.Comm, x []float64, k int) error {
	ls := make([]mpi.Layout, c.Size())
	for i := range ls {
		if ls[i] = layout.Contiguous(k); i == c.Rank() {
			ls[i] = layout.Contiguous(1)
		}
		ls[i] = ls[i].At(i)
	}
	return collective.Alltoallw(c, make([]float64, 8), ls, x, ls)
}

// ringOf is NeighborAllgather of k elements on a ring.
func ringOf(c *mpi.Comm, k int) error {
	ring, err := c.Cart([]int{c.Size()}, []bool{true}, false)
	if err != nil {
		return err
	}
	return collective.NeighborAllgather(ring, make([]float64, 2*k), make([]float64, k))
}

// TestChecked has one rank disagree with the others. All get an error that shows both, and may go on.
func TestChecked(t *testing.T) {
	for _, d := range disagreements {
		for _, n := range []int{2, 3, 5} {
			for _, odd := range slices.Compact([]int{0, 1, n - 1}) {
				t.Run(fmt.Sprintf("%s, %d of %d", d.name, odd, n), func(t *testing.T) {
					mpitest.Run(t, n, func(c *mpi.Comm) error {
						ctx, stop := context.WithTimeout(context.Background(), patience)
						defer stop()
						c = c.WithContext(ctx)
						counts := make([]int, n)
						for i := range counts {
							counts[i] = 1
						}
						x := make([]float64, 8)
						call := d.usual
						if c.Rank() == odd {
							call = d.odd
						}
						err := call(c, x, counts)
						if !errors.Is(err, collective.ErrMismatch) {
							return fmt.Errorf("got %v, want %v", err, collective.ErrMismatch)
						}
						for _, s := range d.says {
							if !strings.Contains(err.Error(), s) {
								return fmt.Errorf("%v does not say %q", err, s)
							}
						}
						sum := []int{c.Rank()}
						if err := collective.Allreduce(c, sum, sum, collective.Sum); err != nil || sum[0] != n*(n-1)/2 {
							return fmt.Errorf("afterwards: %v, %v", sum, err)
						}
						return nil
					}, mpi.WithCheck())
				})
			}
		}
	}
}

// TestCheckedKinds has every possible set of ranks start what the others call in its blocking form, twice, with good calls of both kinds around.
func TestCheckedKinds(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for set := 1; set < 1<<n-1; set++ {
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				c = c.WithContext(ctx)
				for range 2 {
					early, err := collective.Ibarrier(c)
					if err != nil {
						return err
					}
					if set>>c.Rank()&1 == 1 {
						err = waitFor(collective.Ibarrier(c))
					} else {
						err = collective.Barrier(c)
					}
					if !errors.Is(err, collective.ErrMismatch) || !strings.Contains(err.Error(), " Ibarrier at") || !strings.Contains(err.Error(), " Barrier at") {
						return fmt.Errorf("%b start, rank %d: %w", set, c.Rank(), err)
					}
					if err := errors.Join(collective.Barrier(c), early.Wait()); err != nil {
						return fmt.Errorf("%b start, rank %d, around: %w", set, c.Rank(), err)
					}
				}
				return nil
			}, mpi.WithCheck())
		}
	}
}

// TestCheckedText is the whole message.
func TestCheckedText(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		var err error
		want := "mpi: Allreduce on world: ranks disagree about the call: rank 1 is in Barrier at collective/check_test.go:%d, this rank in Allreduce(sum, int32) of 3 elements at collective/check_test.go:%d"
		if c.Rank() == 1 {
			want = "mpi: Barrier on world: ranks disagree about the call: rank 0 is in Allreduce(sum, int32) of 3 elements at collective/check_test.go:%d, this rank in Barrier at collective/check_test.go:%d"
			err = collective.Barrier(c)
		} else {
			x := make([]int32, 3)
			err = collective.Allreduce(c, x, x, collective.Sum)
		}
		var a, b int
		if _, e := fmt.Sscanf(err.Error(), want, &a, &b); e != nil || a == b || a == 0 || b == 0 {
			return fmt.Errorf("%v: %v", err, e)
		}
		return nil
	}, mpi.WithCheck())
}

// TestCheckedFinal has one rank leave early.
func TestCheckedFinal(t *testing.T) {
	for _, n := range []int{2, 3, 5, 8} {
		for early := range n {
			t.Run(fmt.Sprintf("%d of %d", early, n), func(t *testing.T) {
				mpitest.Run(t, n, func(c *mpi.Comm) error {
					for range 3 {
						if err := collective.Barrier(c); err != nil {
							return err
						}
					}
					if c.Rank() == early {
						return nil
					}
					ctx, stop := context.WithTimeout(context.Background(), patience)
					defer stop()
					err := collective.Barrier(c.WithContext(ctx))
					if want := fmt.Sprintf("rank %d has finalized, this rank is in Barrier at collective/check_test.go:", early); !errors.Is(err, collective.ErrMismatch) || !strings.Contains(err.Error(), want) {
						return fmt.Errorf("got %v, want %s", err, want)
					}
					return nil
				}, mpi.WithCheck())
			})
		}
	}
}

// TestCheckedPrograms runs right programs, of every kind of call, under the eyes of the check.
func TestCheckedPrograms(t *testing.T) {
	for _, p := range programs {
		for _, n := range []int{2, 3} {
			t.Run(fmt.Sprintf("%s on %d", p.name, n), func(t *testing.T) { mpitest.Run(t, n, p.run, mpi.WithCheck()) })
		}
	}
	for name, f := range map[string]func(c *mpi.Comm) error{
		"two groups": func(c *mpi.Comm) error { return onGroups(c, []int{0, 50}) },
		"grids":      func(c *mpi.Comm) error { return onGrids(c, []int{0, 13}) },
		"graphs":     func(c *mpi.Comm) error { return onGraphs(c, 3) },
		"started":    startAll,
	} {
		t.Run(name, func(t *testing.T) { mpitest.Run(t, 4, f, mpi.WithCheck()) })
	}
}

// startAll has all operations under way at once, nonblocking and persistent, and a blocking one between.
func startAll(c *mpi.Comm) error {
	var reqs []*collective.Request
	var ops []*started
	for i := range operations {
		for _, k := range []int{0, 49, 5000} {
			s, err := operation(c, i, k)
			if err != nil {
				return err
			}
			var r *collective.Request
			if k == 49 {
				if r, err = s.init(s.dst); err == nil {
					r.Start()
				}
			} else {
				r, err = s.begin(s.dst)
			}
			if err != nil {
				return err
			}
			reqs, ops = append(reqs, r), append(ops, s)
		}
	}
	if err := errors.Join(collective.Barrier(c), collective.WaitAll(reqs...)); err != nil {
		return err
	}
	for _, s := range ops {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

// TestCheckedInter is about the roots and lengths of two groups: every rank of both gets the error.
func TestCheckedInter(t *testing.T) {
	for name, f := range map[string]func(c *mpi.Comm, rank int, second bool) error{
		"two roots": func(c *mpi.Comm, rank int, second bool) error {
			return collective.Bcast(c, make([]byte, 4), mpi.Root)
		},
		"no root": func(c *mpi.Comm, rank int, second bool) error {
			return collective.Bcast(c, make([]byte, 4), mpi.ProcNull)
		},
		"another root": func(c *mpi.Comm, rank int, second bool) error {
			root := 1
			if second {
				if root = mpi.ProcNull; rank == 0 {
					root = mpi.Root
				}
			}
			return collective.Bcast(c, make([]byte, 4), root)
		},
		"length": func(c *mpi.Comm, rank int, second bool) error {
			x := make([]int32, 2)
			if second && rank == 1 {
				x = x[:1]
			}
			return collective.Allreduce(c, x, x[:len(x):len(x)], collective.Sum)
		},
	} {
		t.Run(name, func(t *testing.T) {
			mpitest.Run(t, 4, func(world *mpi.Comm) error {
				half, err := world.Split(world.Rank()/2, 0)
				if err != nil {
					return err
				}
				second := world.Rank() >= 2
				other := 2
				if second {
					other = 0
				}
				both, err := half.Intercomm(0, world, other, 0)
				if err != nil {
					return err
				}
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				if err := f(both.Comm.WithContext(ctx), half.Rank(), second); !errors.Is(err, collective.ErrMismatch) {
					return fmt.Errorf("got %v, want %v", err, collective.ErrMismatch)
				}
				return nil
			}, mpi.WithCheck())
		})
	}
}

func TestCheckedProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 4, func(c *mpi.Comm) error {
		if err := errors.Join(alltoallv(c), gatherv(c), startAll(c)); err != nil {
			return err
		}
		if c.Rank() == 2 {
			return nil
		}
		err := collective.Barrier(c)
		if !errors.Is(err, collective.ErrMismatch) || !strings.Contains(err.Error(), "rank 2 has finalized") {
			return fmt.Errorf("got %v, want that rank 2 has finalized", err)
		}
		return nil
	}, mpi.WithCheck())
}

func TestCheckedDead(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for dead := range n {
			withDead(t, n, dead, func(c *mpi.Comm) error {
				x := make([]int32, 10)
				for i := range 3 {
					if err := outcome(fmt.Sprint("Allreduce ", i), collective.Allreduce(c, x, x, collective.Sum), true, dead); err != nil {
						return err
					}
				}
				return nil
			}, mpi.WithCheck())
		}
	}
}
