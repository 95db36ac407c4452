package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
)

// A probe finds what a receive would take and leaves it; a matched probe takes it.
func TestProbes(t *testing.T) {
	w := newWorld(t, 2)
	for _, to := range []int{1, 0} {
		for _, op := range []engine.Op{engine.OpSend, engine.OpSsend} {
			for k, n := range []int{0, 8, 5000, 40000, 500000} {
				name := fmt.Sprintf("%v to %d, %d bytes", op, to, n)
				tag := int32(k)
				if _, ok, err := w.e[to].Iprobe(ctxA, 0, tag); ok || err != nil {
					t.Fatalf("%s: a message that was never sent: %v", name, err)
				}
				s := w.send(op, 0, to, tag, pattern(n, k))
				behind := w.send(op, 0, to, tag, pattern(n, k+1))
				w.turn()
				want := engine.Status{Source: 0, Tag: tag, Bytes: n}
				for _, src := range []int32{0, engine.AnySource} {
					for _, tg := range []int32{tag, engine.AnyTag} {
						st, ok, err := w.e[to].Iprobe(ctxA, src, tg)
						if !ok || err != nil || st != want {
							t.Fatalf("%s: Iprobe gives %+v, %v, %v", name, st, ok, err)
						}
						if st, err = w.e[to].Probe(context.Background(), ctxA, src, tg); err != nil || st != want {
							t.Fatalf("%s: Probe gives %+v, %v", name, st, err)
						}
					}
				}
				for _, other := range []struct {
					ctx uint32
					tag int32
				}{{ctxB, tag}, {ctxA, tag + 100}} {
					if _, ok, _ := w.e[to].Iprobe(other.ctx, engine.AnySource, other.tag); ok {
						t.Fatalf("%s: found on context %d with tag %d", name, other.ctx, other.tag)
					}
				}
				m, err := w.e[to].Mprobe(unbounded, ctxA, engine.AnySource, engine.AnyTag)
				if err != nil || m.Status != want {
					t.Fatalf("%s: Mprobe gives %+v, %v", name, m.Status, err)
				}
				// Another receive gets the next message; the probed one waits for its own.
				b := make([]byte, n)
				w.ok(to, w.recv(to, 0, tag, b))
				check(t, b, n, k+1)
				w.ok(0, behind)
				w.ok(to, w.e[to].Receive(engine.OpRecv, ctxA, m, data(b)))
				check(t, b, n, k)
				w.ok(0, s)
			}
		}
	}
	w.silent(1)
}

// A probe that waits is ended by a message that comes, and by no other.
func TestProbeWaits(t *testing.T) {
	w := newWorld(t, 2)
	for i := range 50 {
		var wg sync.WaitGroup
		wg.Go(func() {
			var st engine.Status
			var err error
			var m engine.Message
			if i%2 == 0 {
				st, err = w.e[1].Probe(unbounded, ctxA, 0, 2)
			} else {
				m, err = w.e[1].Mprobe(unbounded, ctxA, engine.AnySource, 2)
				st = m.Status
			}
			if err != nil || st.Tag != 2 || st.Bytes != 8 {
				t.Errorf("a waiting probe gives %+v, %v", st, err)
				return
			}
			b := make([]byte, 8)
			var r *engine.Req
			if i%2 == 0 {
				r = w.recv(1, 0, 2, b)
			} else {
				r = w.e[1].Receive(engine.OpRecv, ctxA, m, data(b))
			}
			if _, err := w.e[1].Complete(unbounded, r); err != nil {
				t.Error(err)
			}
		})
		for _, tag := range []int32{1, 3, 2} {
			if _, err := w.e[0].Complete(unbounded, w.send(engine.OpSend, 0, 1, tag, pattern(8, 1))); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		b := make([]byte, 8)
		w.ok(1, w.recv(1, 0, 1, b))
		w.ok(1, w.recv(1, 0, 3, b))
	}
}

// Offers that were taken back are no messages: a probe looks past them.
func TestProbeSkipsTakenBack(t *testing.T) {
	w := newWorld(t, 2)
	var s []*engine.Req
	for i := range 5 {
		s = append(s, w.send(engine.OpSsend, 0, 1, int32(i), pattern(8, i)))
	}
	w.turn()
	for _, i := range []int{0, 1, 3} {
		if !w.cancel(0, s[i]) {
			t.Fatal("not taken back")
		}
		w.fails(0, s[i], engine.ErrCancelled)
	}
	if st, ok, _ := w.e[1].Iprobe(ctxA, 0, engine.AnyTag); !ok || st.Tag != 2 {
		t.Fatalf("the first message that is left has tag 2, the probe found %v, tag %d", ok, st.Tag)
	}
	if _, ok, _ := w.e[1].Iprobe(ctxA, 0, 3); ok {
		t.Fatal("a probe found a message that was taken back")
	}
	m, ok, err := w.e[1].Improbe(ctxA, engine.AnySource, engine.AnyTag)
	if !ok || m.Status.Tag != 2 {
		t.Fatalf("the matched probe found %v, tag %d, %v", ok, m.Status.Tag, err)
	}
	w.ok(1, w.e[1].Receive(engine.OpRecv, ctxA, m, data(make([]byte, 8))))
	w.ok(0, s[2])
	w.ok(1, w.recv(1, 0, 4, make([]byte, 8)))
	w.ok(0, s[4])
	w.silent(1)
}

// A message whose first parts have come can be probed and taken; its bytes follow.
func TestProbeOfHalfAMessage(t *testing.T) {
	w := newWorld(t, 2)
	full := w.plug(0, 1)
	var got []engine.Message
	for range full {
		m, ok, err := w.e[1].Improbe(ctxB, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			if m.Status.Bytes != plugBytes {
				t.Fatalf("a probe says %d bytes, want plugBytes", m.Status.Bytes)
			}
			got = append(got, m)
		}
	}
	if len(got) == 0 {
		t.Fatal("nothing was found")
	}
	b := make([]byte, plugBytes)
	for _, m := range got {
		w.ok(1, w.e[1].Receive(engine.OpRecv, ctxB, m, data(b)))
		check(t, b, len(b), 0)
	}
	w.unplug(0, 1, full[len(got):])
	for _, s := range full[:len(got)] {
		w.ok(0, s)
	}
}
