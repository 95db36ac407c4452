package arena

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// Ranks as goroutines, several of each, move blocks around, check what is in
// them and free them wherever they are. Under the race detector this shows that
// the hand-over of a block, and its way over the remote-free list back into
// Alloc, orders all accesses to its bytes.
func TestStress(t *testing.T) {
	const (
		ranks      = 3
		goroutines = 2 // per rank
		steps      = 4000
	)
	type message struct {
		t    Handle
		with byte
	}
	m := newNode(t, ranks, 150)
	var box [ranks]chan message
	for i := range box {
		box[i] = make(chan message, 8)
	}
	rank := func(self int, r *rand.Rand) {
		free := func(x Handle) {
			var err error
			if int(x.Owner) == self {
				err = m.heaps[self].Free(x)
			} else {
				err = m.views[self][x.Owner].Free(x)
			}
			if err != nil {
				t.Error(err)
			}
		}
		send := func(x Handle, with byte) {
			to := r.IntN(ranks)
			v := m.views[self][x.Owner]
			tr, err := v.Release(x, to)
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case box[to] <- message{tr, with}:
			default: // no room: take it back
				if x, err = v.Accept(tr, self); err != nil {
					t.Error(err)
					return
				}
				free(x)
			}
		}
		for i := range steps {
			if r.IntN(2) == 0 {
				x, b, err := m.heaps[self].Alloc(r.IntN(3 * PageSize))
				if err != nil {
					continue // all is on its way somewhere
				}
				with := byte(r.Uint32())
				fill(b, with)
				send(x, with)
			}
			select {
			case got := <-box[self]:
				v := m.views[self][got.t.Owner]
				x, err := v.Accept(got.t, self)
				if err != nil {
					t.Error(err)
					return
				}
				b, err := v.Bytes(x)
				if err != nil {
					t.Error(err)
					return
				}
				for _, have := range b {
					if have != got.with {
						t.Errorf("rank %d: %v has byte %#x, want %#x", self, x, have, got.with)
						return
					}
				}
				if r.IntN(3) > 0 {
					free(x)
				} else {
					with := byte(i)
					fill(b, with)
					send(x, with)
				}
			default:
			}
		}
	}
	var wg sync.WaitGroup
	for self := range ranks {
		for g := range goroutines {
			wg.Go(func() { rank(self, rand.New(rand.NewPCG(uint64(self), uint64(g)))) })
		}
	}
	wg.Wait()
	for self := range box {
		close(box[self])
		for got := range box[self] {
			v := m.views[self][got.t.Owner]
			x, err := v.Accept(got.t, self)
			must(t, err)
			must(t, v.Free(x))
		}
	}
	for _, h := range m.heaps {
		wantEmpty(t, h)
		s := h.Stats()
		if s.Reclaimed == 0 || s.Damaged != 0 {
			t.Errorf("rank %d: %+v", h.Owner(), s)
		}
		must(t, h.runs.verify(uint32(h.first), uint32(h.pages-h.first)))
	}
}

// A rank dies again and again while its peers send to it, receive from it and
// free what it sent. Nothing is lost and nothing is owned twice.
func TestReclaimWhileMoving(t *testing.T) {
	const rounds = 300
	h, v := newHeap(t, 200, 0, Config{})
	for range rounds {
		var x [8]Handle
		for i := range x {
			x[i], _ = mustAlloc(t, h, PageSize)
		}
		var wg sync.WaitGroup
		wg.Go(func() { // rank 1, alive, sends to 2 and takes back what it can
			for _, x := range x[:4] {
				if m, err := v.Release(x, 2); err == nil {
					if y, err := v.Accept(m, 0); err == nil {
						_ = v.Free(y)
					}
				}
			}
		})
		wg.Go(func() {
			for _, x := range x[4:] {
				if m, err := v.Release(x, 2); err == nil {
					if y, err := v.Accept(m, 2); err == nil {
						_, _ = v.Release(y, 1)
					}
				}
			}
		})
		for range 4 {
			if _, err := h.ReclaimHolder(2); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		if _, err := h.ReclaimHolder(2); err != nil {
			t.Fatal(err)
		}
		wantEmpty(t, h)
	}
}
