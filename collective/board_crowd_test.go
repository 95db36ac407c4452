package collective

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// crowdedBoard is the board of blocking calls, which works from now on as if there were more ranks than processors. All ranks call it.
func crowdedBoard(c *mpi.Comm) (*board, error) {
	b, err := boardOf(c)
	if err == nil {
		b.crowd = true
	}
	return b, err
}

// TestMeetings: with meetings all operations have the results that they have without, in whatever order they come.
func TestMeetings(t *testing.T) {
	for n := 3; n <= 9; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				b, err := crowdedBoard(c)
				if err != nil {
					return err
				}
				for i, size := range []int{0, 1, 2, 13, 14, metMost / 8, metMost/8 + 1, 5000, chainLink/8 + 9, b.cell/8 + 9} {
					if err := meetings(c, size, i%n); err != nil {
						return fmt.Errorf("%d elements: %w", size, err)
					}
				}
				if err := Barrier(c); err != nil {
					return err
				}
				if met, all := atomic.LoadUint64(b.met()), atomic.LoadUint64(b.arrived()); met != b.round || all != b.meets*uint64(n) || b.meets == 0 {
					return fmt.Errorf("round %d, the last meeting was in %d; %d arrivals at %d meetings of %d", b.round, met, all, b.meets, n)
				}
				return nil
			})
		})
	}
}

