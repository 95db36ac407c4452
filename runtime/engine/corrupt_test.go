package engine_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/wire"
)

// forger writes records into the channel from rank 1 to rank 0 by hand.
type forger struct {
	*ring.Tx
	w *world
}

func newForger(w *world) forger {
	b, err := w.ep[1].Channel(0, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	tx, err := ring.NewTx(b, w.ep[1].Shape())
	if err != nil {
		w.t.Fatal(err)
	}
	w.e[1].Job().Knock(0, 1)
	return forger{tx, w}
}

func (f forger) inline(k wire.Kind, tag int32, body []byte) bool {
	p := f.Inline(len(body))
	if p == nil {
		return false
	}
	copy(unsafe.Slice((*byte)(p), len(body)), body)
	f.Commit(k, len(body), wire.Word1(ctxA, tag))
	return true
}

func (f forger) bulk(k wire.Kind, tag int32, n int, aux0, aux1 uint64) bool {
	p := f.BulkRoom(n)
	if p == nil {
		return false
	}
	f.CommitBulk(k, n, wire.Word1(ctxA, tag), aux0, aux1)
	return true
}

func offer(o wire.Offer) []byte {
	b := make([]byte, wire.OfferBytes)
	o.Put(b)
	return b
}

// Records that no honest peer writes: the peer is failed with ErrCorrupt, nobody else.
func TestNonsenseRecords(t *testing.T) {
	stop := make([]byte, 16)
	for name, forge := range map[string]func(f forger){
		"a negative tag":                func(f forger) { f.inline(wire.Eager, -5, nil) },
		"the tag AnyTag":                func(f forger) { f.inline(wire.Eager, engine.AnyTag, nil) },
		"an offer too short":            func(f forger) { f.inline(wire.RTS, 1, make([]byte, 31)) },
		"an offer of nearly everything": func(f forger) { f.inline(wire.RTS, 1, offer(wire.Offer{Total: 1 << 60, Heap: wire.NoHeap})) },
		"an offer under no descriptor": func(f forger) {
			f.inline(wire.RTS, 1, offer(wire.Offer{Total: 1, Desc: ring.Descs, Heap: wire.NoHeap}))
		},
		"an offer in the heap of rank 9": func(f forger) { f.inline(wire.RTS, 1, offer(wire.Offer{Total: 1, Heap: 9})) },
		"a part without a beginning":     func(f forger) { f.bulk(wire.More, 1, 100, 200, 0) },
		"two beginnings": func(f forger) {
			f.bulk(wire.First, 1, 100, 200, 0)
			f.bulk(wire.First, 1, 100, 200, 0)
		},
		"a beginning longer than the message": func(f forger) { f.bulk(wire.First, 1, 100, 50, 0) },
		"a beginning of a gigabyte":           func(f forger) { f.bulk(wire.First, 1, 100, 1<<30, 0) },
		"parts longer than the message": func(f forger) {
			f.bulk(wire.First, 1, 100, 150, 0)
			f.bulk(wire.More, 1, 100, 150, 0)
		},
		"data under no descriptor": func(f forger) { f.bulk(wire.Data, 1, 100, ring.Descs, 0) },
		"a move of 47 bytes":       func(f forger) { f.inline(wire.Move, 1, make([]byte, 47)) },
		"a stop too short":         func(f forger) { f.inline(wire.Stop, 1, stop[:15]) },
		"more data than offered": func(f forger) {
			*f.Desc(0) = wire.DescWord(1, wire.DescOffered)
			f.inline(wire.RTS, 1, offer(wire.Offer{Total: 50, Gen: 1, Heap: wire.NoHeap}))
			f.bulk(wire.Data, 1, 100, 0, 1)
		},
		"one descriptor for two messages": func(f forger) {
			f.w.recv(0, 1, 1, make([]byte, 100))
			for gen := uint32(1); gen < 3; gen++ {
				*f.Desc(0) = wire.DescWord(gen, wire.DescOffered)
				f.inline(wire.RTS, 1, offer(wire.Offer{Total: 50, Gen: gen, Heap: wire.NoHeap}))
				f.w.turn(0)
			}
		},
		"an unknown kind": func(f forger) {
			p := f.Inline(0)
			f.Commit(99, 0, 0)
			_ = p
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 3)
			r := w.recv(0, 1, 1, make([]byte, 1000))
			later := w.recv(0, 1, 1, make([]byte, 1000))
			forge(newForger(w))
			w.turn(0)
			_, err := w.e[0].Complete(unbounded, later)
			var lost *engine.PeerError
			if !errors.Is(err, engine.ErrCorrupt) || !errors.As(err, &lost) || lost.Rank != 1 || lost.Corrupt == nil {
				t.Fatalf("the next receive ends with %v, want nonsense from rank 1", err)
			}
			w.e[0].Complete(unbounded, r) // ends, however
			if _, err := w.e[0].Complete(unbounded, w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("a send to the liar ends with %v", err)
			}
			w.pingpong(0, 2)
		})
	}
}

