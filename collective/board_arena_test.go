package collective

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// lentCase is an operation on buffers of k numbers for each rank: how many a rank gives and gets in units of k, and whether the two may be the same.
type lentCase struct {
	name        string
	gives, gets func(rank, n int) int
	inPlace     func(rank, n, k int) (src int, ok bool) // where in dst src may begin
	op          func(c *mpi.Comm, dst, src []float32) error
}

const lentRoot = 1

func lentCases() []lentCase {
	one := func(_, _ int) int { return 1 }
	each := func(_, n int) int { return n }
	root := func(of func(_, _ int) int) func(_, _ int) int {
		return func(rank, n int) int {
			if rank == lentRoot {
				return of(rank, n)
			}
			return 0
		}
	}
	same := func(_, _, _ int) (int, bool) { return 0, true }
	own := func(rank, _, k int) (int, bool) { return rank * k, true }
	atRoot := func(in func(_, _, _ int) (int, bool)) func(_, _, _ int) (int, bool) {
		return func(rank, n, k int) (int, bool) {
			at, _ := in(rank, n, k)
			return at, rank == lentRoot
		}
	}
	return []lentCase{
		{"Bcast", root(one), one, atRoot(same), func(c *mpi.Comm, dst, src []float32) error {
			if c.Rank() == lentRoot {
				err := Bcast(c, src, lentRoot)
				copy(dst, src)
				return err
			}
			return Bcast(c, dst, lentRoot)
		}},
		{"Reduce", one, root(one), atRoot(same), func(c *mpi.Comm, dst, src []float32) error { return Reduce(c, dst, src, Sum, lentRoot) }},
		{"Allreduce", one, one, same, func(c *mpi.Comm, dst, src []float32) error { return Allreduce(c, dst, src, Sum) }},
		{"AllreduceFunc", one, one, same, func(c *mpi.Comm, dst, src []float32) error {
			return AllreduceFunc(c, dst, src, func(a, b float32) float32 { return a/2 + b })
		}},
		{"Allgather", one, each, own, Allgather[float32]},
		{"Alltoall", each, each, same, Alltoall[float32]},
		{"Gather", one, root(each), atRoot(own), func(c *mpi.Comm, dst, src []float32) error { return Gather(c, dst, src, lentRoot) }},
		{"Scatter", root(each), one, nil, func(c *mpi.Comm, dst, src []float32) error { return Scatter(c, dst, src, lentRoot) }},
		{"ReduceScatterBlock", each, one, nil, func(c *mpi.Comm, dst, src []float32) error { return ReduceScatterBlock(c, dst, src, Sum) }},
		{"Iallreduce", one, one, same, func(c *mpi.Comm, dst, src []float32) error {
			r, err := Iallreduce(c, dst, src, Sum)
			if err != nil {
				return err
			}
			return r.Wait()
		}},
	}
}

// inArena is a copy of x in this rank's arena, some elements from the beginning of its block.
func inArena(c *mpi.Comm, x []float32, off int) ([]float32, *mpi.Buf[float32], error) {
	buf, err := mpi.Alloc[float32](c, len(x)+off)
	if err != nil {
		return nil, nil, err
	}
	y := buf.Slice()[off:]
	copy(y, x)
	return y, buf, nil
}

// spoilt is what buffers hold as soon as an operation has returned.
const spoilt = -12345

// TestLent: with buffers in the arenas of some ranks the results have the same bits as without, and a buffer may be written
// and freed as soon as its rank has returned.
func TestLent(t *testing.T) {
	for _, tt := range []struct {
		n     int
		crowd bool
	}{{2, false}, {3, false}, {3, true}, {5, true}} {
		n := tt.n
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			b, err := boardOf(c)
			if err != nil {
				return err
			}
			b.crowd, b.lendFrom = tt.crowd, tune.LendFrom(false)
			for _, k := range []int{tune.LendFrom(false)/4 + 1, 27_001} {
				for _, lc := range lentCases() {
					// The same on all ranks: who lends, and where it writes.
					for _, lend := range []uint{1<<n - 1, 1 << lentRoot, 1<<n - 1 - 1<<lentRoot} {
						for _, places := range []uint{0, 1<<n - 1, 1} {
							if err := lc.try(c, k, lend, places); err != nil {
								return fmt.Errorf("%d ranks, %s of %d numbers, in arenas of ranks %b, in place on %b: %w", n, lc.name, k, lend, places, err)
							}
						}
					}
				}
			}
			return nil
		})
	}
}

