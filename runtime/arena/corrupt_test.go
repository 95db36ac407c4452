package arena

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// chain puts three blocks on the remote-free list and returns them, the front
// one last.
func chain(t *testing.T, h *Heap, v *View) (x [3]Handle) {
	t.Helper()
	for i := range x {
		x[i], _ = mustAlloc(t, h, PageSize)
	}
	for i := range x {
		must(t, v.Free(x[i]))
	}
	return x
}

// Whatever happens to the remote-free list, the walk ends, says so, and finds
// all returned blocks.
func TestBrokenFreeList(t *testing.T) {
	for name, damage := range map[string]func(h *Heap, x [3]Handle, kept Handle){
		"head beyond the table": func(h *Heap, x [3]Handle, _ Handle) { h.header().freed.Store(uint64(h.blocks) + 1) },
		"head all ones":         func(h *Heap, x [3]Handle, _ Handle) { h.header().freed.Store(^uint64(0)) },
		"head never used":       func(h *Heap, x [3]Handle, _ Handle) { h.header().freed.Store(uint64(h.blocks)) },
		"head looks returned": func(h *Heap, x [3]Handle, _ Handle) {
			h.desc(h.blocks - 1).ctl.Store(packCtl(1, StateReturned, 1, 0))
			h.header().freed.Store(uint64(h.blocks))
		},
		"head in use":           func(h *Heap, x [3]Handle, kept Handle) { h.header().freed.Store(uint64(kept.Block) + 1) },
		"link beyond the table": func(h *Heap, x [3]Handle, _ Handle) { h.desc(x[1].Block).next.Store(1 << 40) },
		"link never used":       func(h *Heap, x [3]Handle, _ Handle) { h.desc(x[1].Block).next.Store(uint64(h.blocks)) },
		"link in use":           func(h *Heap, x [3]Handle, kept Handle) { h.desc(x[1].Block).next.Store(uint64(kept.Block) + 1) },
		"cycle of one":          func(h *Heap, x [3]Handle, _ Handle) { h.desc(x[2].Block).next.Store(uint64(x[2].Block) + 1) },
		"cycle of three":        func(h *Heap, x [3]Handle, _ Handle) { h.desc(x[0].Block).next.Store(uint64(x[2].Block) + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			h, v := newHeap(t, 32, 0, Config{})
			kept, _ := mustAlloc(t, h, PageSize)
			x := chain(t, h, v)
			damage(h, x, kept)
			n, err := h.Reclaim()
			wantErr(t, "Reclaim", err, ErrCorrupt)
			if n != 3 {
				t.Fatalf("found %d blocks, want 3", n)
			}
			if _, err := v.Bytes(kept); err != nil {
				t.Fatalf("the block in use: %v", err)
			}
			if s := h.Stats(); s.Damaged != 1 || s.Blocks != 1 {
				t.Fatalf("stats %+v", s)
			}
			must(t, h.Free(kept))
			wantEmpty(t, h)
			chain(t, h, v) // and all is well again
			if n, err := h.Reclaim(); n != 3 || err != nil {
				t.Fatalf("Reclaim() = %d, %v", n, err)
			}
		})
	}
}

// A sweep may take a block whose freer has not pushed it yet. The late push is
// recognised, also when the block is in use again or freed once more.
func TestLatePush(t *testing.T) {
	for name, reuse := range map[string]func(h *Heap, v *View) (live []Handle){
		"free": func(*Heap, *View) []Handle { return nil },
		"in use": func(h *Heap, v *View) []Handle {
			x, _ := mustAlloc(t, h, PageSize)
			return []Handle{x}
		},
		"freed again": func(h *Heap, v *View) []Handle {
			x, _ := mustAlloc(t, h, PageSize)
			must(t, v.Free(x))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, v := newHeap(t, 32, 0, Config{})
			late, _ := mustAlloc(t, h, PageSize)
			other, _ := mustAlloc(t, h, PageSize)
			if _, f := v.giveBack(late, StateReturned); f != okay {
				t.Fatal(f)
			}
			h.header().freed.Store(^uint64(0))
			if n, err := h.Reclaim(); n != 1 || !errors.Is(err, ErrCorrupt) {
				t.Fatalf("Reclaim() = %d, %v", n, err)
			}
			live := reuse(h, v)
			v.push(late.Block)
			must(t, v.Free(other))
			if _, err := h.Reclaim(); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("the late push was not noticed: %v", err)
			}
			for _, x := range live {
				must(t, h.Free(x))
			}
			wantEmpty(t, h)
			must(t, h.runs.verify(uint32(h.first), uint32(h.pages-h.first)))
		})
	}
}

