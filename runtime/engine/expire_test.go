package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/wire"
)

// expired waits for r with a context that has ended, and checks that the wait ends with its cause.
func (w *world) expired(at int, r *engine.Req) {
	w.t.Helper()
	if _, err := w.e[at].Complete(over(), r); !errors.Is(err, errTest) {
		w.t.Fatalf("rank %d: a wait whose context has ended gives %v, want its cause", at, err)
	}
}

// word is the descriptor of a send, as its receiver sees it.
func (w *world) word(from, to, desc int) *uint64 {
	b, err := w.ep[to].Channel(to, from)
	if err != nil {
		w.t.Fatal(err)
	}
	rx, err := ring.NewRx(b, w.ep[to].Shape())
	if err != nil {
		w.t.Fatal(err)
	}
	return rx.Desc(desc)
}

func TestExpiredReceive(t *testing.T) {
	t.Run("posted", func(t *testing.T) {
		w := newWorld(t, 2)
		for _, src := range []int32{0, engine.AnySource} {
			b := make([]byte, 8)
			w.expired(1, w.recv(1, src, 1, b))
			w.ok(0, w.send(engine.OpSend, 0, 1, 1, pattern(8, 1)))
			w.turn()
			if b[0] != 0 {
				t.Fatal("a buffer was written after its receive had ended")
			}
			w.ok(1, w.recv(1, src, 1, b))
			check(t, b, 8, 1)
		}
	})

	// The message is a stream of which a part has come: the sender is not held up by the rest.
	t.Run("streaming", func(t *testing.T) {
		w := newWorld(t, 2)
		b := make([]byte, 4<<20)
		r := w.recv(1, 0, 1, b)
		s := w.send(engine.OpSend, 0, 1, 1, pattern(len(b), 1))
		w.turn(1)
		w.e[0].Iprobe(idleCtx, 0, 0) // parts leave
		w.e[1].Iprobe(idleCtx, 0, 0) // and some arrive
		if !w.open(1, r) || b[0] == 0 {
			t.Fatal("the message is not under way: the test is no good")
		}
		w.expired(1, r)
		clear(b)
		w.ok(0, s)
		w.turn()
		for i, x := range b {
			if x != 0 {
				t.Fatalf("byte %d was written after the receive had ended", i)
			}
		}
		w.pingpong(0, 1)
	})

	// An eager message of which only the first parts have found room.
	for _, posted := range []bool{true, false} {
		name := map[bool]string{true: "half an eager message", false: "half an unexpected message"}[posted]
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			b := make([]byte, plugBytes)
			var rs []*engine.Req
			if posted {
				rs = w.posts(b)
			}
			full := w.plug(0, 1)
			if !posted {
				// Take all that is there: the last message is not complete yet.
				for range full {
					w.e[1].Iprobe(idleCtx, 0, 0)
				}
				for range full {
					rs = append(rs, w.e[1].StartRecv(engine.OpRecv, ctxB, 0, 0, data(b)))
				}
			}
			half := -1
			for range full {
				w.e[1].Iprobe(idleCtx, 0, 0)
			}
			for i := range full {
				if w.open(1, rs[i]) {
					half = i
					break
				}
			}
			if half < 0 {
				t.Fatal("the channel takes whole messages only: the test is no good")
			}
			w.expired(1, rs[half])
			rs[half] = nil
			w.turn()
			for _, s := range full {
				w.ok(0, s)
			}
			for i, r := range rs {
				if r == nil {
					continue
				}
				if i < len(full) && i != half {
					if st, _ := w.finish(1, r); st.Bytes != plugBytes {
						t.Fatalf("message %d has %d bytes", i, st.Bytes)
					}
				} else if w.open(1, r) {
					w.cancel(1, r)
					w.finish(1, r)
				}
			}
			w.pingpong(0, 1)
		})
	}
}

// posts puts enough receives for a full channel.
func (w *world) posts(b []byte) (rs []*engine.Req) {
	for range 40 {
		rs = append(rs, w.e[1].StartRecv(engine.OpRecv, ctxB, 0, 0, data(b)))
	}
	return rs
}