func (lc *lentCase) try(c *mpi.Comm, k int, lend, places uint) error {
	me, n := c.Rank(), c.Size()
	rng := rand.New(rand.NewPCG(uint64(k), uint64(me)))
	src := make([]float32, lc.gives(me, n)*k)
	for i := range src {
		src[i] = rng.Float32() - 0.5
	}
	want := make([]float32, lc.gets(me, n)*k)
	if err := lc.op(c, want, slices.Clone(src)); err != nil {
		return fmt.Errorf("plain: %w", err)
	}
	dst, mine := make([]float32, len(want)), src
	free := func() error { return nil }
	if at, ok := 0, places>>me&1 != 0 && lc.inPlace != nil; ok {
		if at, ok = lc.inPlace(me, n, k); ok && len(dst) > 0 && len(src) > 0 {
			copy(dst[at:], src)
			mine = dst[at:][:len(src)]
			if lend>>me&1 != 0 {
				all, buf, err := inArena(c, dst, 3)
				if err != nil {
					return err
				}
				dst, mine, free = all, all[at:][:len(src)], buf.Free
			}
		}
	}
	if lend>>me&1 != 0 && len(src) > 0 && &mine[0] == &src[0] {
		var err error
		var buf *mpi.Buf[float32]
		if mine, buf, err = inArena(c, src, 5); err != nil {
			return err
		}
		free = buf.Free
	}
	err := lc.op(c, dst, mine)
	got := slices.Clone(dst)
	for i := range mine { // others may not read it any more
		mine[i] = spoilt
	}
	if err := errors.Join(err, free()); err != nil {
		return err
	}
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("element %d of %d on rank %d is %g, want %g", i, len(want), me, got[i], want[i])
		}
	}
	return nil
}

// TestLentIsNotCopied: data in an arena does not go through cells.
func TestLentIsNotCopied(t *testing.T) {
	for _, n := range []int{2, 3} {
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			b, err := boardOf(c)
			if err != nil {
				return err
			}
			b.lendFrom = tune.LendFrom(false)
			const k = 40_000
			for _, lc := range lentCases() {
				if lc.name == "Iallreduce" || n > 2 && (lc.name == "Reduce" || lc.name == "Allreduce" || lc.name == "AllreduceFunc") {
					continue // another board; slices of the result are in cells
				}
				me := c.Rank()
				src, buf, err := inArena(c, make([]float32, lc.gives(me, n)*k), 0)
				if err != nil {
					return err
				}
				dst := make([]float32, lc.gets(me, n)*k)
				cells := unsafe.Slice((*byte)(unsafe.Add(b.base, b.cells)), n*b.rounds*b.cell)
				if err := Barrier(c); err != nil {
					return err
				}
				for i := range b.rounds {
					copy(cells[(me*b.rounds+i)*b.cell:][:b.cell], slices.Repeat([]byte{0xee}, b.cell))
				}
				first := b.round
				if err := errors.Join(lc.op(c, dst, src), buf.Free()); err != nil {
					return err
				}
				if (lc.name != "Gather" || me != lentRoot) && b.round > first+uint64(n*4*k/b.cell)+1 {
					return fmt.Errorf("%s took %d rounds", lc.name, b.round-first)
				}
				for i, v := range cells[me*b.rounds*b.cell:][:b.rounds*b.cell] {
					if v != 0xee {
						return fmt.Errorf("%s with %d ranks: rank %d has written to byte %d of its cells", lc.name, n, me, i)
					}
				}
			}
			return nil
		})
	}
}

// TestLentAllocs: nothing is allocated, wherever buffers lie.
func TestLentAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		const k = 20_000
		me := c.Rank()
		for _, lc := range lentCases() {
			src, buf, err := inArena(c, make([]float32, lc.gives(me, 2)*k), 0)
			if err != nil {
				return err
			}
			dst := make([]float32, lc.gets(me, 2)*k)
			var failed error
			once := func() {
				if err := lc.op(c, dst, src); err != nil {
					failed = err
				}
			}
			for range 50 {
				once()
			}
			// The least of three, the same on all ranks: others in this process allocate as well, now and then.
			got := math.Inf(1)
			for range 3 {
				got = min(got, testing.AllocsPerRun(50, once))
			}
			if got > 0 && lc.name != "AllreduceFunc" { // which makes its function anew
				return fmt.Errorf("%s: %g allocations", lc.name, got)
			}
			if err := errors.Join(failed, buf.Free()); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestLentLengths: a length that the signatures don't tell apart is an error on both ranks, not a read behind a buffer.
func TestLentLengths(t *testing.T) {
	const a = maxBytes + 1 // bytes; b has the same signature
	fold := func(n uint64) uint64 { return (n ^ n>>23 ^ n>>46) & maxBytes }
	b := uint64(a + 1)
	for fold(b) != fold(a) {
		b++
	}
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		n := a
		if c.Rank() == 1 {
			n = int(b)
		}
		if (&job{code: opBcast, dst: block{bytes: a}}).sign() != (&job{code: opBcast, dst: block{bytes: int(b)}}).sign() {
			return errors.New("the signatures differ")
		}
		buf, err := mpi.Alloc[byte](c, n)
		if err != nil {
			return err
		}
		defer buf.Free()
		dst := make([]byte, 2*n)
		if err := Allgather(c, dst, buf.Slice()); !errors.Is(err, ErrMismatch) {
			return fmt.Errorf("lengths %d and %d: %v, want %v", a, b, err, ErrMismatch)
		}
		return nil
	})
}

