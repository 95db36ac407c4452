package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/layout"
)

// sizes are around every threshold of the protocol.
func sizes(e *engine.Engine) (out []int) {
	l := e.Limits()
	for _, n := range []int{1, 48, 64, l.Inline, l.Part, 32 << 10, l.Eager, 3 * l.Eager} {
		out = append(out, n-1, n, n+1)
	}
	return out
}

// A way is one combination of what a message can meet.
type way struct {
	op       engine.Op
	early    bool // the receive is posted first
	shared   bool // the message lies in the sender's arena
	self     bool
	wildcard bool
}

func (w way) String() string {
	s := w.op.String()
	for _, x := range []struct {
		yes  bool
		name string
	}{{w.early, "posted"}, {!w.early, "unexpected"}, {w.shared, "arena"}, {w.self, "self"}, {w.wildcard, "wildcard"}} {
		if x.yes {
			s += " " + x.name
		}
	}
	return s
}

func ways() (all []way) {
	for i := range 32 {
		op := engine.OpSend
		if i&1 != 0 {
			op = engine.OpSsend
		}
		all = append(all, way{op, i&2 != 0, i&4 != 0, i&8 != 0, i&16 != 0})
	}
	return all
}

// meet sends n bytes by a way into a buffer of room bytes and returns how the receive ended.
func (w *world) meet(y way, n, room, seed int) (buf []byte, st engine.Status, err error) {
	w.t.Helper()
	to := 1
	if y.self {
		to = 0
	}
	msg := pattern(n, seed)
	if y.shared {
		if w.buf[0] == nil {
			w.buf[0] = w.shared(0, 1<<20)
		}
		copy(w.buf[0], msg)
		msg = w.buf[0][:n]
	}
	from, tag := int32(0), int32(seed)
	if y.wildcard {
		from, tag = engine.AnySource, engine.AnyTag
	}
	buf = make([]byte, room)
	var s, r *engine.Req
	if y.early {
		r = w.recv(to, from, tag, buf)
		w.turn(to)
		s = w.send(y.op, 0, to, int32(seed), msg)
	} else {
		s = w.send(y.op, 0, to, int32(seed), msg)
		w.turn()
		if y.op == engine.OpSsend && !w.open(0, s) {
			w.t.Fatalf("%v of %d bytes is done before its receive", y, n)
		}
		r = w.recv(to, from, tag, buf)
	}
	st, err = w.finish(to, r)
	w.ok(0, s)
	return buf, st, err
}

func TestEverySizeByEveryWay(t *testing.T) {
	everySize(t, newWorld(t, 2))
}

func TestEverySizeWhenCrowded(t *testing.T) {
	w := newWorld(t, 2, crowded)
	if w.e[0].Limits() == newWorld(t, 2).e[0].Limits() {
		t.Fatal("the limits are the same: the test is no good")
	}
	everySize(t, w)
}

// A rank with all processors and one that has been bound to a single one choose
// different sizes, and understand each other.
func TestEverySizeBetweenUnequals(t *testing.T) {
	for _, small := range []int{0, 1} {
		everySize(t, newWorld(t, 2, func(r int, c *engine.Config) {
			if r == small {
				crowded(r, c)
			}
		}))
	}
}

func everySize(t *testing.T, w *world) {
	seed := 0
	for _, y := range ways() {
		for _, n := range sizes(w.e[0]) {
			seed++
			buf, st, err := w.meet(y, n, n+1, seed)
			if err != nil || st != (engine.Status{Source: 0, Tag: int32(seed), Bytes: n}) {
				t.Fatalf("%v, %d bytes: %+v, %v", y, n, st, err)
			}
			check(t, buf, n, seed)
			if buf[n] != 0 {
				t.Fatalf("%v, %d bytes: the byte behind the message was written", y, n)
			}
		}
	}
}

func TestTruncation(t *testing.T) {
	w := newWorld(t, 2)
	seed := 0
	for _, y := range ways() {
		for _, n := range sizes(w.e[0]) {
			for _, room := range []int{0, n / 2, n - 1} {
				if n == 0 {
					continue
				}
				seed++
				buf, st, err := w.meet(y, n, room, seed)
				var short *engine.TruncatedError
				if !errors.Is(err, engine.ErrTruncated) || !errors.As(err, &short) || *short != (engine.TruncatedError{Message: n, Buffer: room, Source: 0}) {
					t.Fatalf("%v, %d bytes into %d: %v", y, n, room, err)
				}
				if st.Bytes != n || st.Tag != int32(seed) {
					t.Fatalf("%v, %d bytes into %d: status %+v", y, n, room, st)
				}
				for _, part := range []string{fmt.Sprint(n), fmt.Sprint(room)} {
					if !strings.Contains(err.Error(), part) {
						t.Fatalf("%q does not name %s", err, part)
					}
				}
				check(t, buf, room, seed)
			}
		}
	}
	w.pingpong(0, 1)
}

