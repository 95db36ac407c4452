package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/inproc"
)

// patience is how long something that must happen may take. No passing test waits for it.
const patience = 30 * time.Second

// world is n engines that share memory. Most tests play all ranks from one
// goroutine: they begin operations, let chosen ranks make progress with turn, and look.
type world struct {
	t   testing.TB
	e   []*engine.Engine
	ep  []transport.Endpoint
	buf [][]byte // arena buffers by rank
}

// roomy says how many processors there are: with fewer than ranks the engine
// chooses other sizes, so tests that count on a protocol say it.
type roomy struct {
	transport.Endpoint
	processors int
}

func (r roomy) Caps() transport.Caps {
	c := r.Endpoint.Caps()
	c.Processors = r.processors
	return c
}

// crowded is for newWorld: more ranks than processors.
func crowded(_ int, c *engine.Config) { c.Endpoint = roomy{c.Endpoint, 1} }

// newWorld makes n engines. config may change what each is made of.
func newWorld(t testing.TB, n int, config ...func(rank int, c *engine.Config)) *world {
	t.Helper()
	in, err := inproc.New(n)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, buf: make([][]byte, n)}
	for r := range n {
		c := engine.Config{Endpoint: roomy{in.Endpoint(r), 64}}
		for _, f := range config {
			f(r, &c)
		}
		e, err := engine.New(c)
		if err != nil {
			t.Fatal(err)
		}
		w.e, w.ep = append(w.e, e), append(w.ep, c.Endpoint)
	}
	t.Cleanup(func() {
		for r, e := range w.e {
			if err := e.Close(); err != nil {
				t.Errorf("rank %d: close: %v", r, err)
			}
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Contexts (communicators) of the tests. Nobody sends on idleCtx.
const (
	ctxA    = 4
	ctxB    = 8
	idleCtx = 1 << 20
)

// turn lets ranks make progress until nothing can move any more, or nearly.
func (w *world) turn(ranks ...int) {
	if len(ranks) == 0 {
		for r := range w.e {
			ranks = append(ranks, r)
		}
	}
	for range 200 {
		for _, r := range ranks {
			w.e[r].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
		}
	}
}

// in and out describe memory to the engine.
func data(b []byte) engine.Data {
	return engine.Data{P: unsafe.Pointer(unsafe.SliceData(b)), N: len(b)}
}

// pattern is n bytes that tell messages apart.
func pattern(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + seed*31 + 1)
	}
	return b
}

// check compares the first n bytes of b with a pattern.
func check(t testing.TB, b []byte, n, seed int) {
	t.Helper()
	if err := differs(b, n, seed); err != nil {
		t.Fatal(err)
	}
}

func differs(b []byte, n, seed int) error {
	for i := range n {
		if want := byte(i*7 + i>>8 + seed*31 + 1); b[i] != want {
			return fmt.Errorf("byte %d of %d is %d, want %d (message %d)", i, n, b[i], want, seed)
		}
	}
	return nil
}

func (w *world) send(op engine.Op, from, to int, tag int32, b []byte) *engine.Req {
	return w.e[from].StartSend(op, ctxA, int32(to), tag, data(b))
}

func (w *world) recv(at int, from, tag int32, b []byte) *engine.Req {
	return w.e[at].StartRecv(engine.OpRecv, ctxA, from, tag, data(b))
}

// finish drives all ranks until r, an operation of rank at, is done, and returns how it ended.
func (w *world) finish(at int, r *engine.Req) (engine.Status, error) {
	w.t.Helper()
	for late := time.Now().Add(patience); !w.e[at].Test(r); {
		for i := range w.e {
			w.e[i].Iprobe(idleCtx, engine.AnySource, engine.AnyTag)
		}
		if time.Now().After(late) {
			w.t.Fatalf("an operation of rank %d does not end; under way: %+v", at, w.pending())
		}
	}
	return w.e[at].Take(r)
}

// pending is what all ranks have under way.
func (w *world) pending() (all [][]engine.Pending) {
	for _, e := range w.e {
		all = append(all, e.Report())
	}
	return all
}

// ok finishes r without an error.
func (w *world) ok(at int, r *engine.Req) engine.Status {
	w.t.Helper()
	st, err := w.finish(at, r)
	if err != nil {
		w.t.Fatalf("rank %d: %v", at, err)
	}
	return st
}

// fails finishes r with an error that is want.
func (w *world) fails(at int, r *engine.Req, want error) error {
	w.t.Helper()
	_, err := w.finish(at, r)
	if !errors.Is(err, want) {
		w.t.Fatalf("rank %d: the operation ended with %v, want %v", at, err, want)
	}
	return err
}

// open says whether r is still under way, without making progress elsewhere.
func (w *world) open(at int, r *engine.Req) bool {
	done, gone := w.e[at].Done(r, r.Serial())
	return !done && !gone
}

// shared gives n bytes of rank's arena.
func (w *world) shared(rank, n int) []byte {
	w.t.Helper()
	h, err := w.e[rank].Heap()
	if err != nil {
		w.t.Fatal(err)
	}
	x, b, err := h.Alloc(n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := h.Free(x); err != nil && !errors.Is(err, arena.ErrDead) {
			w.t.Error(err)
		}
	})
	return b
}

