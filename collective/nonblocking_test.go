package collective_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestNonblocking waits and tests, one operation at a time.
func TestNonblocking(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		for i := range operations {
			for _, k := range []int{0, 1, 49, 5000, 70000} {
				s, err := operation(c, i, k)
				if err != nil {
					return err
				}
				r, err := s.begin(s.dst)
				if err != nil {
					return err
				}
				if k%2 == 0 {
					err = r.Wait()
				} else {
					for done := false; !done && err == nil; {
						done, err = r.Test()
					}
				}
				if err = errors.Join(err, s.check()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TestPersistent starts prepared operations, all at once and again and again.
func TestPersistent(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		var reqs []*collective.Request
		var ops []*started
		for i := range operations {
			for _, k := range []int{0, 1, 5000} {
				s, err := operation(c, i, k)
				if err != nil {
					return err
				}
				r, err := s.init(s.dst)
				if err != nil {
					return err
				}
				if err := r.Wait(); err != nil { // not started
					return err
				}
				reqs, ops = append(reqs, r), append(ops, s)
			}
		}
		for range 3 {
			for _, s := range ops {
				s.reset(c)
			}
			collective.StartAll(reqs...)
			if err := collective.WaitAll(reqs...); err != nil {
				return err
			}
			for i, s := range ops {
				if reqs[i] == nil {
					return fmt.Errorf("WaitAll has taken a persistent request away")
				}
				if err := s.check(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TestManyStarted has many operations under way on several communicators, waits for them in any order and any way, and does
// blocking collectives and messages meanwhile.
func TestManyStarted(t *testing.T) {
	everywhere(t, func(world *mpi.Comm) error { return manyStarted(world, 4) })
}

func manyStarted(world *mpi.Comm, rounds int) error {
	var comms [3]*mpi.Comm
	for i := range comms {
		var err error
		if comms[i], err = world.Dup(); err != nil {
			return err
		}
	}
	same := rand.New(rand.NewPCG(1, 2))                   // on all ranks
	own := rand.New(rand.NewPCG(uint64(world.Rank()), 3)) // this rank's
	for round := range rounds {
		var reqs []*collective.Request
		var ops []*started
		for range 12 {
			c := comms[same.IntN(len(comms))]
			s, err := operation(c, same.IntN(operations), []int{0, 1, 300, 5000, 70000}[same.IntN(5)])
			if err != nil {
				return err
			}
			r, err := s.begin(s.dst)
			if err != nil {
				return err
			}
			reqs, ops = append(reqs, r), append(ops, s)
			switch same.IntN(4) {
			case 0:
				if err := collective.Barrier(c); err != nil {
					return err
				}
			case 1:
				x := []int{1}
				if err := collective.Allreduce(c, x, x, collective.Sum); err != nil || x[0] != c.Size() {
					return fmt.Errorf("a blocking sum is %d: %w", x[0], err)
				}
			case 2:
				in, out := []int{-1}, []int{world.Rank()}
				left, right := (world.Rank()+world.Size()-1)%world.Size(), (world.Rank()+1)%world.Size()
				if _, err := mpi.Sendrecv(world, out, right, 1, in, left, 1); err != nil || in[0] != left {
					return fmt.Errorf("received %d from %d: %w", in[0], left, err)
				}
			}
		}
		switch round % 4 {
		case 0:
			if err := collective.WaitAll(reqs...); err != nil {
				return err
			}
		case 1:
			own.Shuffle(len(reqs), func(i, j int) { reqs[i], reqs[j] = reqs[j], reqs[i] })
			for _, r := range reqs {
				if err := r.Wait(); err != nil {
					return err
				}
			}
		case 2:
			for n := 0; ; n++ {
				i, err := collective.WaitAny(reqs...)
				if err != nil {
					return err
				}
				if i < 0 {
					if n != len(ops) {
						return fmt.Errorf("WaitAny has found %d of %d", n, len(ops))
					}
					break
				}
				if err := ops[i].check(); err != nil {
					return err
				}
			}
		case 3:
			for left := len(reqs); left > 0; {
				i := own.IntN(len(reqs))
				if reqs[i] == nil {
					continue
				}
				ok, err := reqs[i].Test()
				if err != nil {
					return err
				}
				if ok {
					reqs[i] = nil
					left--
				}
			}
		}
		for _, s := range ops {
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	for _, c := range comms {
		if err := c.Free(); err != nil {
			return err
		}
	}
	return nil
}

// TestOverlap: the operation goes on while the program makes no call at all. Every rank computes until all ranks
// but the last have their results, and only they wait.
func TestOverlap(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for _, k := range []int{1, 100000} {
			var got atomic.Int32
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				x, sum := make([]int, k), make([]int, k)
				for i := range x {
					x[i] = c.Rank() + i
				}
				r, err := collective.Iallreduce(c, sum, x, collective.Sum)
				if err != nil {
					return err
				}
				last := c.Rank() == n-1
				if last {
					for got.Load() < int32(n-1) { // computing
					}
				}
				if err := r.Wait(); err != nil {
					return err
				}
				got.Add(1)
				for i, s := range sum {
					if want := n*(n-1)/2 + n*i; s != want {
						return fmt.Errorf("element %d is %d, want %d", i, s, want)
					}
				}
				return nil
			})
		}
	}
}

// TestStartedOneProcessor polls with Test, and waits, where every goroutine needs the one processor.
func TestStartedOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		for i := range 2 * operations {
			s, err := operation(c, i, 100)
			if err != nil {
				return err
			}
			r, err := s.begin(s.dst)
			if err != nil {
				return err
			}
			for c.Rank() != i%3 {
				done, err := r.Test()
				if err != nil {
					return err
				}
				if done {
					r = nil
					break
				}
			}
			if r != nil {
				if err := r.Wait(); err != nil {
					return err
				}
			}
			if err := s.check(); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestStartedAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	for _, k := range []int{1, 20000} {
		mpitest.Run(t, 2, func(c *mpi.Comm) error {
			a, b := make([]float64, k), make([]float64, k)
			p, err := collective.AllreduceInit(c, a, b, collective.Sum)
			if err != nil {
				return err
			}
			var reqs [3]*collective.Request
			step := func() {
				reqs[0], _ = collective.Ibarrier(c)
				reqs[1], _ = collective.Ibcast(c, a, 1)
				reqs[2], _ = collective.Ireduce(c, a, b, collective.Max, 0)
				collective.WaitAll(reqs[:]...)
				r, _ := collective.Iallreduce(c, a, b, collective.Sum)
				for done := false; !done; {
					done, _ = r.Test()
				}
				p.Start()
				p.Wait()
			}
			for range 100 {
				step()
			}
			got := 1e9
			for range 3 {
				got = min(got, testing.AllocsPerRun(100, step))
			}
			if got > 0 {
				return fmt.Errorf("%d elements: %v allocations a step", k, got)
			}
			return nil
		})
	}
}

// TestStartedNeighbors compares the forms of the neighbourhood collectives on a ring.
func TestStartedNeighbors(t *testing.T) {
	everywhere(t, func(world *mpi.Comm) error {
		c, err := world.Cart([]int{world.Size()}, []bool{true}, false)
		if err != nil {
			return err
		}
		const k = 3
		one, two := pattern(c.Rank(), k), pattern(c.Rank()+100, 2*k)
		counts, displs := []int{k, k}, []int{k, 0}
		layouts := []mpi.Layout{layout.Contiguous(k), layout.Contiguous(k).At(k)}
		type request = *collective.Request
		for i, f := range [][3]func(dst []byte) (request, error){
			{
				func(dst []byte) (request, error) { return nil, collective.NeighborAllgather(c, dst, one) },
				func(dst []byte) (request, error) { return collective.IneighborAllgather(c, dst, one) },
				func(dst []byte) (request, error) { return collective.NeighborAllgatherInit(c, dst, one) }},
			{
				func(dst []byte) (request, error) {
					return nil, collective.NeighborAllgatherv(c, dst, counts, displs, one)
				},
				func(dst []byte) (request, error) {
					return collective.IneighborAllgatherv(c, dst, counts, displs, one)
				},
				func(dst []byte) (request, error) {
					return collective.NeighborAllgathervInit(c, dst, counts, displs, one)
				}},
			{
				func(dst []byte) (request, error) { return nil, collective.NeighborAlltoall(c, dst, two) },
				func(dst []byte) (request, error) { return collective.IneighborAlltoall(c, dst, two) },
				func(dst []byte) (request, error) { return collective.NeighborAlltoallInit(c, dst, two) }},
			{
				func(dst []byte) (request, error) {
					return nil, collective.NeighborAlltoallv(c, dst, counts, displs, two, counts, nil)
				},
				func(dst []byte) (request, error) {
					return collective.IneighborAlltoallv(c, dst, counts, displs, two, counts, nil)
				},
				func(dst []byte) (request, error) {
					return collective.NeighborAlltoallvInit(c, dst, counts, displs, two, counts, nil)
				}},
			{
				func(dst []byte) (request, error) {
					return nil, collective.NeighborAlltoallw(c, dst, layouts, two, layouts)
				},
				func(dst []byte) (request, error) {
					return collective.IneighborAlltoallw(c, dst, layouts, two, layouts)
				},
				func(dst []byte) (request, error) {
					return collective.NeighborAlltoallwInit(c, dst, layouts, two, layouts)
				}},
		} {
			var got [4][]byte // blocking, nonblocking, persistent, persistent again
			var r request
			for form := range got {
				got[form] = make([]byte, 2*k)
				switch {
				case form < 3:
					if r, err = f[form](got[form]); err != nil {
						return err
					}
					if form == 2 {
						r.Start()
					}
				default:
					got[form] = got[2]
					clear(got[2])
					r.Start()
				}
				if form > 0 {
					if err := r.Wait(); err != nil {
						return err
					}
				}
				if err := differ(fmt.Sprintf("operation %d, form %d", i, form), got[form], got[0]); err != nil {
					return err
				}
			}
		}
		return c.Free()
	})
}