func TestDamagedDescriptor(t *testing.T) {
	for name, damage := range map[string]func(h *Heap, d *desc){
		"page 0":           func(h *Heap, d *desc) { d.where.Store(2 << 32) },
		"in the table":     func(h *Heap, d *desc) { d.where.Store(2<<32 | 1) },
		"beyond the end":   func(h *Heap, d *desc) { d.where.Store(2<<32 | (h.pages - 1)) },
		"far beyond":       func(h *Heap, d *desc) { d.where.Store(2<<32 | 0xffffffff) },
		"all ones":         func(h *Heap, d *desc) { d.where.Store(^uint64(0)) },
		"too many pages":   func(h *Heap, d *desc) { d.where.Or(0xffffffff << 32) },
		"no pages":         func(h *Heap, d *desc) { d.where.Store(h.first) },
		"length too large": func(h *Heap, d *desc) { d.length.Store(2*PageSize + 1) },
		"length all ones":  func(h *Heap, d *desc) { d.length.Store(^uint64(0)) },
	} {
		h, v := newHeap(t, 32, 0, Config{})
		x, _ := mustAlloc(t, h, 2*PageSize)
		d := h.desc(x.Block)
		damage(h, d)
		_, err := v.Bytes(x)
		wantErr(t, name+": Bytes", err, ErrCorrupt)
		_, err = v.Release(x, 1)
		wantErr(t, name+": Release", err, ErrCorrupt)
		wantErr(t, name+": View.Free", v.Free(x), ErrCorrupt)
		wantErr(t, name+": Heap.Free", h.Free(x), ErrCorrupt)
		d.ctl.Store(packCtl(x.Gen, StateMoving, 0, 1))
		_, err = v.Accept(x, 1)
		wantErr(t, name+": Accept", err, ErrCorrupt)

		// The allocator has its own records: others are not disturbed.
		y, b := mustAlloc(t, h, 28*PageSize)
		fill(b, 1)
		must(t, h.Free(y))
		if _, err := h.ReclaimHolder(1); err != nil {
			t.Fatal(err)
		}
		wantEmpty(t, h)
	}
}

// No handle has generation 0, whatever the descriptor says.
func TestGenerationZeroIsDead(t *testing.T) {
	h, v := newHeap(t, 32, 0, Config{})
	x, _ := mustAlloc(t, h, 10)
	for _, s := range []State{StateHeld, StateMoving} {
		h.desc(x.Block).ctl.Store(packCtl(0, s, 0, 0))
		wantDead(t, h, v, Handle{Owner: x.Owner, Block: x.Block, Len: x.Len})
	}
}

// A control word that is set back to an earlier value frees nothing twice.
func TestControlWordSetBack(t *testing.T) {
	h, v := newHeap(t, 32, 0, Config{})
	x, _ := mustAlloc(t, h, PageSize)
	d := h.desc(x.Block)
	old := d.ctl.Load()
	must(t, h.Free(x))

	d.ctl.Store(old) // free, and looks held
	wantErr(t, "Free", h.Free(x), ErrCorrupt)
	d.ctl.Store(old)
	must(t, v.Free(x))
	_, err := h.Reclaim()
	wantErr(t, "Reclaim", err, ErrCorrupt)
	wantEmpty(t, h)

	y, _ := mustAlloc(t, h, PageSize)
	if y.Block != x.Block {
		t.Fatalf("got block %d, the test needs %d", y.Block, x.Block)
	}
	now := d.ctl.Load()
	d.ctl.Store(old) // in use, and looks as in its life before
	wantErr(t, "Free", h.Free(x), ErrCorrupt)
	if live := h.Live(); len(live) != 1 || live[0].State != StateFree {
		t.Fatalf("Live() = %v", live)
	} else if got, want := live[0].String(), "lost (its descriptor says: free)"; !strings.Contains(got, want) {
		t.Fatalf("%q does not say %q", got, want)
	}
	d.ctl.Store(now)
	must(t, h.Free(y))
	wantEmpty(t, h)
}

// vandal is a heap, a peer's view of it and handles to try, driven by numbers.
type vandal struct {
	h       *Heap
	v       *View
	handles []Handle
}

var known = []error{ErrNoSpace, ErrDead, ErrHandle, ErrCorrupt, ErrRank}

func (w *vandal) step(t *testing.T, op, a, b byte) {
	x := Handle{Owner: w.h.owner}
	if len(w.handles) > 0 {
		x = w.handles[int(a)%len(w.handles)]
	}
	var err error
	switch op % 12 {
	case 0, 1:
		var p []byte
		n := int(a) * 97
		if x, p, err = w.h.Alloc(n); err == nil {
			w.inside(t, p, n)
			w.handles = append(w.handles, x)
		}
	case 2:
		err = w.h.Free(x)
	case 3, 4:
		err = w.v.Free(x)
	case 5:
		x, err = w.v.Release(x, int(b)%4)
		w.handles = append(w.handles, x)
	case 6:
		x, err = w.v.Accept(x, int(b)%4)
		w.handles = append(w.handles, x)
	case 7:
		_, err = w.h.Reclaim()
	case 8:
		_, err = w.h.ReclaimHolder(int(b) % 4)
	case 9:
		for _, b := range w.h.Live() {
			if s := b.String(); !strings.Contains(s, "of rank 1's heap") {
				t.Fatalf("report %q", s)
			}
		}
	default:
		var p []byte
		if b&1 != 0 {
			x.Off, x.Len = uint64(b), x.Len-uint64(b)
		}
		if p, err = w.v.Bytes(x); err == nil {
			w.inside(t, p, int(x.Len))
		}
	}
	if err == nil {
		return
	}
	for _, k := range known {
		if errors.Is(err, k) {
			return
		}
	}
	t.Fatalf("operation %d: an error of no kind: %v", op%12, err)
}

