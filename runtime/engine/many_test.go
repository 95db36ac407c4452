package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/transport"
)

// deep makes a rank sleep for ever rather than for a heartbeat: a wake-up that
// is lost is a hang then, and not a second that nobody notices.
type deep struct{ transport.Endpoint }

func (d deep) Sleep(time.Duration) { d.Endpoint.Sleep(10 * patience) }

func deepSleep(_ int, c *engine.Config) { c.Endpoint = deep{c.Endpoint} }

// dawdle keeps a goroutine busy for about d, long enough for others to go to sleep.
func dawdle(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		runtime.Gosched()
	}
}

// together runs f(0) to f(n-1) as goroutines and fails if they don't end.
func (w *world) together(n int, f func(i int) error) {
	w.t.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := f(i); err != nil {
				w.t.Errorf("goroutine %d: %v", i, err)
			}
			left.Add(-1)
		})
	}
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		close(ended)
	}()
	late := time.NewTimer(2 * patience)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		w.t.Fatalf("%d of %d goroutines still wait; under way: %+v", left.Load(), n, w.pending())
	}
}

func (w *world) wait(at int, r *engine.Req) error {
	_, err := w.e[at].Complete(unbounded, r)
	return err
}

// Goroutines of two ranks play ping-pong, each pair with a tag of its own.
func TestManyPairs(t *testing.T) {
	for _, pairs := range []int{1, 2, 3, 8, 33} {
		for _, crowd := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d crowded %v", pairs, crowd), func(t *testing.T) {
				configs := []func(int, *engine.Config){deepSleep}
				if crowd {
					configs = append(configs, crowded)
				}
				w := newWorld(t, 2, configs...)
				n := rounds(3000) / pairs
				w.together(2*pairs, func(i int) error {
					me, tag := i%2, int32(i/2)
					rng := rand.New(rand.NewPCG(uint64(i), 1))
					b := make([]byte, 40000)
					for k := range n {
						size := []int{8, 8, 8, 8, 5000, 8, 8, 8, 40000}[(k+int(tag))%9]
						if rng.IntN(100) == 0 {
							dawdle(400 * time.Microsecond)
						}
						for leg := range 2 {
							var err error
							if leg == me {
								err = w.wait(me, w.send(engine.OpSend, me, 1-me, tag, pattern(size, k+leg)))
							} else {
								if err = w.wait(me, w.recv(me, int32(1-me), tag, b[:size])); err == nil {
									err = differs(b, size, k+leg)
								}
							}
							if err != nil {
								return fmt.Errorf("round %d: %w", k, err)
							}
						}
					}
					return nil
				})
			})
		}
	}
}

// Many goroutines of a rank wait; messages come one at a time, for a random one
// of them, and the next only when the last was answered. So the one that makes progress
// for all is done again and again, and somebody else must take over.
func TestProgressIsHandedOver(t *testing.T) {
	const waiters = 8
	w := newWorld(t, 2, deepSleep)
	n := rounds(4000)
	w.together(waiters+1, func(i int) error {
		b := make([]byte, 8)
		if i == waiters {
			rng := rand.New(rand.NewPCG(1, 2))
			for k := range n {
				tag := int32(rng.IntN(waiters))
				if rng.IntN(50) == 0 {
					dawdle(400 * time.Microsecond)
				}
				if err := w.wait(0, w.send(engine.OpSend, 0, 1, tag, pattern(8, k))); err != nil {
					return err
				}
				if err := w.wait(0, w.recv(0, 1, tag, b)); err != nil {
					return err
				}
				if err := differs(b, 8, k); err != nil {
					return err
				}
			}
			for tag := range waiters {
				if err := w.wait(0, w.send(engine.OpSend, 0, 1, int32(tag), nil)); err != nil {
					return err
				}
			}
			return nil
		}
		for {
			st, err := w.e[1].Complete(unbounded, w.recv(1, 0, int32(i), b))
			if err != nil || st.Bytes == 0 {
				return err
			}
			if err := w.wait(1, w.send(engine.OpSend, 1, 0, int32(i), b)); err != nil {
				return err
			}
		}
	})
}

// A goroutine begins to send while the one in charge of progress sleeps: it is woken to see to it.
func TestSendWhileProgressSleeps(t *testing.T) {
	w := newWorld(t, 2, watchSleep, deepSleep)
	ep := w.ep[0].(deep).Endpoint.(*sleepy)
	sleeper := w.recv(0, 1, 99, make([]byte, 8))
	w.together(2, func(i int) error {
		if i == 0 {
			return w.wait(0, sleeper)
		}
		for k := range rounds(200) {
			soon(t, "rank 0 sleeps", ep.asleep.Load)
			s := w.send(engine.OpSend, 0, 1, 1, pattern(200000, k)) // nobody of rank 0 waits for it
			b := make([]byte, 200000)
			if err := w.wait(1, w.recv(1, 0, 1, b)); err != nil {
				return err
			}
			if err := differs(b, len(b), k); err != nil {
				return err
			}
			if err := w.wait(0, s); err != nil {
				return err
			}
		}
		return w.wait(1, w.send(engine.OpSend, 1, 0, 99, pattern(8, 1)))
	})
}