func TestExpiredSend(t *testing.T) {
	t.Run("queued", func(t *testing.T) {
		for _, n := range []int{8, 20000, 100000} {
			w := newWorld(t, 2)
			full := w.plug(0, 1)
			w.expired(0, w.send(engine.OpSend, 0, 1, 1, pattern(n, 1)))
			w.unplug(0, 1, full)
			w.silent(1)
			w.pingpong(0, 1)
		}
	})

	t.Run("offered", func(t *testing.T) {
		for _, shared := range []bool{false, true} {
			for _, arrived := range []bool{false, true} {
				w := newWorld(t, 2)
				msg := pattern(100000, 1)
				if shared {
					msg = w.shared(0, len(msg))
				}
				s := w.send(engine.OpSend, 0, 1, 1, msg)
				if arrived {
					w.turn()
				}
				w.expired(0, s)
				w.silent(1)
				w.pingpong(0, 1)
			}
		}
	})

	// The receiver's answer is there, and not yet seen: the receiver is told that nothing comes.
	t.Run("granted", func(t *testing.T) {
		w := newWorld(t, 2)
		s := w.send(engine.OpSend, 0, 1, 1, pattern(1<<20, 1))
		r := w.recv(1, 0, 1, make([]byte, 1<<20))
		w.turn(1)
		w.expired(0, s)
		w.fails(1, r, engine.ErrWithdrawn)
		w.pingpong(0, 1)
	})

	t.Run("streaming", func(t *testing.T) {
		w := newWorld(t, 2)
		msg := pattern(4<<20, 1)
		s := w.send(engine.OpSend, 0, 1, 1, msg)
		r := w.recv(1, 0, 1, make([]byte, len(msg)))
		w.turn(1)
		w.e[0].Iprobe(idleCtx, 0, 0) // as much as there is room for
		if !w.open(0, s) {
			t.Fatal("the message has left at once: the test is no good")
		}
		w.expired(0, s)
		w.fails(1, r, engine.ErrWithdrawn)
		w.pingpong(0, 1)
	})

	// Half an eager message has left. Its send is done, the rest leaves from a copy.
	t.Run("half sent", func(t *testing.T) {
		w := newWorld(t, 2)
		var full []*engine.Req
		msgs := [][]byte{}
		for {
			b := pattern(plugBytes, len(msgs))
			msgs = append(msgs, b)
			r := w.e[0].StartSend(engine.OpSend, ctxA, 1, 0, data(b))
			full = append(full, r)
			if w.open(0, r) {
				break
			}
		}
		last := len(full) - 1
		_, err := w.e[0].Complete(over(), full[last])
		if err != nil {
			if !errors.Is(err, errTest) {
				t.Fatal(err)
			}
			t.Fatal("nothing of the last message had left: the test is no good")
		}
		clear(msgs[last]) // the buffer is ours again
		tail := w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))
		b := make([]byte, plugBytes)
		for i := range full {
			w.ok(1, w.recv(1, 0, engine.AnyTag, b))
			check(t, b, len(b), i)
		}
		w.ok(1, w.recv(1, 0, engine.AnyTag, b))
		check(t, b, 8, 1)
		w.ok(0, tail)
		for _, r := range full[:last] {
			w.ok(0, r)
		}
		w.pingpong(0, 1)
	})

	// The receiver reads the arena and is slow. The sender has its buffer back; what the receiver read counts for nothing.
	t.Run("borrowed", func(t *testing.T) {
		w := newWorld(t, 2)
		s := w.send(engine.OpSend, 0, 1, 1, w.shared(0, 100000))
		word := w.word(0, 1, 0)
		if !atomic.CompareAndSwapUint64(word, wire.DescWord(1, wire.DescOffered), wire.DescWord(1, wire.DescGranted)) {
			t.Fatalf("the descriptor holds %#x: the test is no good", atomic.LoadUint64(word))
		}
		w.turn(0)
		if !w.open(0, s) {
			t.Fatal("the send is done while its receiver reads")
		}
		w.expired(0, s)
		if atomic.CompareAndSwapUint64(word, wire.DescWord(1, wire.DescGranted), wire.DescWord(1, wire.DescDone)) {
			t.Fatal("the receiver is not told that the buffer was taken back")
		}
		w.pingpong(0, 1)
	})

	t.Run("taken by a matched probe", func(t *testing.T) {
		for _, to := range []int{1, 0} {
			w := newWorld(t, 2)
			s := w.send(engine.OpSsend, 0, to, 1, pattern(100, 1))
			w.turn()
			m, ok, err := w.e[to].Improbe(ctxA, 0, 1)
			if !ok {
				t.Fatal(err)
			}
			w.expired(0, s)
			w.fails(to, w.e[to].Receive(engine.OpRecv, ctxA, m, data(make([]byte, 100))), engine.ErrWithdrawn)
			w.pingpong(0, 1)
		}
	})

	// Somebody has overwritten the descriptor: an error, not a hang.
	t.Run("damaged descriptor", func(t *testing.T) {
		for _, bad := range []uint64{0, wire.DescWord(1, 99), wire.DescWord(7, wire.DescGranted), ^uint64(0)} {
			w := newWorld(t, 2)
			s := w.send(engine.OpSend, 0, 1, 1, pattern(100000, 1))
			atomic.StoreUint64(w.word(0, 1, 0), bad)
			if _, err := w.e[0].Complete(over(), s); err == nil {
				t.Fatalf("a send whose descriptor was overwritten with %#x is done", bad)
			}
		}
	})
}

func TestExpiredProbe(t *testing.T) {
	w := newWorld(t, 2)
	for _, src := range []int32{0, engine.AnySource} {
		if _, err := w.e[1].Probe(over(), ctxA, src, 1); !errors.Is(err, errTest) {
			t.Fatalf("probe: %v", err)
		}
		if _, err := w.e[1].Mprobe(over(), ctxA, src, 1); !errors.Is(err, errTest) {
			t.Fatalf("matched probe: %v", err)
		}
	}
	w.ok(0, w.send(engine.OpSend, 0, 1, 1, pattern(8, 1)))
	b := make([]byte, 8)
	w.ok(1, w.recv(1, 0, 1, b)) // no probe that has ended took it
}