// TestLentNonsense: what another process says about its data is checked.
func TestLentNonsense(t *testing.T) {
	const k = 1 << 20
	for name, said := range map[string]loan{
		"an offset outside":      {heap: 1, off: 1 << 50, bytes: k},
		"an offset that wraps":   {heap: 1, off: ^uint64(0) - 100, bytes: k},
		"in front of the data":   {heap: 1, off: 0, bytes: k},
		"the arena of nobody":    {heap: 3, off: 1 << 20, bytes: k},
		"the arena of far above": {heap: 1 << 31, off: 1 << 20, bytes: k},
		"an arena without data":  {heap: 2, off: 1 << 62, bytes: k},
		"another length":         {heap: 0, bytes: k + 8},
	} {
		t.Run(name, func(t *testing.T) {
			err := mpi.RunLocal(2, func(c *mpi.Comm) error {
				b, err := boardOf(c)
				if err != nil {
					return err
				}
				src := make([]byte, k)
				if c.Rank() == 1 { // it publishes nonsense, and stays
					b.loans.mine, b.loans.saying = said, true
					b.round++
					b.publish((&job{code: opBcast, root: 1, dst: blockOf(src)}).sign())
					_, err := mpi.Recv(c, make([]byte, 1), 0, 0)
					return err
				}
				want := engine.ErrCorrupt
				if said.bytes != k {
					want = ErrMismatch
				}
				if err := Bcast(c, src, 1); !errors.Is(err, want) {
					return fmt.Errorf("Bcast: %v, want %v", err, want)
				}
				return mpi.Send(c, []byte{1}, 1, 0)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLentRecalled: a lender that gives up waiting takes its buffer back, and who has not left by then gets an error.
func TestLentRecalled(t *testing.T) {
	const k = 1 << 20
	err := mpi.RunLocal(2, func(c *mpi.Comm) error {
		b, err := boardOf(c)
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			buf, err := mpi.Alloc[byte](c, k)
			if err != nil {
				return err
			}
			defer buf.Free()
			ctx, stop := context.WithCancel(context.Background())
			go func() { // when the loan is there to be seen
				for atomic.LoadUint64((*uint64)(b.place(0, firstRound+2))) != firstRound+2 {
					runtime.Gosched()
				}
				stop()
			}()
			if err := Bcast(c.WithContext(ctx), buf.Slice(), 0); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("Bcast of the lender: %v, want %v", err, context.Canceled)
			}
			if err := mpi.Send(c, []byte{1}, 1, 0); err != nil {
				return err
			}
			_, err = mpi.Recv(c, make([]byte, 1), 1, 0)
			return err
		}
		if _, err := mpi.Recv(c, make([]byte, 1), 0, 0); err != nil {
			return err
		}
		if err := Bcast(c, make([]byte, k), 0); !errors.Is(err, ErrGaveUp) {
			return fmt.Errorf("Bcast of the reader: %v, want %v", err, ErrGaveUp)
		}
		return mpi.Send(c, []byte{1}, 0, 0)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLentDeath: when a rank goes away instead of taking part, all others get an error from every operation that depends on it.
func TestLentDeath(t *testing.T) {
	const n, k = 3, 100_000
	for _, lc := range lentCases() {
		for dead := range n {
			t.Run(fmt.Sprintf("%s without rank %d", lc.name, dead), func(t *testing.T) {
				var failed atomic.Int32
				gone := errors.New("gone")
				_ = mpi.RunLocal(n, func(c *mpi.Comm) error {
					if _, err := boardOf(c); err != nil {
						return err
					}
					me := c.Rank()
					// Not freed: others may read what is worth nothing any more until they see the recall.
					src, _, err := inArena(c, make([]float32, lc.gives(me, n)*k), 0)
					if err != nil {
						return err
					}
					if me == dead {
						return gone
					}
					ctx, stop := context.WithTimeout(context.Background(), time.Minute)
					defer stop()
					err = lc.op(c.WithContext(ctx), make([]float32, lc.gets(me, n)*k), src)
					if errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("rank %d hangs: %v", me, err)
					}
					if err != nil {
						failed.Add(1)
					}
					return err
				})
				// A lender depends on all readers, a reader on the lender. Those of a living root don't wait for each other.
				least := int32(n - 1)
				if (lc.name == "Bcast" || lc.name == "Scatter" || lc.name == "Gather") && dead != lentRoot {
					least = 1
				}
				if failed.Load() < least {
					t.Errorf("%d ranks got an error, want %d", failed.Load(), least)
				}
			})
		}
	}
}