// Goroutines of one rank send to each other through the rank itself, while one of them waits for another rank.
func TestGoroutinesOfOneRankTalk(t *testing.T) {
	w := newWorld(t, 2, deepSleep)
	const pairs = 4
	n := rounds(2000)
	w.together(2*pairs+1, func(i int) error {
		b := make([]byte, 8)
		if i == 2*pairs {
			return w.wait(0, w.recv(0, 1, 1000, b)) // comes last
		}
		tag := int32(i / 2 * 2)
		for k := range n {
			op := []engine.Op{engine.OpSend, engine.OpSsend}[k%2]
			var err error
			if i%2 == 0 {
				if k%25 == 0 { // let everybody else fall asleep
					dawdle(time.Millisecond)
				}
				if err = w.wait(0, w.send(op, 0, 0, tag, pattern(8, k))); err == nil {
					err = w.wait(0, w.recv(0, 0, tag+1, b))
				}
			} else {
				if k%5 == 0 { // the message of another goroutine ends a probe too
					if _, err := w.e[0].Probe(unbounded, ctxA, engine.AnySource, tag); err != nil {
						return err
					}
				}
				if err = w.wait(0, w.recv(0, engine.AnySource, tag, b)); err == nil {
					err = w.wait(0, w.send(op, 0, 0, tag+1, b))
				}
			}
			if err == nil {
				err = differs(b, 8, k)
			}
			if err != nil {
				return fmt.Errorf("round %d: %w", k, err)
			}
		}
		if i == 0 {
			return w.wait(1, w.send(engine.OpSend, 1, 0, 1000, pattern(8, 1)))
		}
		return nil
	})
}

// All ways to wait at once, of many goroutines: one request, all of many, any of
// many, probes, a word, polling, contexts that end.
func TestEveryWayToWait(t *testing.T) {
	w := newWorld(t, 3, deepSleep)
	n := rounds(500)
	const kinds = 7
	counters := make([]engine.Counter, 3)
	for r := range counters {
		counters[r], _ = w.e[r].NewCounter(0, 1)
	}
	w.together(3*kinds, func(i int) error {
		me, kind := i%3, i/3
		next, prev := (me+1)%3, int32((me+2)%3)
		e := w.e[me]
		tag := int32(kind * 10)
		buf := func() []byte { return make([]byte, 64) }
		for k := range n {
			out := pattern(64, k)
			if kind == 4 { // a barrier of all three
				if err := e.Barrier(unbounded, &counters[me], ctxB, []int32{0, 1, 2}); err != nil {
					return err
				}
				continue
			}
			s := []*engine.Req{w.send(engine.OpSend, me, next, tag, out), w.send(engine.OpSsend, me, next, tag+1, out)}
			b := [][]byte{buf(), buf()}
			switch kind {
			case 0:
				for j := range b {
					if err := w.wait(me, w.recv(me, prev, tag+int32(j), b[j])); err != nil {
						return err
					}
				}
			case 1, 2:
				rs := []*engine.Req{w.recv(me, prev, tag, b[0]), nil, w.recv(me, prev, tag+1, b[1])}
				if kind == 1 {
					e.WaitMany(unbounded, rs, false)
				}
				for left := 2; left > 0; left-- {
					e.WaitMany(unbounded, rs, true)
					got := false
					for j, r := range rs {
						if r == nil {
							continue
						}
						if done, _ := e.Done(r, r.Serial()); done {
							if _, err := e.Take(r); err != nil {
								return err
							}
							rs[j], got = nil, true
							break
						}
					}
					if !got {
						return fmt.Errorf("round %d: woken, and nothing is done", k)
					}
				}
			case 3:
				for j := range b {
					if j == 0 {
						if _, err := e.Probe(unbounded, ctxA, prev, tag); err != nil {
							return err
						}
						if err := w.wait(me, w.recv(me, prev, tag, b[0])); err != nil {
							return err
						}
						continue
					}
					m, err := e.Mprobe(unbounded, ctxA, prev, tag+1)
					if err != nil {
						return err
					}
					if err := w.wait(me, e.Receive(engine.OpRecv, ctxA, m, data(b[1]))); err != nil {
						return err
					}
				}
			case 5:
				for j := range b {
					r := w.recv(me, prev, tag+int32(j), b[j])
					for !e.Test(r) {
						runtime.Gosched()
					}
					if _, err := e.Take(r); err != nil {
						return err
					}
				}
			case 6:
				for j := range b {
					patient := time.Duration(k%40) * 10 * time.Microsecond
					if j == 1 {
						patient = patience // a synchronous message that has been matched would be lost
					}
					ctx, cancel := context.WithTimeout(context.Background(), patient)
					_, err := e.Complete(ctx, w.recv(me, prev, tag+int32(j), b[j]))
					cancel()
					if err != nil { // then without a bound
						if err := w.wait(me, w.recv(me, prev, tag+int32(j), b[j])); err != nil {
							return err
						}
					}
				}
			}
			for j := range b {
				if err := differs(b[j], 64, k); err != nil {
					return fmt.Errorf("kind %d, round %d, message %d: %w", kind, k, j, err)
				}
			}
			for _, r := range s {
				if err := w.wait(me, r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Ranks that never wait still hear of an abort.
func TestBusyRanksHearOfAnAbort(t *testing.T) {
	w := newWorld(t, 3)
	w.pingpong(0, 1)
	w.together(3, func(me int) error {
		if me == 2 {
			dawdle(2 * time.Millisecond)
			w.e[2].Job().Abort(2, 1)
			return nil
		}
		b := pattern(8, 1)
		var st engine.Status
		for begin := time.Now(); ; {
			for leg := range 2 {
				var err error
				if leg == me {
					if !w.e[me].TrySend(ctxA, int32(1-me), 1, data(b).P, 8) {
						err = w.wait(me, w.send(engine.OpSend, me, 1-me, 1, b))
					}
				} else if !w.e[me].TryRecv(ctxA, int32(1-me), 1, data(b).P, 8, &st) {
					err = w.wait(me, w.recv(me, int32(1-me), 1, b))
				}
				if err != nil {
					return nil // it heard
				}
			}
			if time.Since(begin) > patience {
				return fmt.Errorf("still plays ping-pong")
			}
		}
	})
}