// Of many requests, those that are not done end with the cause, the others as they did.
func TestExpiredMany(t *testing.T) {
	w := newWorld(t, 2)
	b := make([]byte, 8)
	done := w.recv(1, 0, 1, b)
	w.ok(0, w.send(engine.OpSend, 0, 1, 1, pattern(8, 1)))
	w.turn()
	rs := []*engine.Req{nil, done, w.recv(1, 0, 2, make([]byte, 8)), w.recv(1, engine.AnySource, 3, make([]byte, 8))}
	w.e[1].WaitMany(over(), rs, false)
	if _, err := w.e[1].Take(rs[1]); err != nil {
		t.Error(err)
	}
	for _, r := range rs[2:] {
		if _, err := w.e[1].Take(r); !errors.Is(err, errTest) {
			t.Errorf("%v, want the cause", err)
		}
	}
}

// A context that ends while its goroutine sleeps, be it the one that makes
// progress for all or one of the others, ends the wait.
func TestContextEndsDuringSleep(t *testing.T) {
	w := newWorld(t, 2, watchSleep)
	ep := w.ep[1].(*sleepy)
	var wg sync.WaitGroup
	ctxs := make([]context.CancelCauseFunc, 4)
	ended := make([]atomic.Bool, 4)
	for i := range ctxs {
		var ctx context.Context
		ctx, ctxs[i] = context.WithCancelCause(context.Background())
		r := w.recv(1, 0, int32(i), make([]byte, 8))
		wg.Go(func() {
			if _, err := w.e[1].Complete(ctx, r); !errors.Is(err, errTest) {
				t.Errorf("wait %d: %v", i, err)
			}
			ended[i].Store(true)
		})
	}
	soon(t, "rank 1 sleeps", ep.asleep.Load)
	for i := range ctxs {
		ctxs[i](errTest)
		soon(t, "the wait ends", ended[i].Load)
		for k := i + 1; k < len(ended); k++ {
			if ended[k].Load() {
				t.Errorf("the end of context %d has ended wait %d", i, k)
			}
		}
	}
	wg.Wait()
}

// sleepy tells when its rank sleeps.
type sleepy struct {
	transport.Endpoint
	asleep atomic.Bool
	sleeps atomic.Int64
}

func watchSleep(_ int, c *engine.Config) { c.Endpoint = &sleepy{Endpoint: c.Endpoint} }

func (s *sleepy) Sleep(d time.Duration) {
	s.sleeps.Add(1)
	s.asleep.Store(true)
	s.Endpoint.Sleep(d)
	s.asleep.Store(false)
}

// Contexts that end at random moments of exchanges with every protocol: each
// message arrives whole, or its receive ends with an error; nobody hangs, and the ranks can still talk.
func TestContextsEndAnywhere(t *testing.T) {
	rounds := rounds(1500)
	w := newWorld(t, 2)
	arena := [2][]byte{w.shared(0, 300000), w.shared(1, 300000)}
	lengths := []int{8, 5000, 20000, 40000, 300000}
	var wg sync.WaitGroup
	var ok, gone [2]atomic.Int64
	for me := range 2 {
		wg.Go(func() {
			other := 1 - me
			b := make([]byte, 300000)
			for i := range rounds {
				n := lengths[i%len(lengths)]
				out := pattern(n, i)
				// Who reads a buffer in the arena while its sender takes it back and writes to it drops what it has read. The
				// race detector sees only the reading.
				if i%3 == 0 && !invariants.Enabled {
					out = arena[me][:copy(arena[me], out)]
				}
				// The round's tag is its own: what is left of an earlier one disturbs nobody, nor pingpong.
				var rs []*engine.Req
				tag := int32(1000 + i)
				r := w.recv(me, int32(other), tag, b)
				s := w.send(engine.OpSend, me, other, tag, out)
				rs = append(rs, r, s)
				var ctx context.Context
				var cancel context.CancelFunc
				if (i+me)%2 == 0 {
					ctx, cancel = context.WithTimeoutCause(context.Background(), time.Duration(i%50)*5*time.Microsecond, errTest)
				} else {
					ctx, cancel = context.WithTimeoutCause(context.Background(), 20*time.Millisecond, errTest)
				}
				for k, q := range rs {
					st, err := w.e[me].Complete(ctx, q)
					switch {
					case err == nil:
						ok[me].Add(1)
						if k == 0 {
							if st.Bytes != n {
								t.Errorf("round %d: %d bytes, want %d", i, st.Bytes, n)
							} else if err := differs(b, n, i); err != nil {
								t.Errorf("round %d: %v", i, err)
							}
						}
					case errors.Is(err, errTest), errors.Is(err, engine.ErrWithdrawn):
						gone[me].Add(1)
					default:
						t.Errorf("rank %d, round %d: %v", me, i, err)
					}
				}
				cancel()
			}
		})
	}
	wg.Wait()
	t.Logf("operations done: %d and %d, ended by their contexts: %d and %d", ok[0].Load(), ok[1].Load(), gone[0].Load(), gone[1].Load())
	w.pingpong(0, 1)
}
