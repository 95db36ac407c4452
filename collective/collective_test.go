package collective_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// worlds are the sizes of communicators; powers of two and their neighbours.
var worlds = []int{1, 2, 3, 5, 7, 8}

// lengths in bytes lie around every threshold of the protocol below.
var lengths = []int{0, 1, 48, 49, 1000, 4080, 4081, 4096, 4097, 32768, 32769, 262145}

// roots are the ranks to try as root for a length: all, or for long messages the first and the last.
func roots(n, k int) []int {
	if k > 1<<16 && n > 2 {
		return []int{0, n - 1}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// pattern is what rank sends in a test.
func pattern(rank, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rank*31 + i*7 + i>>8)
	}
	return b
}

// all is the patterns of n ranks, side by side.
func all(n, k int) []byte {
	var b []byte
	for r := range n {
		b = append(b, pattern(r, k)...)
	}
	return b
}

// everywhere runs fn on worlds of every size.
func everywhere(t *testing.T, fn func(c *mpi.Comm) error) {
	t.Helper()
	for _, n := range worlds {
		t.Run(fmt.Sprint(n), func(t *testing.T) { mpitest.Run(t, n, fn) })
	}
}

// differ describes the first difference, nil if there is none.
func differ[T comparable](what string, got, want []T) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%s: element %d of %d is %v, want %v", what, i, len(got), got[i], want[i])
		}
	}
	return nil
}

