package engine_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/transport"
)

// A report lists everything that is under way, with operation, peer, tag and length.
func TestReport(t *testing.T) {
	w := newWorld(t, 2)
	if got := w.e[0].Report(); len(got) != 0 {
		t.Fatalf("an idle rank reports %+v", got)
	}
	full := w.plug(0, 1)
	rs := []*engine.Req{
		w.recv(0, 1, 11, make([]byte, 8)),
		w.recv(0, engine.AnySource, engine.AnyTag, make([]byte, 9)),
		w.send(engine.OpSend, 0, 1, 12, pattern(10, 1)),
		w.send(engine.OpSsend, 0, 1, 13, pattern(11, 1)),
		w.e[0].StartMove(ctxA, 1, 14, pattern(48, 1)),
		w.e[0].StartRecv(engine.OpRecvMove, ctxA, 1, 15, engine.Data{}),
	}
	w.cancel(0, rs[1]) // or it would take what rank 0 sends to itself
	w.fails(0, rs[1], engine.ErrCancelled)
	rs[1] = w.send(engine.OpSsend, 0, 0, 16, pattern(12, 1))
	any := w.e[0].StartRecv(engine.OpRecv, 77, engine.AnySource, engine.AnyTag, data(make([]byte, 9)))
	want := []string{
		"Recv 4 1 11 8", "Send 4 1 12 10", "Ssend 4 1 13 11", "Move 4 1 14 48", "RecvMove 4 1 15 0",
		"Ssend 4 0 16 12", "Recv 77 -1 -2 9", fmt.Sprintf("Send 8 1 0 %d", plugBytes),
	}
	var got []string
	for _, p := range w.e[0].Report() {
		got = append(got, fmt.Sprintf("%s %d %d %d %d", p.Op, p.Ctx, p.Peer, p.Tag, p.Bytes))
		if p.Block || p.Where != "" {
			t.Errorf("nobody blocks on %+v", p)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("reported:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	w.unplug(0, 1, full)

	// Offered, granted and streaming are under way as well.
	w.turn()
	big := w.send(engine.OpSend, 0, 1, 20, pattern(8<<20, 1))
	in := w.recv(1, 0, 20, make([]byte, 8<<20))
	for range 3 {
		if !has(w.e[0].Report(), "Send", 20) || !has(w.e[1].Report(), "Recv", 20) {
			t.Fatalf("a message in phase %+v is not reported: %+v", big, w.pending())
		}
		w.e[1].Iprobe(idleCtx, 0, 0)
		w.e[0].Iprobe(idleCtx, 0, 0)
	}
	w.ok(1, in)
	w.ok(0, big)
	w.cancel(0, any)
}

func has(ps []engine.Pending, op string, tag int32) bool {
	return slices.ContainsFunc(ps, func(p engine.Pending) bool { return p.Op == op && p.Tag == tag })
}

// here is "file:line" of its caller's caller's next line.
func here(skip int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d ", file, line+skip)
}

// Who blocks is reported with the line in which it does, the sleeping goroutine
// in charge of progress as well as those that wait for it, and comes first.
func TestReportSaysWhere(t *testing.T) {
	w := newWorld(t, 2)
	rest := w.recv(0, 1, 50, make([]byte, 8)) // nobody blocks on this one
	lines := make([]string, 4)
	var wg sync.WaitGroup
	reqs := []*engine.Req{w.recv(0, 1, 0, make([]byte, 8)), w.recv(0, 1, 1, make([]byte, 8))}
	wg.Go(func() {
		lines[0] = here(1)
		w.e[0].Complete(unbounded, reqs[0])
	})
	wg.Go(func() {
		lines[1] = here(1)
		w.e[0].WaitMany(unbounded, reqs[1:2], false)
	})
	wg.Go(func() {
		lines[2] = here(1)
		w.e[0].Probe(unbounded, ctxA, 1, 2)
	})
	wg.Go(func() {
		lines[3] = here(1)
		w.e[0].Mprobe(unbounded, ctxA, engine.AnySource, 3)
	})
	blocked := func() (out []engine.Pending) {
		for _, p := range w.e[0].Report() {
			if p.Block {
				out = append(out, p)
			}
		}
		return out
	}
	var all []engine.Pending
	soon(t, "all block, and say where", func() bool {
		all = w.e[0].Report() // without the lines of those who are too late
		at := func(p engine.Pending) bool { return p.Block && p.Where != "" }
		return slices.IndexFunc(all, func(p engine.Pending) bool { return !at(p) }) >= 4
	})
	if len(all) != 5 || all[4].Block || all[4].Tag != 50 {
		t.Errorf("what nobody blocks on must come last: %+v", all)
	}
	for _, p := range all[:4] {
		if !strings.HasPrefix(p.Where, lines[p.Tag]) || !strings.Contains(p.Where, "TestReportSaysWhere") {
			t.Errorf("%s with tag %d is said to wait at %q, want %q", p.Op, p.Tag, p.Where, lines[p.Tag])
		}
	}
	for tag := range 4 {
		w.ok(1, w.send(engine.OpSend, 1, 0, int32(tag), pattern(8, 1)))
	}
	wg.Wait()
	if len(blocked()) != 0 {
		t.Errorf("nobody blocks any more: %+v", blocked())
	}
	w.cancel(0, rest)
	w.fails(0, rest, engine.ErrCancelled)
}

// With Trace every request is reported with the line that has begun it, reused ones included.
func TestReportSaysWhereBegun(t *testing.T) {
	w := newWorld(t, 2, func(_ int, c *engine.Config) { c.Trace = true })
	for tag := range int32(3) {
		line := here(1)
		r := w.e[0].StartRecv(engine.OpRecv, ctxA, 1, tag, data(make([]byte, 8)))
		got := w.e[0].Report()
		if len(got) != 1 || got[0].Tag != tag || !strings.HasPrefix(got[0].Begun, line) || got[0].Where != "" {
			t.Errorf("reported %+v, want it begun at %s", got, line)
		}
		w.cancel(0, r)
		w.fails(0, r, engine.ErrCancelled)
	}
}

// shortBeat makes a heartbeat short.
type shortBeat struct {
	transport.Endpoint
	beats *atomic.Int64
}

func (s shortBeat) Sleep(time.Duration) {
	s.Endpoint.Sleep(time.Millisecond)
	s.beats.Add(1)
}

// When every rank waits for a while it is said once; again only after something has moved.
func TestStall(t *testing.T) {
	var stalls, beats [3]atomic.Int64
	w := newWorld(t, 3, func(r int, c *engine.Config) {
		c.Endpoint = shortBeat{c.Endpoint, &beats[r]}
		c.OnStall = func() { stalls[r].Add(1) }
	})
	total := func() (n int64) {
		for r := range stalls {
			n += stalls[r].Load()
		}
		return n
	}
	// later waits until ranks have slept some more heartbeats.
	later := func(ranks ...int) {
		for _, r := range ranks {
			from := beats[r].Load()
			soon(t, "heartbeats", func() bool { return beats[r].Load() >= from+20 })
		}
	}
	var wg sync.WaitGroup
	wait := func(r int, tag int32) {
		q := w.recv(r, engine.AnySource, tag, make([]byte, 8))
		wg.Go(func() {
			if err := w.wait(r, q); err != nil {
				t.Error(err)
			}
		})
	}
	wait(0, 1)
	wait(1, 1)
	later(0, 1)
	if total() != 0 {
		t.Fatal("a stall was said while rank 2 does not wait")
	}
	wait(2, 1)
	soon(t, "the stall is said", func() bool { return total() == 1 })
	later(0, 1, 2)
	if total() != 1 {
		t.Fatalf("the stall was said %d times", total())
	}
	for r := range 3 {
		w.e[0].StartSend(engine.OpSend, ctxA, int32(r), 1, data(pattern(8, 1)))
	}
	wg.Wait()

	// A rank that has finished is not waited for.
	w.e[0].Job().MarkFinal(2)
	wait(0, 2)
	wait(1, 2)
	soon(t, "the second stall is said", func() bool { return total() == 2 })
	for r := range 2 {
		w.e[2].StartSend(engine.OpSend, ctxA, int32(r), 2, data(pattern(8, 1)))
	}
	wg.Wait()
}

// Quiesce returns when everything that was begun has left, and not before.
func TestQuiesce(t *testing.T) {
	w := newWorld(t, 2)
	w.e[0].Quiesce() // nothing to do
	full := w.plug(0, 1)
	offers := []*engine.Req{w.send(engine.OpSsend, 0, 1, 1, pattern(8, 1)), w.send(engine.OpSend, 0, 1, 2, pattern(1<<20, 2))}
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		w.e[0].Quiesce()
		over.Store(true)
	})
	b := make([]byte, 1<<20)
	for range full {
		if over.Load() {
			t.Error("Quiesce has returned before the messages had left")
		}
		if err := w.wait(1, w.e[1].StartRecv(engine.OpRecv, ctxB, 0, 0, data(b))); err != nil {
			t.Error(err)
		}
	}
	for tag := int32(1); tag < 3; tag++ {
		if over.Load() {
			t.Error("Quiesce has returned before an offer was answered")
		}
		if err := w.wait(1, w.recv(1, 0, tag, b)); err != nil {
			t.Error(err)
		}
	}
	check(t, b, len(b), 2)
	soon(t, "Quiesce returns", over.Load)
	wg.Wait()
	for _, r := range append(full, offers...) {
		if w.open(0, r) {
			t.Error("a send is under way after Quiesce")
		}
	}
}

// Quiesce ends when those are gone that it waits for.
func TestQuiesceEnds(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"death": func(w *world) { w.e[1].Job().MarkDead(1) },
		"abort": func(w *world) { w.e[1].Job().Abort(1, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.plug(0, 1)
			w.send(engine.OpSsend, 0, 1, 1, pattern(8, 1))
			var over atomic.Bool
			go func() {
				w.e[0].Quiesce()
				over.Store(true)
			}()
			end(w)
			soon(t, "Quiesce returns", over.Load)
		})
	}
}
