package arena

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestMove(t *testing.T) {
	h, v := newHeap(t, 16, 0, Config{})
	x, b := mustAlloc(t, h, 10000)
	fill(b, 7)

	m, err := h.Release(x, 1)
	must(t, err)
	wantDead(t, h, v, x)
	_, err = v.Bytes(m)
	wantErr(t, "Bytes of a moving block", err, ErrDead)
	wantErr(t, "Free of a moving block", h.Free(m), ErrDead)
	_, err = v.Release(m, 2)
	wantErr(t, "Release of a moving block", err, ErrDead)
	_, err = v.Accept(m, 2)
	wantErr(t, "Accept by a third rank", err, ErrRank)

	y, err := v.Accept(m, 1)
	must(t, err)
	wantDead(t, h, v, m)
	wantDead(t, h, v, x)
	if live := h.Live(); len(live) != 1 || live[0].Holder != 1 || live[0].Gen != y.Gen {
		t.Fatalf("Live() = %v after a move to rank 1 as %v", live, y)
	}
	c, err := v.Bytes(y)
	must(t, err)
	if &c[0] != &b[0] || len(c) != len(b) || cap(c) != len(b) {
		t.Fatal("the receiver has other memory than the sender had")
	}
	wantFilled(t, c, 7)

	// Onwards, and taken back by the one who sent it.
	m, err = v.Release(y, 2)
	must(t, err)
	z, err := v.Accept(m, 1)
	must(t, err)
	_, err = v.Accept(m, 2)
	wantErr(t, "Accept after it was taken back", err, ErrDead)
	must(t, v.Free(z))
	wantEmpty(t, h)
}

// A rank can move a block to itself, and to the largest rank there may be.
func TestMoveRanks(t *testing.T) {
	h, v := newHeap(t, 16, MaxRank, Config{})
	x, _ := mustAlloc(t, h, 1)
	for _, to := range []int{MaxRank, 0, MaxRank, 5, 5} {
		m, err := v.Release(x, to)
		must(t, err)
		x, err = v.Accept(m, to)
		must(t, err)
		if live := h.Live(); live[0].Holder != to {
			t.Fatalf("moved to %d, Live() = %v", to, live)
		}
	}
	for _, bad := range []int{-1, MaxRank + 1} {
		_, err := v.Release(x, bad)
		wantErr(t, "Release", err, ErrRank)
	}
	m, err := v.Release(x, 6)
	must(t, err)
	for _, bad := range []int{-1, 4, MaxRank + 1, MaxRank + 1 + 6} {
		_, err := v.Accept(m, bad)
		wantErr(t, "Accept", err, ErrRank)
	}
}

// The whole block moves, whatever part of it the handle names.
func TestMovePart(t *testing.T) {
	h, v := newHeap(t, 16, 0, Config{})
	x, b := mustAlloc(t, h, 100)
	for i := range b {
		b[i] = byte(i)
	}
	part, err := x.Sub(10, 20)
	must(t, err)
	part, err = part.Sub(5, 3)
	must(t, err)
	m, err := v.Release(part, 1)
	must(t, err)
	wantDead(t, h, v, x)
	y, err := v.Accept(m, 1)
	must(t, err)
	c, err := v.Bytes(y)
	must(t, err)
	if string(c) != string([]byte{15, 16, 17}) || cap(c) != 3 {
		t.Fatalf("bytes %v, cap %d", c, cap(c))
	}
	must(t, v.Free(y))
	wantEmpty(t, h)

	for _, c := range [][2]uint64{{0, 101}, {101, 0}, {100, 1}, {1, ^uint64(0)}, {^uint64(0), 1}} {
		_, err := x.Sub(c[0], c[1])
		wantErr(t, "Sub", err, ErrHandle)
	}
}