// What was overwritten so that it can never be seen is noticed by whoever waits for it, and by whoever waits for an answer.
func TestOverwrittenWords(t *testing.T) {
	t.Run("record", func(t *testing.T) {
		w := newWorld(t, 3)
		b, err := w.ep[1].Channel(0, 1)
		if err != nil {
			t.Fatal(err)
		}
		w.ok(1, w.send(engine.OpSend, 1, 0, 1, pattern(8, 1)))
		lines := b[128+64*32:]
		binary.LittleEndian.PutUint16(lines, 77) // the lap
		w.fails(0, w.recv(0, 1, 1, make([]byte, 8)), engine.ErrCorrupt)
		w.pingpong(0, 2)
	})
	t.Run("descriptor", func(t *testing.T) {
		w := newWorld(t, 3)
		f := newForger(w)
		r := w.send(engine.OpSsend, 1, 0, 1, pattern(8, 1))
		other := w.send(engine.OpSsend, 1, 0, 2, pattern(8, 1))
		*f.Desc(0) = wire.DescWord(77, wire.DescOffered)
		w.fails(1, r, engine.ErrCorrupt)
		w.fails(1, other, engine.ErrCorrupt)
		w.pingpong(1, 2)
	})
	t.Run("barrier", func(t *testing.T) {
		w := newWorld(t, 2)
		c, _ := w.e[0].NewCounter(0, 3)
		arrive := (*uint32)(w.e[0].Job().Block(0, 3))
		*arrive = 5
		if err := w.e[0].Barrier(unbounded, &c, ctxA, []int32{0, 1}); !errors.Is(err, engine.ErrCorrupt) {
			t.Errorf("six arrivals of two: %v", err)
		}
		*arrive = 0
		round := (*uint32)(unsafe.Add(unsafe.Pointer(arrive), 64))
		for _, wrong := range []uint32{0xffffffff, 1000} {
			*round = 0
			c, _ := w.e[0].NewCounter(0, 3)
			*round, *arrive = wrong, 0
			if err := w.e[0].Barrier(unbounded, &c, ctxA, []int32{0, 1}); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("round %d instead of 0: %v", wrong, err)
			}
		}
	})
}

// Nothing that follows nonsense in a channel is believed: the receives that it would match could wait for ever.
func TestNothingAfterNonsense(t *testing.T) {
	w := newWorld(t, 2)
	f := newForger(w)
	f.inline(wire.Eager, -5, nil)
	f.bulk(wire.First, 1, 100, 200, 0)
	f.inline(wire.Eager, 2, pattern(8, 1))
	w.turn(0)
	w.fails(0, w.recv(0, 1, 1, make([]byte, 200)), engine.ErrCorrupt)
	w.fails(0, w.recv(0, 1, 2, make([]byte, 200)), engine.ErrCorrupt)
}

// The short way of a receive doesn't take what the ordinary way would refuse.
func TestShortWayRefusesNonsense(t *testing.T) {
	for _, kind := range []wire.Kind{wire.Eager, wire.Move} {
		w := newWorld(t, 2)
		f := newForger(w)
		w.turn(0) // it listens
		f.inline(kind, -5, make([]byte, 48))
		var st engine.Status
		var body [48]byte
		if w.e[0].TryRecv(ctxA, 1, engine.AnyTag, unsafe.Pointer(&body), 48, &st) || w.e[0].TryRecvMove(ctxA, 1, engine.AnyTag, &body, &st) {
			t.Fatalf("%v with tag -5 was received: %+v", kind, st)
		}
		w.turn(0)
		w.fails(0, w.recv(0, 1, 1, make([]byte, 48)), engine.ErrCorrupt)
	}
}