// errTest is the cause that tests cancel with.
var errTest = errors.New("the test has had enough")

// unbounded is the context of waits without an end.
var unbounded = context.Background()

// rounds is how often a stress test does something n times in an ordinary run.
func rounds(n int) int {
	if testing.Short() {
		n /= 3
	}
	if invariants.Enabled { // and likely the race detector
		n /= 4
	}
	return n
}

// over is a context that has ended.
func over() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errTest)
	return ctx
}

// plugBytes is the size of messages of which the last that finds room in a channel finds it for a part of itself only.
const plugBytes = 30000

// plug fills the channel from a rank to another with messages on ctxB until
// nothing more finds room, and returns the requests and how many messages it took. unplug receives them.
func (w *world) plug(from, to int) (rs []*engine.Req) {
	for {
		r := w.e[from].StartSend(engine.OpSend, ctxB, int32(to), 0, data(pattern(plugBytes, 0)))
		rs = append(rs, r)
		if w.open(from, r) {
			return rs
		}
	}
}

func (w *world) unplug(from, to int, rs []*engine.Req) {
	w.t.Helper()
	b := make([]byte, plugBytes)
	for range rs {
		w.ok(to, w.e[to].StartRecv(engine.OpRecv, ctxB, int32(from), 0, data(b)))
		check(w.t, b, len(b), 0)
	}
	for _, r := range rs {
		w.ok(from, r)
	}
}

// silent checks that nothing has come to rank at on ctxA.
func (w *world) silent(at int) {
	w.t.Helper()
	w.turn()
	if st, ok, err := w.e[at].Iprobe(ctxA, engine.AnySource, engine.AnyTag); ok || err != nil {
		w.t.Fatalf("rank %d: a message of %d bytes with tag %d has come, or %v", at, st.Bytes, st.Tag, err)
	}
}

// pingpong checks that two ranks can still talk, with every protocol.
func (w *world) pingpong(a, b int) {
	w.t.Helper()
	for k, n := range []int{0, 8, 5000, 40000, 300000} {
		for range 2 {
			buf := make([]byte, n)
			r := w.recv(b, int32(a), 77, buf)
			s := w.send(engine.OpSend, a, b, 77, pattern(n, k))
			w.ok(b, r)
			w.ok(a, s)
			check(w.t, buf, n, k)
			a, b = b, a
		}
	}
}

// soon waits for a condition that other goroutines bring about.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !waitUntil(ok) {
		t.Fatalf("%s: still not after %v", what, patience)
	}
}

func waitUntil(ok func() bool) bool {
	for late := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(late) {
			return false
		}
	}
	return true
}