func TestHandlesOfNoBlock(t *testing.T) {
	h, v := newHeap(t, 16, 2, Config{Blocks: 100})
	x, _ := mustAlloc(t, h, 100)
	for name, c := range map[string]struct {
		change func(*Handle)
		want   error
	}{
		"owner":        {func(h *Handle) { h.Owner = 1 }, ErrHandle},
		"beyond table": {func(h *Handle) { h.Block = 100 }, ErrHandle},
		"huge block":   {func(h *Handle) { h.Block = 1<<32 - 1 }, ErrHandle},
		"never used":   {func(h *Handle) { h.Block = 99 }, ErrDead},
		"zero gen":     {func(h *Handle) { h.Block, h.Gen = 99, 0 }, ErrDead},
		"later gen":    {func(h *Handle) { h.Gen++ }, ErrDead},
		"too long":     {func(h *Handle) { h.Len = 101 }, ErrHandle},
		"off the end":  {func(h *Handle) { h.Off = 1 }, ErrHandle},
		"far off":      {func(h *Handle) { h.Off, h.Len = 101, 0 }, ErrHandle},
		"wraps":        {func(h *Handle) { h.Off, h.Len = 50, ^uint64(0)-10 }, ErrHandle},
		"wraps too":    {func(h *Handle) { h.Off, h.Len = ^uint64(0)-10, 50 }, ErrHandle},
	} {
		y := x
		c.change(&y)
		_, err := v.Bytes(y)
		wantErr(t, name+": Bytes", err, c.want)
		_, err = v.Release(y, 0)
		wantErr(t, name+": Release", err, c.want)
		wantErr(t, name+": View.Free", v.Free(y), c.want)
		wantErr(t, name+": Heap.Free", h.Free(y), c.want)

		m, err := v.Release(x, 1)
		must(t, err)
		y = m
		c.change(&y)
		_, err = v.Accept(y, 1)
		wantErr(t, name+": Accept", err, c.want)
		x, err = v.Accept(m, 1) // undisturbed
		must(t, err)
	}
}

// Of many that use one handle at the same time exactly one succeeds.
func TestOneWinner(t *testing.T) {
	h, v := newHeap(t, 64, 0, Config{})
	const goroutines = 4
	race := func(f func(g int) error) {
		t.Helper()
		var won, ready atomic.Int32
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				ready.Add(1)
				for ready.Load() < goroutines { // start together
					runtime.Gosched()
				}
				if err := f(g); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Fatalf("%d of %d succeeded", n, goroutines)
		}
	}
	for range 2000 {
		x, _ := mustAlloc(t, h, 1)
		var m, y Handle
		race(func(int) error {
			r, err := v.Release(x, 1)
			if err == nil {
				m = r // the only one that gets here
			}
			return err
		})
		race(func(g int) error { // receiver and sender both try
			r, err := v.Accept(m, g%2)
			if err == nil {
				y = r
			}
			return err
		})
		race(func(g int) error {
			if g%2 == 0 {
				return h.Free(y)
			}
			return v.Free(y)
		})
	}
	wantEmpty(t, h)
	if s := h.Stats(); s.Damaged != 0 {
		t.Fatalf("stats %+v", s)
	}
}

func TestBorrow(t *testing.T) {
	h, v := newHeap(t, 16, 0, Config{})
	_, b := mustAlloc(t, h, 3*PageSize)
	for i := range b {
		b[i] = byte(i % 251)
	}
	off, ok := h.Locate(b[100:200])
	if !ok {
		t.Fatal("a slice of a block was not found")
	}
	c, err := v.Window(off, 100)
	must(t, err)
	if &c[0] != &b[100] || len(c) != 100 || cap(c) != 100 {
		t.Fatal("Window gave other memory than Locate was asked for")
	}

	table := h.bytes(PageSize, 64)
	last := h.bytes(h.size-8, 8)
	for name, s := range map[string][]byte{
		"nil": nil, "empty": b[:0], "elsewhere": make([]byte, 10), "table": table, "header": h.bytes(8, 8),
	} {
		if _, ok := h.Locate(s); ok {
			t.Errorf("Locate found %s", name)
		}
	}
	if off, ok := h.Locate(last); !ok || off != h.size-8 {
		t.Errorf("Locate of the last bytes = %d, %v", off, ok)
	}
	for _, c := range [][2]uint64{
		{0, 1}, {PageSize, 1}, {h.first*PageSize - 1, 1}, {h.size, 1}, {h.size - 8, 9}, {h.size + 1, 0},
		{h.first * PageSize, ^uint64(0)}, {^uint64(0), 1},
	} {
		_, err := v.Window(c[0], c[1])
		wantErr(t, "Window", err, ErrHandle)
	}
	for _, c := range [][2]uint64{{h.size, 0}, {h.size - 8, 8}, {h.first * PageSize, h.size - h.first*PageSize}} {
		if w, err := v.Window(c[0], c[1]); err != nil || uint64(len(w)) != c[1] {
			t.Errorf("Window(%d, %d): %d bytes, %v", c[0], c[1], len(w), err)
		}
	}
}

