package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/topo"
	"github.com/golaunch/golaunch/runtime/transport"
)

// mapper counts the heaps of other ranks that an endpoint was asked for.
type mapper struct {
	transport.Endpoint
	asked *atomic.Int32
}

func (m mapper) Heap(rank int) ([]byte, error) {
	if rank != m.Rank() {
		m.asked.Add(1)
	}
	return m.Endpoint.Heap(rank)
}

// apart places the ranks of a world on nodes and counts the heaps that each maps.
func apart(t *testing.T, placement string, asked []atomic.Int32) func(int, *engine.Config) {
	nodes, err := topo.ParseNodes(placement)
	if err != nil {
		t.Fatal(err)
	}
	return func(r int, c *engine.Config) {
		ep, err := transport.Apart(c.Endpoint, nodes)
		if err != nil {
			t.Fatal(err)
		}
		c.Endpoint = mapper{ep, &asked[r]}
	}
}

// A large message from an arena is read in place on its node, and sent in parts to another.
func TestArenaStaysOnItsNode(t *testing.T) {
	asked := make([]atomic.Int32, 3)
	w := newWorld(t, 3, apart(t, "2+1", asked))
	const n = 1 << 20
	b := w.shared(0, n)
	copy(b, pattern(n, 5))
	for to, want := range []int32{0, 1, 0} {
		if to == 0 {
			continue
		}
		got := make([]byte, n)
		r, s := w.recv(to, 0, 1, got), w.send(engine.OpSend, 0, to, 1, b)
		w.ok(to, r)
		w.ok(0, s)
		check(t, got, n, 5)
		if asked[to].Load() != want {
			t.Errorf("rank %d has mapped %d heaps, want %d", to, asked[to].Load(), want)
		}
	}
	w.pingpong(0, 2)
}

func TestNoViewOfAnotherNode(t *testing.T) {
	asked := make([]atomic.Int32, 4)
	w := newWorld(t, 4, apart(t, "0,1,0,1", asked))
	for me := range 4 {
		for r := range 4 {
			near := me%2 == r%2
			if w.e[me].Shares(r) != near {
				t.Errorf("ranks %d and %d share memory: %v", me, r, !near)
			}
			if _, err := w.e[r].Heap(); err != nil {
				t.Fatal(err)
			}
			if _, err := w.e[me].View(r); (err == nil) != near {
				t.Errorf("rank %d looks at the heap of rank %d: %v", me, r, err)
			}
			if _, ok := w.e[me].NewCounter(r, 0); ok != near {
				t.Errorf("rank %d may use the counters of rank %d: %v", me, r, ok)
			}
		}
		if got := asked[me].Load(); got != 1 {
			t.Errorf("rank %d has mapped %d heaps, want 1", me, got)
		}
	}
}

// A peer that offers its arena to a rank of another node is refused.
func TestOfferFromAnotherNode(t *testing.T) {
	asked := make([]atomic.Int32, 2)
	place := apart(t, "2x1", asked)
	w := newWorld(t, 2, func(r int, c *engine.Config) {
		if r == 1 { // rank 0 knows of no nodes
			place(r, c)
		}
	})
	const n = 1 << 20
	r, s := w.recv(1, 0, 1, make([]byte, n)), w.send(engine.OpSend, 0, 1, 1, w.shared(0, n))
	w.fails(1, r, engine.ErrCorrupt)
	w.finish(0, s)
	if got := asked[1].Load(); got != 0 {
		t.Errorf("rank 1 has mapped %d heaps", got)
	}
}

func TestApartRefuses(t *testing.T) {
	w := newWorld(t, 2)
	two, _ := topo.ParseNodes("2x1")
	three, _ := topo.ParseNodes("3x1")
	if _, err := transport.Apart(w.ep[0], three); err == nil {
		t.Error("2 ranks were placed as 3")
	}
	ep, err := transport.Apart(w.ep[0], two)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ep.Heap(0); err != nil {
		t.Error(err)
	}
	defer func() {
		if got, want := recover(), "transport: the heap of a rank on another node"; got != want {
			t.Errorf("panic %v, want %s", got, want)
		}
	}()
	ep.Heap(1)
}