// Both sides through layouts, contiguous in the middle: every second element, pairs of three.
func TestLayouts(t *testing.T) {
	w := newWorld(t, 2)
	for _, y := range ways() {
		if y.shared {
			continue
		}
		to := 1
		if y.self {
			to = 0
		}
		for k, n := range []int{2, 40, 600, 9000, 60000} { // elements of 4 bytes
			src, dst := pattern(n*2*4, k), make([]byte, n/2*3*4)
			out := engine.Data{P: data(src).P, N: n * 4, Mem: len(src), Elem: 4, Layout: layout.Vector(n, 1, 2)}
			in := engine.Data{P: data(dst).P, N: n * 4, Mem: len(dst), Elem: 4, Layout: layout.Vector(n/2, 2, 3)}
			var s, r *engine.Req
			if y.early {
				r = w.e[to].StartRecv(engine.OpRecv, ctxA, 0, 3, in)
			}
			s = w.e[0].StartSend(y.op, ctxA, int32(to), 3, out)
			if !y.early {
				w.turn()
				r = w.e[to].StartRecv(engine.OpRecv, ctxA, 0, 3, in)
			}
			w.ok(to, r)
			w.ok(0, s)
			for i := range n {
				for b := range 4 {
					if got, want := dst[(i/2*3+i%2)*4+b], src[i*2*4+b]; got != want {
						t.Fatalf("%v, %d elements: byte %d of element %d is %d, want %d", y, n, b, i, got, want)
					}
				}
			}
			for i := 2; i < len(dst)/4; i += 3 {
				if dst[i*4] != 0 {
					t.Fatalf("%v, %d elements: element %d lies in a gap and was written", y, n, i)
				}
			}
		}
	}
}

// Messages of one source and tag arrive in the order of their sending, whatever protocol each takes.
func TestOrderAcrossProtocols(t *testing.T) {
	for _, early := range []bool{true, false} {
		w := newWorld(t, 2)
		lengths := []int{0, 60000, 8, 5000, 300000, 48, 32768, 32769, 1, 100000, 0, 4097}
		var s, r []*engine.Req
		bufs := make([][]byte, len(lengths))
		post := func() {
			for k := range lengths {
				bufs[k] = make([]byte, 300000)
				src := int32(0)
				if k%3 == 0 {
					src = engine.AnySource
				}
				r = append(r, w.recv(1, src, 5, bufs[k]))
			}
		}
		if early {
			post()
		}
		for k, n := range lengths {
			op := engine.OpSend
			if k%4 == 1 {
				op = engine.OpSsend
			}
			s = append(s, w.send(op, 0, 1, 5, pattern(n, k)))
		}
		if !early {
			w.turn()
			post()
		}
		for k, n := range lengths {
			if st := w.ok(1, r[k]); st.Bytes != n {
				t.Fatalf("posted %v: receive %d got %d bytes, want %d", early, k, st.Bytes, n)
			}
			check(t, bufs[k], n, k)
		}
		for k := range s {
			w.ok(0, s[k])
		}
	}
}

// More offers than descriptors wait their turn.
func TestMoreOffersThanDescriptors(t *testing.T) {
	w := newWorld(t, 2)
	const n, size = 100, 40000
	var s []*engine.Req
	for k := range n {
		s = append(s, w.send(engine.OpSend, 0, 1, int32(k), pattern(size, k)))
	}
	w.turn()
	b := make([]byte, size)
	for k := range n {
		w.ok(1, w.recv(1, 0, int32(k), b))
		check(t, b, size, k)
	}
	for k := range n {
		w.ok(0, s[k])
	}
}

// A handle that was kept after its request was released does not reach the next user of it.
func TestStaleHandle(t *testing.T) {
	w := newWorld(t, 2)
	r := w.recv(1, 0, 1, make([]byte, 8))
	old := r.Serial()
	if !w.e[1].Cancel(r, old, engine.ErrCancelled) {
		t.Fatal("a receive without a message can't be cancelled")
	}
	w.fails(1, r, engine.ErrCancelled)
	again := w.recv(1, 0, 1, make([]byte, 8))
	if again != r {
		t.Skip("the pool gave another request")
	}
	if w.e[1].Cancel(r, old, engine.ErrCancelled) {
		t.Error("a handle to the request's last life cancelled this one")
	}
	if _, gone := w.e[1].Done(r, old); !gone {
		t.Error("a handle to the request's last life is still good")
	}
	w.send(engine.OpSend, 0, 1, 1, pattern(8, 1))
	w.ok(1, again)
}