// inside checks that p is n bytes of the data pages.
func (w *vandal) inside(t *testing.T, p []byte, n int) {
	if len(p) != n || cap(p) != n {
		t.Fatalf("%d bytes, cap %d, want %d", len(p), cap(p), n)
	}
	if n == 0 {
		return
	}
	if _, ok := w.h.Locate(p); !ok {
		t.Fatalf("%d bytes at %p are not inside the data pages", n, p)
	}
}

// word is a shared word of the header or of one of the first descriptors.
func (w *vandal) word(a byte) *atomic.Uint64 {
	off := uintptr(a%16) * 8 // header
	if a >= 64 {
		off = PageSize + uintptr(a-64)*8 // 192 words: 24 descriptors
	}
	return (*atomic.Uint64)(unsafe.Add(w.h.base, off))
}

// damage overwrites a word with something likely to hurt.
func (w *vandal) damage(a, b, c byte) {
	p := w.word(a)
	switch old := p.Load(); c % 6 {
	case 0:
		p.Store(old ^ 1<<(b%64))
	case 1:
		p.Store(uint64(b))
	case 2:
		p.Store(^uint64(0) >> (b % 64))
	case 3:
		p.Store(w.word(b).Load())
	case 4:
		p.Store(old ^ 3)
	case 5:
		p.Store(old + uint64(b) - 128)
	}
}

func newVandal(t testing.TB) *vandal {
	w := new(vandal)
	w.h, w.v = newHeap(t, 80, 1, Config{Blocks: 24, Keep: PageSize, Punch: func(off, n uint64) {}})
	return w
}

func (w *vandal) verify(t *testing.T) {
	must(t, w.h.runs.verify(uint32(w.h.first), uint32(w.h.pages-w.h.first)))
	var blocks int
	var capacity uint64
	for _, r := range w.h.recs {
		if r.live {
			blocks++
			if r.run != 0 {
				if w.h.runs.node[r.run].free {
					t.Fatal("a live block has a free run")
				}
				capacity += uint64(w.h.runs.node[r.run].pages) * PageSize
			}
		}
	}
	if s := w.h.Stats(); s.Blocks != blocks || s.Capacity != capacity || s.Capacity+w.h.runs.free*PageSize != s.Size {
		t.Fatalf("%d blocks, capacity %d, %d pages free: %+v", blocks, capacity, w.h.runs.free, s)
	}
	if len(w.h.recs) != blocks+len(w.h.spare) {
		t.Fatalf("%d records, %d blocks, %d spare", len(w.h.recs), blocks, len(w.h.spare))
	}
}

// FuzzCorruptRegion runs operations and overwrites shared words between them:
// four bytes make a step.
func FuzzCorruptRegion(f *testing.F) {
	f.Add([]byte{0, 50, 0, 0, 0, 50, 0, 0, 3, 0, 0, 0, 200, 8, 1, 1, 7, 0, 0, 0})
	f.Add([]byte{0, 1, 0, 0, 3, 0, 0, 0, 255, 8, 255, 2, 0, 9, 0, 0, 5, 1, 2, 0, 6, 2, 2, 0})
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		b := make([]byte, 400)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newVandal(t)
		for ; len(b) >= 4; b = b[4:] {
			if b[0] >= 192 {
				w.damage(b[1], b[2], b[3])
			} else {
				w.step(t, b[0], b[1], b[2])
			}
			w.verify(t)
		}
		if _, err := w.h.Reclaim(); err != nil {
			wantErr(t, "Reclaim", err, ErrCorrupt)
		}
		w.verify(t)
	})
}

// The same with everything at once: operations of several goroutines while
// another one overwrites words under their feet.
func TestCorruptRegionConcurrently(t *testing.T) {
	const steps = 20000
	w := newVandal(t)
	var wg, workers sync.WaitGroup
	var stop atomic.Bool
	for g := range 3 {
		workers.Go(func() {
			mine := &vandal{h: w.h, v: w.v}
			r := rand.New(rand.NewPCG(7, uint64(g)))
			for range steps {
				n := r.Uint32()
				mine.step(t, byte(n), byte(n>>8), byte(n>>16))
				if len(mine.handles) > 50 {
					mine.handles = mine.handles[25:]
				}
			}
		})
	}
	wg.Go(func() {
		r := rand.New(rand.NewPCG(8, 8))
		for !stop.Load() {
			n := r.Uint32()
			w.damage(byte(n), byte(n>>8), byte(n>>16))
		}
	})
	workers.Wait()
	stop.Store(true)
	wg.Wait()
	w.verify(t)
}