// Records that come late, or for nobody, are no crime: a cancelled receive leaves such behind.
func TestRecordsForNobody(t *testing.T) {
	w := newWorld(t, 2)
	f := newForger(w)
	f.bulk(wire.Data, 1, 100, 3, 7)
	stop := make([]byte, 16)
	binary.LittleEndian.PutUint64(stop, 3)
	f.inline(wire.Stop, 0, stop)
	binary.LittleEndian.PutUint64(stop, 1<<40)
	f.inline(wire.Stop, 0, stop)
	f.inline(wire.RTS, 1, offer(wire.Offer{Total: 50, Gen: 9, Desc: 2, Heap: wire.NoHeap})) // taken back long ago
	f.inline(wire.Eager, 1, pattern(8, 4))
	b := make([]byte, 100)
	if st := w.ok(0, w.recv(0, 1, 1, b)); st.Bytes != 8 {
		t.Fatalf("%d bytes, want the 8 of the one real message", st.Bytes)
	}
	check(t, b, 8, 4)
}

// An offer of memory that is not in the heap, or in a heap that does not exist, is refused and its sender told.
func TestOfferOutsideTheHeap(t *testing.T) {
	w := newWorld(t, 2)
	w.shared(1, 100)
	f := newForger(w)
	for gen, o := range []wire.Offer{
		{Total: 100, Heap: 1, Off: 0},
		{Total: 100, Heap: 1, Off: 1 << 60},
		{Total: 1 << 45, Heap: 1, Off: 1 << 30},
		{Total: 100, Heap: 0, Off: 1 << 20}, // rank 0 has no heap
	} {
		o.Gen = uint32(gen + 1)
		*f.Desc(0) = wire.DescWord(o.Gen, wire.DescOffered)
		f.inline(wire.RTS, 1, offer(o))
		w.fails(0, w.recv(0, 1, 1, make([]byte, 100)), engine.ErrCorrupt)
		if _, state := wire.DescSplit(*f.Desc(0)); state != wire.DescDone {
			t.Fatalf("offer %d: the sender finds state %d", gen, state)
		}
	}
}

// Whatever a peer writes, rank 0 neither crashes nor takes memory without bound.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{1, 5, 0, 8, 0, 2, 5, 0, 16, 0})
	f.Add([]byte{3, 4, 0, 100, 1, 200, 4, 4, 0, 100, 1, 200})
	f.Add([]byte{5, 4, 0, 32, 0, 0, 6, 4, 0, 64, 1, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 4000 {
			return
		}
		w := newWorld(t, 2)
		fo := newForger(w)
		var open []*engine.Req
		next := func() (x byte) {
			if len(in) > 0 {
				x, in = in[0], in[1:]
			}
			return x
		}
		for len(in) > 0 {
			switch what := next(); what % 16 {
			case 12:
				open = append(open, w.recv(0, int32(next()%3)-1, 4, make([]byte, int(next())*8)))
			case 13:
				open = append(open, w.e[0].StartRecv(engine.OpRecvMove, ctxA, 1, 4, engine.Data{}))
			case 14:
				if m, ok, _ := w.e[0].Improbe(ctxA, engine.AnySource, engine.AnyTag); ok && next()&1 == 0 {
					open = append(open, w.e[0].Receive(engine.OpRecv, ctxA, m, data(make([]byte, 100))))
				}
			case 15:
				gen := uint32(next() & 3)
				*fo.Desc(int(next())) = wire.DescWord(gen, next()%8)
			default:
				kind, tag := wire.Kind(what%16), int32(next()&7)-1
				n := int(next())
				if next()&1 != 0 && n > 0 {
					fo.bulk(kind, tag, n, uint64(next())&35, uint64(next()&3))
					break
				}
				body := make([]byte, min(n, 48))
				if kind == wire.RTS && n > 31 {
					body = offer(wire.Offer{Total: uint64(next()), Gen: uint32(next() & 3), Desc: uint16(next() & 3), Heap: int32(next()&3) - 1, Off: uint64(next()) << 12})
				} else {
					for i := range body {
						body[i] = next() & 3
					}
				}
				fo.inline(kind, tag, body)
			}
			w.e[0].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
		}
		w.turn(0)
		w.e[0].Job().MarkDead(1)
		w.turn(0)
		for _, r := range open {
			if w.open(0, r) {
				w.e[0].Complete(over(), r)
			}
		}
	})
}