// meetings calls everything with vectors of so many elements.
func meetings(c *mpi.Comm, size, root int) error {
	n, me := c.Size(), c.Rank()
	at := func(r, i int) float64 { return 1/float64(r*size+i+1) + float64(r)*1e9 } // sums depend on the order
	mine := make([]float64, size)
	for i := range mine {
		mine[i] = at(me, i)
	}
	want := func(what string, x []float64, is func(i int) float64) error {
		for i, v := range x {
			if w := is(i); math.Float64bits(v) != math.Float64bits(w) {
				return fmt.Errorf("%s: element %d is %v, want %v", what, i, v, w)
			}
		}
		return nil
	}
	sum := func(i, ranks int) float64 {
		s := at(0, i)
		for r := 1; r < ranks; r++ {
			s += at(r, i)
		}
		return s
	}
	dst, long, src := make([]float64, size), make([]float64, n*size), make([]float64, n*size)
	for i := range src {
		src[i] = at(me, i)
	}
	ints := make([]int32, size)
	for i := range ints {
		ints[i] = int32(me ^ i)
	}
	for _, step := range []func() error{
		func() error { return Barrier(c) },
		func() error {
			return errors.Join(Allreduce(c, dst, mine, Sum), want("Allreduce", dst, func(i int) float64 { return sum(i, n) }))
		},
		func() error {
			err := Allreduce(c, ints, ints, Max) // in place
			for i, v := range ints {
				w := int32(math.MinInt32)
				for r := range n {
					w = max(w, int32(r^i))
				}
				if v != w {
					return fmt.Errorf("Allreduce of integers: element %d is %d, want %d", i, v, w)
				}
			}
			return err
		},
		func() error {
			if me == root {
				copy(dst, mine)
			}
			return errors.Join(Bcast(c, dst, root), want("Bcast", dst, func(i int) float64 { return at(root, i) }))
		},
		func() error {
			left := func(a, _ float64) float64 { return a }
			return errors.Join(AllreduceFunc(c, dst, mine, left), want("AllreduceFunc", dst, func(i int) float64 { return at(0, i) }))
		},
		func() error {
			return errors.Join(Allgather(c, long, mine), want("Allgather", long, func(i int) float64 { return at(i/size, i%size) }))
		},
		func() error {
			return errors.Join(Alltoall(c, long, src), want("Alltoall", long, func(i int) float64 { return at(i/size, me*size+i%size) }))
		},
		func() error {
			err := Reduce(c, dst, mine, Sum, root)
			if me == root {
				err = errors.Join(err, want("Reduce", dst, func(i int) float64 { return sum(i, n) }))
			}
			return err
		},
		func() error {
			return errors.Join(ReduceScatterBlock(c, dst, src, Sum), want("ReduceScatterBlock", dst, func(i int) float64 { return sum(me*size+i, n) }))
		},
		func() error {
			return errors.Join(Scan(c, dst, mine, Sum), want("Scan", dst, func(i int) float64 { return sum(i, me+1) }))
		},
		func() error {
			err := Exscan(c, dst, mine, Sum)
			if me > 0 {
				err = errors.Join(err, want("Exscan", dst, func(i int) float64 { return sum(i, me) }))
			}
			return err
		},
		func() error { return Barrier(c) },
		func() error {
			return errors.Join(Allreduce(c, mine, mine, Min), want("Allreduce in place", mine, func(i int) float64 { return at(0, i) }))
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// TestMeetingsDisagree: ranks that disagree about a meeting all hear of it, as do those who wait for ranks that are in something else.
func TestMeetingsDisagree(t *testing.T) {
	x := func(n int) []int { return make([]int, n) }
	for _, d := range []struct {
		name string
		all  bool // all ranks find it out, else those that call most
		odd  func(c *mpi.Comm) error
		most func(c *mpi.Comm) error
	}{
		{"another operation", true, func(c *mpi.Comm) error { return Barrier(c) }, func(c *mpi.Comm) error { return Allreduce(c, x(1), x(1), Sum) }},
		{"another length", true, func(c *mpi.Comm) error { return Allreduce(c, x(2), x(2), Sum) }, func(c *mpi.Comm) error { return Allreduce(c, x(1), x(1), Sum) }},
		{"another fold", true, func(c *mpi.Comm) error { return Allreduce(c, x(1), x(1), Max) }, func(c *mpi.Comm) error { return Allreduce(c, x(1), x(1), Sum) }},
		{"no meeting for both", true, func(c *mpi.Comm) error { return Allreduce(c, x(1), x(1), Sum) }, func(c *mpi.Comm) error { return Allgather(c, x(4), x(1)) }},
		{"a root that doesn't wait", false, func(c *mpi.Comm) error { return Bcast(c, x(1), c.Rank()) }, func(c *mpi.Comm) error { return Barrier(c) }},
	} {
		for odd := 1; odd < 4; odd += 2 {
			t.Run(fmt.Sprintf("%s, rank %d", d.name, odd), func(t *testing.T) {
				gone := make(chan struct{}) // nobody ends before all know
				var know atomic.Int32
				mpitest.Run(t, 4, func(c *mpi.Comm) error {
					if _, err := crowdedBoard(c); err != nil {
						return err
					}
					var err error
					if c.Rank() == odd {
						err = d.odd(c)
					} else {
						err = d.most(c)
					}
					if know.Add(1) == 4 {
						close(gone)
					}
					select {
					case <-gone:
					case <-time.After(time.Minute):
						return errors.New("not all ranks came back")
					}
					if (d.all || c.Rank() != odd) != errors.Is(err, ErrMismatch) {
						return fmt.Errorf("%v, want ErrMismatch", err)
					}
					return nil
				})
			})
		}
	}
}

// TestMeetingsSleep: ranks that sleep because one is late are woken by it, and by nobody before.
func TestMeetingsSleep(t *testing.T) {
	const n = 4
	for late := range n {
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			b, err := crowdedBoard(c)
			if err != nil {
				return err
			}
			x := []int{c.Rank()}
			for range 5 {
				if c.Rank() == late {
					for begin := time.Now(); atomic.LoadUint32(b.resting()) != n-1; runtime.Gosched() {
						if time.Since(begin) > time.Minute {
							return fmt.Errorf("%d of %d ranks rest", atomic.LoadUint32(b.resting()), n-1)
						}
					}
				}
				if err := Allreduce(c, x, []int{c.Rank()}, Sum); err != nil || x[0] != n*(n-1)/2 {
					return fmt.Errorf("%d, %v", x[0], err)
				}
			}
			return nil
		})
	}
}

// TestMeetingsDead: a rank that ends, before it arrives or after, ends those who wait for it.
func TestMeetingsDead(t *testing.T) {
	end := errors.New("this rank ends")
	for dead := range 3 {
		for _, asleep := range []bool{false, true} {
			err := mpi.RunLocal(3, func(c *mpi.Comm) error {
				b, err := crowdedBoard(c)
				if err != nil {
					return err
				}
				for i := 0; ; i++ {
					if c.Rank() == dead && i == 7 {
						for asleep && atomic.LoadUint32(b.resting()) != 2 {
							runtime.Gosched()
						}
						return end
					}
					if err := Barrier(c); err != nil {
						if i < 6 {
							return fmt.Errorf("barrier %d: %w", i, err)
						}
						return err
					}
				}
			})
			if !errors.Is(err, end) {
				t.Errorf("rank %d, the others asleep: %v: %v, want %v", dead, asleep, err, end)
			}
			if err != nil && strings.Contains(err.Error(), "barrier ") {
				t.Error(err)
			}
		}
	}
}

// TestScanChainDisagrees: a rank that disagrees is found out by itself and by all above, if it isn't the lowest.
func TestScanChainDisagrees(t *testing.T) {
	for odd := 1; odd < 4; odd++ {
		mpitest.Run(t, 4, func(c *mpi.Comm) error {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			if _, err := crowdedBoard(d); err != nil {
				return err
			}
			x, op := make([]byte, chainLink+1), Sum
			if d.Rank() == odd {
				op = Max
			}
			if err := Scan(d, x, x, op); errors.Is(err, ErrMismatch) != (d.Rank() >= odd) {
				return fmt.Errorf("Scan, rank %d is the odd one: %v", odd, err)
			}
			return Barrier(c) // nobody ends before
		})
	}
}