// A buffer sent by Move that meets a Recv, and data that meets a RecvMove, are
// errors of the receiver; the sender is done and the channel goes on.
func TestMoveAndDataDoNotMix(t *testing.T) {
	w := newWorld(t, 2)
	body := pattern(48, 3)
	for _, to := range []int{1, 0} {
		for _, early := range []bool{true, false} {
			for _, n := range []int{-1, 0, 8, 5000, 100000} { // -1: a Move
				name := fmt.Sprintf("to %d, posted %v, %d bytes", to, early, n)
				start := func() *engine.Req {
					if n < 0 {
						return w.e[0].StartMove(ctxA, int32(to), 1, body)
					}
					return w.send(engine.OpSend, 0, to, 1, pattern(n, 1))
				}
				post := func() *engine.Req {
					if n < 0 {
						return w.recv(to, 0, 1, make([]byte, 100))
					}
					return w.e[to].StartRecv(engine.OpRecvMove, ctxA, 0, 1, engine.Data{})
				}
				var s, r *engine.Req
				if early {
					r = post()
					s = start()
				} else {
					s = start()
					w.turn()
					r = post()
				}
				_, err := w.finish(to, r)
				want := error(engine.ErrMoved)
				if n >= 0 {
					want = engine.ErrTruncated
				}
				if !errors.Is(err, want) {
					t.Fatalf("%s: %v, want %v", name, err, want)
				}
				if s != nil {
					if _, err := w.finish(0, s); err != nil && !errors.Is(err, engine.ErrWithdrawn) {
						t.Fatalf("%s: the sender: %v", name, err)
					}
				}
				// A Move that meets a RecvMove brings its body.
				m := w.e[0].StartMove(ctxA, int32(to), 2, body)
				r = w.e[to].StartRecv(engine.OpRecvMove, ctxA, engine.AnySource, 2, engine.Data{})
				for !w.e[to].Test(r) {
					w.turn()
				}
				if string(r.Body[:]) != string(body) {
					t.Fatalf("%s: the body of a Move changed on its way", name)
				}
				w.ok(to, r)
				w.ok(0, m)
			}
		}
	}
	w.pingpong(0, 1)
}

// The short ways without a request say no, and do nothing, when they don't fit.
func TestTry(t *testing.T) {
	w := newWorld(t, 2)
	b, out := make([]byte, 64), pattern(64, 9)
	var st engine.Status
	if w.e[0].TrySend(ctxA, 1, 1, data(out).P, 64) {
		t.Fatal("a message left through a channel that nobody had opened")
	}
	w.pingpong(0, 1)
	tryRecv := func(ctx uint32, tag int32, n int) bool {
		w.e[1].Iprobe(idleCtx, 0, 0) // learn of the channel
		return w.e[1].TryRecv(ctx, 0, tag, data(b).P, n, &st)
	}
	if tryRecv(ctxA, 1, 64) {
		t.Fatal("a message was received that was never sent")
	}
	if w.e[0].TrySend(ctxA, 1, 1, data(out).P, w.e[0].Limits().Inline+1) {
		t.Fatal("a message left at once that is above the limit")
	}
	if !w.e[0].TrySend(ctxA, 1, 1, data(out).P, 64) {
		t.Fatal("a small message does not leave through an empty channel")
	}
	for _, x := range []struct {
		ctx uint32
		tag int32
		n   int
	}{{ctxB, 1, 64}, {ctxA, 2, 64}, {ctxA, 1, 63}} {
		if w.e[1].TryRecv(x.ctx, 0, x.tag, data(b).P, x.n, &st) {
			t.Fatalf("a receive of at most %d bytes on context %d, tag %d, took a message of 64 on %d, tag 1", x.n, x.ctx, x.tag, ctxA)
		}
	}
	if !w.e[1].TryRecv(ctxA, 0, engine.AnyTag, data(b).P, 64, &st) || st != (engine.Status{Source: 0, Tag: 1, Bytes: 64}) {
		t.Fatalf("a fitting receive did not take the message: %+v", st)
	}
	check(t, b, 64, 9)

	// A posted wildcard that is older takes the message first.
	older := w.recv(1, engine.AnySource, engine.AnyTag, make([]byte, 64))
	if !w.e[0].TrySend(ctxA, 1, 1, data(out).P, 64) {
		t.Fatal("no room for a small message")
	}
	if w.e[1].TryRecv(ctxA, 0, 1, data(b).P, 64, &st) {
		t.Fatal("a receive overtook one that was posted before it")
	}
	w.ok(1, older)
}

// A window of receives with one tag, the usual case, is in order too, and stays
// so when something else comes up in between.
func TestOrderOfAWindow(t *testing.T) {
	for _, disturb := range []string{"", "tag", "wildcard", "cancel", "large"} {
		w := newWorld(t, 2)
		const n = 100
		var rs [n]*engine.Req
		var bufs [n][]byte
		for i := range rs {
			bufs[i] = make([]byte, 100000)
			rs[i] = w.recv(1, 0, 5, bufs[i])
			if i != n/2 {
				continue
			}
			switch disturb {
			case "tag":
				w.recv(1, 0, 6, nil)
			case "wildcard":
				w.recv(1, engine.AnySource, 6, nil)
			case "cancel":
				r := w.recv(1, 0, 5, nil)
				if !w.cancel(1, r) {
					t.Fatal("a receive that no message has met can't be cancelled")
				}
				w.fails(1, r, engine.ErrCancelled)
			}
		}
		size := func(i int) int {
			if disturb == "large" && i == n/3 {
				return 100000
			}
			return 8
		}
		for i := range rs {
			w.send(engine.OpSend, 0, 1, 5, pattern(size(i), i))
			w.turn(i % 2)
		}
		for i := range rs {
			w.ok(1, rs[i])
			check(t, bufs[i], size(i), i)
		}
	}
}