// A reader whose block is freed and allocated again under its feet gets the old
// block or an error, never words of two blocks put together.
func TestBytesWhileReused(t *testing.T) {
	const rounds = 100000
	h, v := newHeap(t, 64, 0, Config{})
	gap, _ := mustAlloc(t, h, PageSize)
	mustAlloc(t, h, PageSize) // keeps the gap apart from the rest
	must(t, h.Free(gap))

	type block struct {
		h  Handle
		at *byte
	}
	var now atomic.Pointer[block]
	alloc := func(round int) Handle {
		// One page fits the gap, two do not: the descriptor, which is the same
		// every time, changes its place and its length.
		x, b := mustAlloc(t, h, (1+round%2)*PageSize)
		now.Store(&block{x, &b[0]})
		return x
	}
	x := alloc(0)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			p := now.Load()
			b, err := v.Bytes(p.h)
			if err == nil && unsafe.SliceData(b) != p.at {
				t.Errorf("%v is at %p, want %p", p.h, unsafe.SliceData(b), p.at)
				return
			}
			if err != nil && !errors.Is(err, ErrDead) {
				t.Error(err)
				return
			}
		}
	})
	for i := range rounds {
		must(t, h.Free(x))
		y := alloc(i + 1)
		if y.Block != x.Block {
			t.Fatalf("got block %d, the test needs %d", y.Block, x.Block)
		}
		x = y
	}
	stop.Store(true)
	wg.Wait()
}

func TestTake(t *testing.T) {
	mem := region(t, 64)
	h, err := New(mem, 1, Config{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := Open(mem, 1)
	if err != nil {
		t.Fatal(err)
	}
	block, b, err := h.Alloc(5000)
	if err != nil {
		t.Fatal(err)
	}
	b[4999] = 7
	moving, err := h.Release(block, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Take(moving, 2, 3); err != nil {
		t.Fatalf("a wrong guess at the sender must only be slower: %v", err)
	}
	if _, _, err := v.Take(moving, 1, 3); !errors.Is(err, ErrDead) {
		t.Fatalf("taken twice: %v", err)
	}
	block, b, err = h.Alloc(5000)
	if err != nil {
		t.Fatal(err)
	}
	b[4999] = 8
	if moving, err = h.Release(block, 3); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Take(moving, 1, 2); !errors.Is(err, ErrRank) {
		t.Fatalf("taken by another rank: %v", err)
	}
	got, mine, err := v.Take(moving, 1, 3)
	if err != nil || len(mine) != 5000 || mine[4999] != 8 {
		t.Fatalf("%d bytes, %v", len(mine), err)
	}
	if _, err := v.Bytes(moving); !errors.Is(err, ErrDead) {
		t.Errorf("the travelling handle lives on: %v", err)
	}
	if err := v.Free(got); err != nil {
		t.Error(err)
	}
	bad := moving
	bad.Len = 1 << 40
	if _, _, err := v.Take(bad, 1, 3); err == nil {
		t.Error("a handle that reaches outside was taken")
	}
}
