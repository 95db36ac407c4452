package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
)

// A scene is operations of rank 0 that are under way with rank 1, each in another phase.
type scene struct {
	name  string
	begin func(w *world) []*engine.Req
}

// scenes bring operations of rank 0 into every phase in which rank 1 can be lost or the job aborted.
var scenes = []scene{
	{"posted", func(w *world) []*engine.Req {
		return []*engine.Req{w.recv(0, 1, 1, make([]byte, 8)), w.recv(0, 1, engine.AnyTag, make([]byte, 8))}
	}},
	{"posted for anybody", func(w *world) []*engine.Req {
		return []*engine.Req{w.recv(0, engine.AnySource, 1, make([]byte, 8))}
	}},
	{"queued and half sent", func(w *world) []*engine.Req {
		full := w.plug(0, 1)
		return []*engine.Req{full[len(full)-1], w.send(engine.OpSend, 0, 1, 1, pattern(8, 1)), w.e[0].StartMove(ctxA, 1, 1, pattern(48, 1))}
	}},
	{"offered", func(w *world) []*engine.Req {
		s := []*engine.Req{w.send(engine.OpSsend, 0, 1, 1, pattern(8, 1)), w.send(engine.OpSend, 0, 1, 1, w.shared(0, 100000))}
		w.turn()
		return s
	}},
	{"granted", func(w *world) []*engine.Req {
		w.recv(1, 0, 1, make([]byte, 4<<20))
		s := w.send(engine.OpSend, 0, 1, 1, pattern(4<<20, 1))
		w.turn(1)
		return []*engine.Req{s}
	}},
	{"sending parts", func(w *world) []*engine.Req {
		w.recv(1, 0, 1, make([]byte, 4<<20))
		s := w.send(engine.OpSend, 0, 1, 1, pattern(4<<20, 1))
		w.turn(1)
		w.turn(0)
		return []*engine.Req{s}
	}},
	{"receiving parts", func(w *world) []*engine.Req {
		w.send(engine.OpSend, 1, 0, 1, pattern(4<<20, 1))
		r := w.recv(0, engine.AnySource, 1, make([]byte, 4<<20))
		w.turn(0)
		w.turn(1)
		return []*engine.Req{r}
	}},
	{"receiving half an eager message", func(w *world) []*engine.Req {
		b := make([]byte, plugBytes)
		var rs []*engine.Req
		for range 40 {
			rs = append(rs, w.e[0].StartRecv(engine.OpRecv, ctxB, 1, 0, data(b)))
		}
		full := w.plug(1, 0)
		w.turn(0)
		return rs[len(full)-1:]
	}},
	{"half an unexpected message", func(w *world) []*engine.Req {
		full := w.plug(1, 0)
		w.turn(0)
		b := make([]byte, plugBytes)
		for range full[1:] {
			w.ok(0, w.e[0].StartRecv(engine.OpRecv, ctxB, 1, 0, data(b)))
		}
		return nil // the last has no receive yet
	}},
	{"to and from itself", func(w *world) []*engine.Req {
		return []*engine.Req{w.send(engine.OpSsend, 0, 0, 50, pattern(8, 1)), w.recv(0, 0, 51, make([]byte, 8))}
	}},
}

