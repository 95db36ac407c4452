package transporttest

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/transport"
)

func heap(t testing.TB, ep transport.Endpoint, rank int) []byte {
	b, err := ep.Heap(rank)
	if err != nil {
		t.Fatalf("rank %d: heap of rank %d: %v", ep.Rank(), rank, err)
	}
	return b
}

// heaps checks that package arena can live in the heaps: a block allocated by
// one rank is read, moved and freed by the others.
func (s suite) heaps(t *testing.T) {
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		n := len(eps)
		heaps := make([]*arena.Heap, n)
		views := make([][]*arena.View, n) // by viewer, by owner
		var err error
		for r, ep := range eps {
			if heaps[r], err = arena.New(heap(t, ep, r), r, arena.Config{Punch: ep.Punch}); err != nil {
				t.Fatal(err)
			}
			if again := heap(t, ep, r); unsafe.SliceData(again) != unsafe.SliceData(heap(t, ep, r)) {
				t.Fatalf("rank %d: its heap moves about", r)
			}
		}
		for r, ep := range eps {
			views[r] = make([]*arena.View, n)
			for o := range eps {
				b := heap(t, ep, o)
				if len(b) != len(heap(t, eps[o], o)) {
					t.Fatalf("rank %d maps %d bytes of rank %d's heap, its owner %d", r, len(b), o, len(heap(t, eps[o], o)))
				}
				if views[r][o], err = arena.Open(b, o); err != nil {
					t.Fatal(err)
				}
			}
		}
		const size = 3*arena.PageSize + 5
		content := func(r int) []byte { return bytes.Repeat([]byte{byte(r + 1)}, size) }
		handles := make([]arena.Handle, n)
		for r := range eps {
			h, b, err := heaps[r].Alloc(size)
			if err != nil {
				t.Fatal(err)
			}
			copy(b, content(r))
			handles[r] = h
		}
		for r := range eps {
			for o := range eps {
				b, err := views[r][o].Bytes(handles[o])
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(b, content(o)) {
					t.Fatalf("rank %d does not see what rank %d wrote into its block", r, o)
				}
			}
		}
		// Every block goes once around, each holder adds one to its first byte, the last frees it.
		for o := range eps {
			h := handles[o]
			for step := range n {
				from, to := (o+step)%n, (o+step+1)%n
				moving, err := views[from][o].Release(h, to)
				if err != nil {
					t.Fatal(err)
				}
				if h, err = views[to][o].Accept(moving, to); err != nil {
					t.Fatal(err)
				}
				b, err := views[to][o].Bytes(h)
				if err != nil {
					t.Fatal(err)
				}
				b[0]++
			}
			b, err := views[(o+1)%n][o].Bytes(h)
			if err != nil {
				t.Fatal(err)
			}
			if b[0] != byte(o+1+n) || b[size-1] != byte(o+1) {
				t.Fatalf("rank %d's block came back with %d and %d at its ends", o, b[0], b[size-1])
			}
			if err := views[(o+1)%n][o].Free(h); err != nil {
				t.Fatal(err)
			}
		}
		for r := range eps {
			if got, err := heaps[r].Reclaim(); got != 1 || err != nil {
				t.Errorf("rank %d took back %d blocks, %v; want 1", r, got, err)
			}
			if live := heaps[r].Live(); len(live) != 0 {
				t.Errorf("rank %d: blocks are left: %v", r, live)
			}
		}
	})
}

// punch checks that pages given back read as zero for everybody, and only those.
func (s suite) punch(t *testing.T) {
	eps := s.node(t, 3)
	const page = arena.PageSize
	for r := range eps {
		b := heap(t, eps[r], r)[:8*page]
		for i := range b {
			b[i] = byte(r + 1)
		}
	}
	eps[1].Punch(2*page, 3*page)
	for by := range eps {
		for r := range eps {
			b := heap(t, eps[by], r)
			for i, x := range b[:8*page] {
				want := byte(r + 1)
				if r == 1 && i >= 2*page && i < 5*page {
					want = 0
				}
				if x != want {
					t.Fatalf("rank %d sees %d at byte %d of rank %d's heap after rank 1's Punch, want %d", by, x, i, r, want)
				}
			}
		}
	}
	// And they can be written again.
	heap(t, eps[1], 1)[3*page] = 9
	if got := heap(t, eps[2], 1)[3*page]; got != 9 {
		t.Fatalf("after a Punch a written byte reads as %d, want 9", got)
	}
}
