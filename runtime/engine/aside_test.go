package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
)

// TestAside: while a goroutine that works aside sleeps for a message, the program's own exchanges go on at once, and the
// other's message still arrives, with and without hurry.
func TestAside(t *testing.T) {
	for _, hurry := range []bool{false, true} {
		w := newWorld(t, 2)
		var a engine.Aside
		e := w.e[0]
		var in [8]byte
		done := make(chan error, 1)
		r := e.StartRecv(engine.OpRecv, ctxB, 1, 5, data(in[:]))
		go func() {
			_, err := e.CompleteAside(context.Background(), r, &a)
			done <- err
		}()
		echoed := make(chan error, 1)
		const rounds = 300
		go func() {
			var err error
			for range rounds {
				var b [8]byte
				if _, err = w.e[1].Complete(context.Background(), w.e[1].StartRecv(engine.OpRecv, ctxA, 0, 1, data(b[:]))); err != nil {
					break
				}
				if _, err = w.e[1].Complete(context.Background(), w.e[1].StartSend(engine.OpSend, ctxA, 0, 2, data(b[:]))); err != nil {
					break
				}
			}
			echoed <- err
		}()
		for i := range rounds {
			out, back := [8]byte{byte(i), byte(i >> 8)}, [8]byte{}
			if _, err := e.Complete(context.Background(), e.StartSend(engine.OpSend, ctxA, 1, 1, data(out[:]))); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Complete(context.Background(), e.StartRecv(engine.OpRecv, ctxA, 1, 2, data(back[:]))); err != nil {
				t.Fatal(err)
			}
			if back != out {
				t.Fatalf("round %d: %v came back", i, back)
			}
		}
		if err := <-echoed; err != nil {
			t.Fatal(err)
		}
		for _, p := range e.Report() {
			if !p.Aside || !p.Block || p.Tag != 5 {
				t.Errorf("the report shows %+v", p)
			}
		}
		select {
		case err := <-done:
			t.Fatalf("received what nobody has sent: %v", err)
		default:
		}
		if hurry {
			e.Hurry(&a, true)
		}
		if _, err := w.e[1].Complete(context.Background(), w.e[1].StartSend(engine.OpSend, ctxB, 0, 5, data([]byte("12345678")))); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err != nil || string(in[:]) != "12345678" {
				t.Errorf("%v, received %q", err, in)
			}
		case <-time.After(time.Minute):
			t.Fatal("the goroutine that works aside was not woken")
		}
	}
}