func TestDeathInEveryPhase(t *testing.T) {
	for _, sc := range scenes {
		t.Run(sc.name, func(t *testing.T) {
			w := newWorld(t, 3)
			rs := sc.begin(w)
			for i, r := range rs {
				if !w.open(0, r) {
					t.Fatalf("operation %d is done before: the test is no good", i)
				}
			}
			elsewhere := w.recv(0, 2, 1, make([]byte, 8))
			w.e[0].Job().MarkDead(1)
			w.turn(0, 2)
			for i, r := range rs {
				if sc.name == "to and from itself" {
					if !w.open(0, r) {
						t.Errorf("operation %d needs no dead rank and has ended", i)
					}
					continue
				}
				_, err := w.e[0].Complete(unbounded, r)
				var lost *engine.PeerError
				if !errors.Is(err, engine.ErrRankFailed) || !errors.As(err, &lost) || lost.Rank != 1 {
					t.Errorf("operation %d ends with %v, want a failure of rank 1", i, err)
				}
			}
			if got := w.e[0].Failed(); !slices.Equal(got, []int32{1}) || w.e[0].Deaths() != 1 {
				t.Errorf("these have failed: %v, %d deaths", got, w.e[0].Deaths())
			}

			// What begins later ends at once.
			for name, start := range map[string]func() *engine.Req{
				"Send":    func() *engine.Req { return w.send(engine.OpSend, 0, 1, 9, pattern(8, 1)) },
				"Ssend":   func() *engine.Req { return w.send(engine.OpSsend, 0, 1, 9, pattern(8, 1)) },
				"Move":    func() *engine.Req { return w.e[0].StartMove(ctxA, 1, 9, pattern(48, 1)) },
				"Recv":    func() *engine.Req { return w.recv(0, 1, 9, make([]byte, 8)) },
				"anybody": func() *engine.Req { return w.recv(0, engine.AnySource, 9, make([]byte, 8)) },
			} {
				if _, err := w.e[0].Complete(unbounded, start()); !errors.Is(err, engine.ErrRankFailed) {
					t.Errorf("%s with a dead rank ends with %v", name, err)
				}
			}
			if w.e[0].TrySend(ctxA, 1, 9, data(pattern(8, 1)).P, 8) {
				t.Error("TrySend to a dead rank")
			}
			for _, src := range []int32{1, engine.AnySource} {
				if _, err := w.e[0].Probe(unbounded, ctxA, src, 9); !errors.Is(err, engine.ErrRankFailed) {
					t.Errorf("Probe of %d: %v", src, err)
				}
				if _, ok, err := w.e[0].Iprobe(ctxA, src, 9); ok || !errors.Is(err, engine.ErrRankFailed) {
					t.Errorf("Iprobe of %d: %v, %v", src, ok, err)
				}
				if _, err := w.e[0].Mprobe(unbounded, ctxA, src, 9); !errors.Is(err, engine.ErrRankFailed) {
					t.Errorf("Mprobe of %d: %v", src, err)
				}
				if _, ok, err := w.e[0].Improbe(ctxA, src, 9); ok || !errors.Is(err, engine.ErrRankFailed) {
					t.Errorf("Improbe of %d: %v, %v", src, ok, err)
				}
			}

			// The living go on.
			w.ok(2, w.send(engine.OpSend, 2, 0, 1, pattern(8, 1)))
			w.ok(0, elsewhere)
			w.pingpong(0, 2)
			w.e[0].Quiesce()
		})
	}
}

// What the dead rank had sent is still received: small messages, whole eager ones, and a
// large one that lies in its arena.
func TestLastWordsOfTheDead(t *testing.T) {
	for _, noticed := range []bool{false, true} { // the channel was known before the death
		w := newWorld(t, 2)
		if noticed {
			w.pingpong(0, 1)
		}
		arena := w.shared(1, 100000)
		copy(arena, pattern(len(arena), 2))
		posted := make([]byte, 100000)
		r := w.recv(0, 1, 2, posted)
		for k, n := range []int{8, 20000} {
			w.send(engine.OpSend, 1, 0, int32(k), pattern(n, k))
		}
		w.send(engine.OpSend, 1, 0, 2, arena)
		w.send(engine.OpSend, 1, 0, 3, pattern(100000, 3)) // needs its sender
		w.e[0].Job().MarkDead(1)
		w.turn(0)
		b := make([]byte, 100000)
		for k, n := range []int{8, 20000} {
			st, err := w.e[0].Complete(unbounded, w.recv(0, 1, int32(k), b))
			if err != nil || st.Bytes != n {
				t.Fatalf("message %d: %+v, %v", k, st, err)
			}
			check(t, b, n, k)
		}
		if _, err := w.e[0].Complete(unbounded, r); err != nil {
			t.Fatalf("a message that lies in the arena of the dead: %v", err)
		}
		check(t, posted, len(posted), 2)
		if _, err := w.e[0].Complete(unbounded, w.recv(0, 1, 3, b)); !errors.Is(err, engine.ErrRankFailed) {
			t.Fatalf("a message whose sender died before it was matched: %v", err)
		}
	}
}

// A communicator without the dead rank, or whose user knows of the death, receives from anybody and has barriers.
func TestDeathElsewhere(t *testing.T) {
	known := 0
	w := newWorld(t, 3, func(_ int, c *engine.Config) {
		c.Member = func(ctx uint32, rank int32) bool { return ctx != ctxB || rank != 1 }
		c.Acked = func(ctx uint32) int {
			if ctx == ctxA {
				return known
			}
			return 0
		}
	})
	members := []int32{0, 2}
	c0, _ := w.e[0].NewCounter(0, 5)
	c2, _ := w.e[2].NewCounter(0, 5)
	inB := w.e[0].StartRecv(engine.OpRecv, ctxB, engine.AnySource, 1, data(make([]byte, 8)))
	inA := w.recv(0, engine.AnySource, 1, make([]byte, 8))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.e[0].Barrier(unbounded, &c0, ctxB, members); err != nil {
			t.Errorf("a barrier without the dead rank: %v", err)
		}
		if _, err := w.e[0].Complete(unbounded, inB); err != nil {
			t.Errorf("a receive without the dead rank: %v", err)
		}
		if _, err := w.e[0].Complete(unbounded, inA); !errors.Is(err, engine.ErrRankFailed) {
			t.Errorf("a receive that the dead rank might have answered: %v", err)
		}
	})
	w.e[0].Job().MarkDead(1)
	soon(t, "rank 0 hears of the death", func() bool { return w.e[0].Deaths() == 1 })
	if err := w.e[2].Barrier(unbounded, &c2, ctxB, members); err != nil {
		t.Error(err)
	}
	w.ok(2, w.e[2].StartSend(engine.OpSend, ctxB, 0, 1, data(pattern(8, 1))))
	wg.Wait()

	known = 1
	again := w.recv(0, engine.AnySource, 1, make([]byte, 8))
	w.turn(0, 2)
	if !w.open(0, again) {
		t.Fatal("a receive from anybody ended because of a death that is known")
	}
	w.ok(2, w.send(engine.OpSend, 2, 0, 1, pattern(8, 1)))
	w.ok(0, again)
}