func TestBcast(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for _, k := range lengths {
			for _, root := range roots(c.Size(), k) {
				buf := make([]byte, k)
				if c.Rank() == root {
					copy(buf, pattern(root, k))
				}
				if err := collective.Bcast(c, buf, root); err != nil {
					return err
				}
				if err := differ(fmt.Sprintf("rank %d, root %d", c.Rank(), root), buf, pattern(root, k)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestGather(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for _, k := range lengths {
			for _, root := range roots(c.Size(), k) {
				var dst []byte
				src := pattern(c.Rank(), k)
				if c.Rank() == root {
					dst = make([]byte, k*c.Size())
					if k%2 == 1 { // in place
						own := dst[root*k : (root+1)*k]
						copy(own, src)
						src = own
					}
				}
				if err := collective.Gather(c, dst, src, root); err != nil {
					return err
				}
				if c.Rank() != root {
					continue
				}
				if err := differ(fmt.Sprintf("root %d", root), dst, all(c.Size(), k)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestScatter(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for _, k := range lengths {
			for _, root := range roots(c.Size(), k) {
				var src []byte
				dst := make([]byte, k)
				if c.Rank() == root {
					src = all(c.Size(), k)
					if k%2 == 1 { // in place
						dst = src[root*k : (root+1)*k]
					}
				}
				if err := collective.Scatter(c, dst, src, root); err != nil {
					return err
				}
				if err := differ(fmt.Sprintf("rank %d, root %d", c.Rank(), root), dst, pattern(c.Rank(), k)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestAllgather(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for _, k := range lengths {
			dst, src := make([]byte, k*c.Size()), pattern(c.Rank(), k)
			if k%2 == 1 { // in place
				own := dst[c.Rank()*k : (c.Rank()+1)*k]
				copy(own, src)
				src = own
			}
			if err := collective.Allgather(c, dst, src); err != nil {
				return err
			}
			if err := differ(fmt.Sprintf("rank %d", c.Rank()), dst, all(c.Size(), k)); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestReduceLengths is Reduce and Allreduce at every threshold, root and place.
func TestReduceLengths(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for _, k := range lengths {
			want := make([]byte, k)
			for r := range c.Size() {
				for i, x := range pattern(r, k) {
					want[i] += x
				}
			}
			for _, root := range roots(c.Size(), k) {
				var dst []byte
				src := pattern(c.Rank(), k)
				if c.Rank() == root {
					dst = make([]byte, k)
					if k%2 == 1 {
						dst = src
					}
				}
				if err := collective.Reduce(c, dst, src, collective.Sum, root); err != nil {
					return err
				}
				if c.Rank() == root {
					if err := differ(fmt.Sprintf("Reduce to %d", root), dst, want); err != nil {
						return err
					}
				} else if err := differ("src after Reduce", src, pattern(c.Rank(), k)); err != nil {
					return err
				}
			}
			src := pattern(c.Rank(), k)
			dst := make([]byte, k)
			if err := collective.Allreduce(c, dst, src, collective.Sum); err != nil {
				return err
			}
			if err := differ("Allreduce", dst, want); err != nil {
				return err
			}
			if err := collective.Allreduce(c, src, src, collective.Sum); err != nil {
				return err
			}
			if err := differ("Allreduce in place", src, want); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestBarrier(t *testing.T) {
	for _, n := range worlds {
		var here atomic.Int64
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			for round := range 200 {
				here.Add(1)
				if err := collective.Barrier(c); err != nil {
					return err
				}
				if got := here.Load(); got < int64((round+1)*n) {
					return fmt.Errorf("round %d of %d ranks: left with %d arrivals, want at least %d", round, n, got, (round+1)*n)
				}
			}
			return nil
		})
	}
}

// TestBesideMessages runs collectives while wildcard receives of package mpi are posted.
func TestBesideMessages(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		in := []int{-1}
		r := mpi.Irecv(c, in, mpi.AnySource, mpi.AnyTag)
		x := []int{c.Rank()}
		for range 10 {
			sum := []int{0}
			if err := collective.Allreduce(c, sum, x, collective.Sum); err != nil {
				return err
			}
			if want := c.Size() * (c.Size() - 1) / 2; sum[0] != want {
				return fmt.Errorf("sum %d, want %d", sum[0], want)
			}
			if err := collective.Barrier(c); err != nil {
				return err
			}
		}
		right := (c.Rank() + 1) % c.Size()
		if err := mpi.Send(c, x, right, 3); err != nil {
			return err
		}
		st, err := r.Wait()
		if err != nil {
			return err
		}
		if in[0] != st.Source || st.Tag != 3 || (st.Source+1)%c.Size() != c.Rank() {
			return fmt.Errorf("received %d with %+v", in[0], st)
		}
		return nil
	})
}

// TestSplit runs collectives in communicators whose ranks are in another order,
// at the same time in each and in turn with the world.
func TestSplit(t *testing.T) {
	everywhere(t, func(world *mpi.Comm) error {
		c, err := world.Split(world.Rank()%2, -world.Rank())
		if err != nil {
			return err
		}
		for round := range 5 {
			root := round % c.Size()
			ids := make([]int, c.Size())
			if err := collective.Allgather(c, ids, []int{world.Rank()}); err != nil {
				return err
			}
			var want []int
			for r := world.Size() - 1; r >= 0; r-- {
				if r%2 == world.Rank()%2 {
					want = append(want, r)
				}
			}
			if err := differ("members", ids, want); err != nil {
				return err
			}
			sum := []int{-1}
			if err := collective.Reduce(c, sum, []int{world.Rank()}, collective.Sum, root); err != nil {
				return err
			}
			if err := collective.Bcast(c, sum, root); err != nil {
				return err
			}
			total := 0
			for _, r := range want {
				total += r
			}
			if sum[0] != total {
				return fmt.Errorf("sum %d, want %d", sum[0], total)
			}
			if err := collective.Barrier(c); err != nil {
				return err
			}
			if err := collective.Bcast(world, sum, 0); err != nil {
				return err
			}
		}
		return c.Free()
	})
}

// TestManyCommunicators goes beyond those that have a counter in shared memory.
func TestManyCommunicators(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		var last *mpi.Comm
		for range 1100 {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			last = d
		}
		if last.Counter() != nil {
			return fmt.Errorf("communicator 1100 has a counter: the test is out of date")
		}
		for range 10 {
			if err := collective.Barrier(last); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	mpitest.Run(t, 5, func(c *mpi.Comm) error {
		for range 50 {
			if err := collective.Barrier(c); err != nil {
				return err
			}
			got := []int{0}
			if err := collective.Allreduce(c, got, []int{c.Rank()}, collective.Max); err != nil {
				return err
			}
			if got[0] != 4 {
				return fmt.Errorf("max %d, want 4", got[0])
			}
		}
		return nil
	})
}

func TestAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	type meters float64
	for _, k := range []int{1, 500, 20000} {
		for _, n := range []int{2, 3} {
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				a, b := make([]float64, k), make([]float64, k)
				m := make([]meters, k)
				step := func() {
					collective.Barrier(c)
					collective.Bcast(c, a, 0)
					collective.Allreduce(c, a, b, collective.Sum)
					collective.Allreduce(c, m, m, collective.Max)
					collective.Reduce(c, a, b, collective.Min, n-1)
				}
				for range 200 {
					step()
				}
				// The least of three, the same on all ranks: others in this process allocate as well, now and then.
				got := math.Inf(1)
				for range 3 {
					got = min(got, testing.AllocsPerRun(200, step))
				}
				if got > 0 {
					return fmt.Errorf("%d elements on %d ranks: %v allocations a step", k, n, got)
				}
				return nil
			})
		}
	}
}

func TestMisuse(t *testing.T) {
	x := make([]int, 12)
	type pointers struct {
		_    int
		Name string
	}
	cases := []struct {
		name, want string
		call       func(c *mpi.Comm)
	}{
		{"root", "collective: root outside of the communicator", func(c *mpi.Comm) { collective.Bcast(c, x, 3) }},
		{"negative root", "collective: root outside of the communicator", func(c *mpi.Comm) { collective.Gather(c, x, x[:4], -1) }},
		{"no op", "collective: not an operation", func(c *mpi.Comm) { collective.Allreduce(c, x, x, collective.Op(0)) }},
		{"wrong op", "collective: not an operation", func(c *mpi.Comm) { collective.Allreduce(c, x, x, collective.Op(99)) }},
		{"no function", "collective: no function", func(c *mpi.Comm) { collective.AllreduceFunc(c, x, x, nil) }},
		{"struct", "collective: operation does not take this element type", func(c *mpi.Comm) {
			s := make([]struct{ a int }, 1)
			collective.Reduce(c, s, s, collective.Sum, 0)
		}},
		{"pointer", "mpi: element type holds a pointer: collective_test.pointers.Name (string)", func(c *mpi.Comm) {
			collective.Bcast(c, make([]pointers, 1), 0)
		}},
		{"lengths", "collective: dst and src differ in length", func(c *mpi.Comm) { collective.Allreduce(c, x[:2], x[2:5], collective.Sum) }},
		{"short dst", "collective: dst must hold one src per rank", func(c *mpi.Comm) { collective.Allgather(c, x[:5], x[6:8]) }},
		{"long dst", "collective: dst must hold one src per rank", func(c *mpi.Comm) { collective.Gather(c, x[:7], x[8:10], c.Rank()) }},
		{"short src", "collective: src must hold one dst per rank", func(c *mpi.Comm) { collective.Scatter(c, x[:2], x[2:7], c.Rank()) }},
		{"overlap", "collective: dst and src overlap in part", func(c *mpi.Comm) { collective.Allreduce(c, x[:4], x[1:5], collective.Sum) }},
		{"other piece", "collective: dst and src overlap in part", func(c *mpi.Comm) {
			i := (c.Rank() + 1) % 3
			collective.Allgather(c, x, x[i*4:i*4+4])
		}},
		{"beside its piece", "collective: dst and src overlap in part", func(c *mpi.Comm) {
			i := c.Rank()*3 + 1
			collective.Scatter(c, x[i:i+3], x[:9], c.Rank())
		}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			mpitest.Run(t, 3, func(c *mpi.Comm) (err error) {
				defer func() {
					if got := recover(); got != k.want {
						err = fmt.Errorf("panic %v, want %q", got, k.want)
					}
				}()
				k.call(c)
				return nil
			})
		})
	}
}

func TestOpString(t *testing.T) {
	got := fmt.Sprint(collective.Sum, collective.Xor, collective.Op(77))
	if want := "sum xor op 77"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !slices.Contains([]collective.Op{collective.Min}, collective.Min) {
		t.Error("operations are not comparable")
	}
}
