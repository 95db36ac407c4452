package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
)

func (w *world) cancel(at int, r *engine.Req) bool {
	return w.e[at].Cancel(r, r.Serial(), engine.ErrCancelled)
}

func TestCancelReceive(t *testing.T) {
	w := newWorld(t, 2)
	for _, src := range []int32{0, engine.AnySource} {
		r := w.recv(1, src, 1, make([]byte, 8))
		if !w.cancel(1, r) {
			t.Fatal("a receive that no message has met can't be cancelled")
		}
		if w.cancel(1, r) {
			t.Fatal("a finished receive was cancelled again")
		}
		w.fails(1, r, engine.ErrCancelled)
	}
	// The message that comes later goes to the next receive.
	s := w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))
	w.turn()
	b := make([]byte, 8)
	w.ok(1, w.recv(1, 0, 1, b))
	w.ok(0, s)
	check(t, b, 8, 1)

	// Matched, but its bytes still arrive: too late.
	b = make([]byte, 1<<20)
	r := w.recv(1, 0, 2, b)
	s = w.send(engine.OpSend, 0, 1, 2, pattern(1<<20, 2))
	w.turn(1)
	w.e[0].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
	if !w.open(1, r) {
		t.Fatal("a megabyte came in one turn: the test is no good")
	}
	if w.cancel(1, r) {
		t.Fatal("a receive was cancelled whose message had begun")
	}
	w.ok(1, r)
	w.ok(0, s)
	check(t, b, len(b), 2)
}

func TestCancelSend(t *testing.T) {
	for _, shared := range []bool{false, true} {
		for _, early := range []bool{false, true} { // the offer has reached the receiver
			t.Run(fmt.Sprintf("arena %v, arrived %v", shared, early), func(t *testing.T) {
				w := newWorld(t, 2)
				msg := pattern(100000, 1)
				if shared {
					msg = w.shared(0, len(msg))
					copy(msg, pattern(len(msg), 1))
				}
				s := w.send(engine.OpSend, 0, 1, 1, msg)
				if early {
					w.turn()
				}
				if !w.cancel(0, s) {
					t.Fatal("an offer that nobody has matched can't be taken back")
				}
				w.fails(0, s, engine.ErrCancelled)
				w.silent(1)
				b := make([]byte, 200000)
				r := w.recv(1, 0, 1, b)
				w.turn()
				if !w.open(1, r) {
					t.Fatal("a receive got a message that was taken back")
				}
				w.ok(0, w.send(engine.OpSend, 0, 1, 1, pattern(8, 2)))
				if st := w.ok(1, r); st.Bytes != 8 {
					t.Fatalf("the receive got %d bytes, want the 8 of the message after", st.Bytes)
				}
				w.pingpong(0, 1)
			})
		}
	}

	t.Run("granted", func(t *testing.T) {
		w := newWorld(t, 2)
		b := make([]byte, 1<<20)
		s := w.send(engine.OpSend, 0, 1, 1, pattern(len(b), 1))
		r := w.recv(1, 0, 1, b)
		w.turn(1)
		if w.cancel(0, s) {
			t.Fatal("a send was cancelled that was matched")
		}
		w.ok(1, r)
		w.ok(0, s)
		check(t, b, len(b), 1)
	})

	t.Run("queued", func(t *testing.T) {
		for _, n := range []int{0, 8, 20000, 100000} {
			w := newWorld(t, 2)
			full := w.plug(0, 1)
			s := w.send(engine.OpSend, 0, 1, 1, pattern(n, 1))
			last := w.send(engine.OpSend, 0, 1, 2, pattern(9, 2))
			if !w.cancel(0, s) {
				t.Fatalf("%d bytes: a send of which nothing has left can't be cancelled", n)
			}
			w.fails(0, s, engine.ErrCancelled)
			w.unplug(0, 1, full)
			b := make([]byte, 200000)
			if st := w.ok(1, w.recv(1, 0, engine.AnyTag, b)); st.Tag != 2 {
				t.Fatalf("%d bytes: a message with tag %d came, want the one behind the cancelled", n, st.Tag)
			}
			w.ok(0, last)
			w.silent(1)
		}
	})

	t.Run("half sent", func(t *testing.T) {
		w := newWorld(t, 2)
		full := w.plug(0, 1)
		if w.cancel(0, full[len(full)-1]) {
			t.Fatal("a message was taken back of which a part has left")
		}
		w.unplug(0, 1, full)
		w.pingpong(0, 1)
	})

	t.Run("self", func(t *testing.T) {
		w := newWorld(t, 1)
		s := w.send(engine.OpSsend, 0, 0, 1, pattern(8, 1))
		if !w.cancel(0, s) {
			t.Fatal("a send to itself that nobody has matched can't be cancelled")
		}
		w.fails(0, s, engine.ErrCancelled)
		w.silent(0)
		w.pingpong(0, 0)
	})
}