func TestAbortInEveryPhase(t *testing.T) {
	for _, sc := range scenes {
		t.Run(sc.name, func(t *testing.T) {
			told := 0
			w := newWorld(t, 3, func(r int, c *engine.Config) {
				if r == 0 {
					c.OnEpoch = func() { told++ }
				}
			})
			rs := sc.begin(w)
			// Taken by a matched probe, and then nothing.
			probed := w.send(engine.OpSsend, 0, 0, 70, pattern(8, 1))
			if _, ok, err := w.e[0].Improbe(ctxA, 0, 70); !ok {
				t.Fatal(err)
			}
			rs = append(rs, probed)
			w.e[2].Job().Abort(2, 3)
			w.turn(0)
			for i, r := range rs {
				if _, err := w.e[0].Complete(unbounded, r); !errors.Is(err, engine.ErrAborted) {
					t.Errorf("operation %d ends with %v", i, err)
				}
			}
			if told != 1 {
				t.Errorf("OnEpoch was called %d times", told)
			}
			if _, err := w.e[0].Complete(unbounded, w.send(engine.OpSend, 0, 2, 1, pattern(8, 1))); !errors.Is(err, engine.ErrAborted) {
				t.Errorf("a send after the abort: %v", err)
			}
			if _, err := w.e[0].Probe(unbounded, ctxA, 2, 1); !errors.Is(err, engine.ErrAborted) {
				t.Errorf("a probe after the abort: %v", err)
			}
			w.e[0].Quiesce() // waits for nothing
		})
	}
}

// A revoked communicator ends what is under way on it, on all its ranks, in every phase; others are not touched.
func TestRevokeInEveryPhase(t *testing.T) {
	for _, sc := range scenes {
		for _, who := range []int{0, 1} {
			w := newWorld(t, 2)
			rs := sc.begin(w)
			other := w.e[0].StartRecv(engine.OpRecv, 99, engine.AnySource, 1, data(make([]byte, 8)))
			members := []int32{0, 1}
			w.e[who].Revoke(ctxA, members)
			w.e[who].Revoke(ctxB, members)
			// Halves of eager messages are finished: they need the other side to go on.
			for i, r := range rs {
				_, err := w.finish(0, r)
				if err != nil && !errors.Is(err, engine.ErrRevoked) && !errors.Is(err, engine.ErrWithdrawn) {
					t.Errorf("%s, revoked by %d: operation %d ends with %v", sc.name, who, i, err)
				}
			}
			w.turn()
			for r := range 2 {
				for _, ctx := range []uint32{ctxA, ctxB} {
					if _, err := w.finish(r, w.e[r].StartSend(engine.OpSend, ctx, int32(1-r), 1, data(pattern(8, 1)))); !errors.Is(err, engine.ErrRevoked) {
						t.Errorf("%s: rank %d still sends on context %d: %v", sc.name, r, ctx, err)
					}
					if _, err := w.e[r].Probe(unbounded, ctx, engine.AnySource, 1); !errors.Is(err, engine.ErrRevoked) {
						t.Errorf("%s: rank %d still probes: %v", sc.name, r, err)
					}
				}
			}
			if !w.open(0, other) {
				t.Errorf("%s: an operation on another context has ended", sc.name)
			}
			w.ok(1, w.e[1].StartSend(engine.OpSend, 99, 0, 1, data(pattern(8, 1))))
			w.ok(0, other)
			for _, e := range w.e {
				e.Forget(ctxA)
			}
			w.silent(0)
			w.silent(1)
			w.pingpong(0, 1)
		}
	}
}

// A revocation reaches everybody although the one who began it dies right after the first was told.
func TestRevokeIsPassedOn(t *testing.T) {
	var w *world
	all := []int32{0, 1, 2}
	w = newWorld(t, 3, func(r int, c *engine.Config) {
		c.OnRevoke = func(ctx uint32) { w.e[r].Forward(ctx, all) }
	})
	r := w.recv(2, 1, 1, make([]byte, 8))
	w.e[0].Revoke(ctxA, []int32{1}) // 2 is never told by 0
	w.turn(1, 2)
	w.fails(2, r, engine.ErrRevoked)
}

func TestClose(t *testing.T) {
	w := newWorld(t, 2)
	w.pingpong(0, 1)
	rs := []*engine.Req{
		w.recv(0, 1, 1, make([]byte, 8)),
		w.send(engine.OpSsend, 0, 1, 1, pattern(8, 1)),
		w.send(engine.OpSsend, 0, 0, 1, pattern(8, 1)),
	}
	if err := w.e[0].Close(); err != nil {
		t.Fatal(err)
	}
	for i, r := range rs {
		if _, err := w.e[0].Complete(unbounded, r); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("operation %d ends with %v", i, err)
		}
	}
	if _, err := w.e[0].Complete(unbounded, w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
	if _, err := w.e[0].Complete(unbounded, w.recv(0, 1, 1, make([]byte, 8))); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Recv after Close: %v", err)
	}
	var st engine.Status
	b := make([]byte, 8)
	if w.e[0].TrySend(ctxA, 1, 1, data(b).P, 8) || w.e[0].TryRecv(ctxA, 1, 1, data(b).P, 8, &st) {
		t.Error("a short way is open after Close")
	}
	if _, err := w.e[0].Probe(unbounded, ctxA, 1, 1); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Probe after Close: %v", err)
	}
	w.e[0].Quiesce()
	if len(w.e[0].Report()) != 0 {
		t.Error("something is under way after Close")
	}
}

// Goroutines that wait for what no message finishes hear of a death, an abort, a revocation and of Close.
func TestWaitersHear(t *testing.T) {
	for _, x := range []struct {
		name string
		want error
		end  func(w *world)
	}{
		{"death", engine.ErrRankFailed, func(w *world) { w.e[1].Job().MarkDead(1) }},
		{"abort", engine.ErrAborted, func(w *world) { w.e[1].Job().Abort(1, 1) }},
		{"revoke here", engine.ErrRevoked, func(w *world) { w.e[0].Revoke(ctxA, nil) }},
		{"revoke there", engine.ErrRevoked, func(w *world) { w.e[1].Revoke(ctxA, []int32{0}) }},
		{"close", engine.ErrClosed, func(w *world) { w.e[0].Close() }},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, 2, watchSleep, deepSleep)
			ep := w.ep[0].(deep).Endpoint.(*sleepy)
			c, _ := w.e[0].NewCounter(0, 0)
			waits := []func() error{
				func() error { _, err := w.e[0].Probe(unbounded, ctxA, 1, 1); return err },
				func() error { _, err := w.e[0].Probe(unbounded, ctxA, engine.AnySource, 1); return err },
				func() error { _, err := w.e[0].Mprobe(unbounded, ctxA, 1, 1); return err },
				func() error { return w.e[0].Barrier(unbounded, &c, ctxA, []int32{0, 1}) },
				func() error { return w.wait(0, w.recv(0, 1, 1, make([]byte, 8))) },
			}
			go func() {
				if !waitUntil(func() bool { return len(w.e[0].Report()) == len(waits) && ep.asleep.Load() }) {
					t.Error("not all wait")
				}
				x.end(w)
			}()
			w.together(len(waits), func(i int) error {
				if err := waits[i](); !errors.Is(err, x.want) {
					return fmt.Errorf("ended with %v, want %v", err, x.want)
				}
				return nil
			})
		})
	}
}

// A revocation that has come, and that nobody has looked at, ends a wait that begins then.
func TestRevokedBeforeTheFirstLook(t *testing.T) {
	var word uint64
	for name, wait := range map[string]func(w *world) error{
		"probe":  func(w *world) error { _, err := w.e[0].Probe(unbounded, ctxA, 1, 1); return err },
		"mprobe": func(w *world) error { _, err := w.e[0].Mprobe(unbounded, ctxA, 1, 1); return err },
		"await":  func(w *world) error { return w.e[0].Await(unbounded, ctxA, []int32{0, 1}, &word, 1, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.pingpong(0, 1)
			w.e[1].Revoke(ctxA, []int32{0})
			w.together(1, func(int) error {
				if err := wait(w); !errors.Is(err, engine.ErrRevoked) {
					return fmt.Errorf("ended with %v, want %v", err, engine.ErrRevoked)
				}
				return nil
			})
		})
	}
}