// Receives keep their order when the message that one of them has met turns out
// to have been taken back.
func TestTakenBackKeepsOrderOfReceives(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		w := newWorld(t, 2)
		first := w.send(engine.OpSsend, 0, 1, 1, pattern(8, 1))
		if arrived {
			w.turn()
		}
		if !w.cancel(0, first) {
			t.Fatal("an offer that nobody has matched can't be taken back")
		}
		w.fails(0, first, engine.ErrCancelled)
		var bufs [3][]byte
		var rs [3]*engine.Req
		for i := range rs {
			bufs[i] = make([]byte, 8)
			rs[i] = w.recv(1, []int32{0, engine.AnySource, 0}[i], 1, bufs[i])
		}
		for i := range rs {
			w.ok(0, w.send(engine.OpSend, 0, 1, 1, pattern(8, 10+i)))
		}
		for i := range rs {
			w.ok(1, rs[i])
			check(t, bufs[i], 8, 10+i)
		}
	}
}

// Sender and receiver decide in the same moment: a message is either received
// whole and once, or taken back and never seen.
func TestCancelRace(t *testing.T) {
	rounds := rounds(1500)
	for _, shared := range []bool{false, true} {
		w := newWorld(t, 2)
		const size = 40000
		msg := pattern(size, 0)
		if shared {
			msg = w.shared(0, size)
			copy(msg, pattern(size, 0))
		}
		var wg sync.WaitGroup
		sent := make([]bool, rounds)
		var lost atomic.Bool
		var turn [2]atomic.Int64
		together := func(me, i int) bool { // both ranks begin round i at once
			turn[me].Store(int64(i) + 1)
			soon(t, "the other rank", func() bool { return turn[1-me].Load() > int64(i) || lost.Load() })
			return !lost.Load()
		}
		wg.Go(func() {
			for i := range rounds {
				s := w.send(engine.OpSend, 0, 1, 1, msg)
				if !together(0, i) {
					return
				}
				for range i % 7 {
					w.e[0].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
				}
				sent[i] = !w.cancel(0, s)
				_, err := w.e[0].Complete(context.Background(), s)
				if (err == nil) != sent[i] {
					t.Errorf("round %d: taken back: %v, but the send ended with %v", i, !sent[i], err)
				}
				// So that the receiver's round ends.
				if !sent[i] {
					if _, err := w.e[0].Complete(context.Background(), w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))); err != nil {
						t.Error(err)
					}
				}
			}
		})
		wg.Go(func() {
			b := make([]byte, size)
			for i := range rounds {
				var r *engine.Req
				if i%2 == 0 {
					r = w.recv(1, 0, 1, b)
				}
				if !together(1, i) {
					return
				}
				for range i % 5 {
					w.e[1].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
				}
				if r == nil {
					r = w.recv(1, engine.AnySource, 1, b)
				}
				st, err := w.e[1].Complete(context.Background(), r)
				if err != nil {
					t.Errorf("round %d: %v", i, err)
					lost.Store(true)
					return
				}
				seed := 0
				if st.Bytes == 8 {
					seed = 1
				}
				if err := differs(b, st.Bytes, seed); err != nil {
					t.Errorf("round %d: %v", i, err)
				}
				clear(b)
			}
		})
		wg.Wait()
		kept := 0
		for _, s := range sent {
			if s {
				kept++
			}
		}
		t.Logf("arena %v: %d of %d messages were received, the others taken back", shared, kept, rounds)
		w.silent(1)
		w.pingpong(0, 1)
	}
}

// A message that a matched probe has taken is matched: its sender can't take it back.
func TestCancelAfterMatchedProbe(t *testing.T) {
	for _, to := range []int{1, 0} {
		for _, n := range []int{0, 8, 100000} {
			w := newWorld(t, 2)
			s := w.send(engine.OpSsend, 0, to, 1, pattern(n, 1))
			w.turn()
			m, ok, err := w.e[to].Improbe(ctxA, 0, 1)
			if !ok || err != nil {
				t.Fatalf("the message was not found: %v", err)
			}
			if w.cancel(0, s) {
				t.Fatalf("to rank %d, %d bytes: a message was taken back that a matched probe had taken", to, n)
			}
			b := make([]byte, n)
			w.ok(to, w.e[to].Receive(engine.OpRecv, ctxA, m, data(b)))
			w.ok(0, s)
			check(t, b, n, 1)
			w.pingpong(0, 1)
		}
	}
}
