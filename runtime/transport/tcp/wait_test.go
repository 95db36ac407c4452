package tcp

import (
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
)

// TestWait: a sleeper wakes for data, for room after there was none, and when the bell rings.
func TestWait(t *testing.T) {
	const long = 25 * time.Second
	for _, name := range []string{"plain", "portable"} {
		a, b := connected(t, modes[name])
		data := make([]byte, a.net.cfg.Part)
		var out Out
		// Sleep until what is awaited is there; a sleep that nothing ends lasts too long.
		wake := func(what string, l *Link, there func() bool) {
			t.Helper()
			for !there() {
				start := time.Now()
				l.net.Wait(2 * long)
				if time.Since(start) > long {
					t.Fatalf("%s: nobody woke who waits for %s", name, what)
				}
			}
		}
		for idle := 0; idle < 100; { // full, and for good
			a.Send(&frame.Header{Kind: wire.Data}, data, &out)
			if idle++; a.Flush() {
				idle = 0
			}
		}
		left := out.Left
		var r Rec
		wake("data", b, func() bool { return b.Next(&r) })
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // reads all that comes
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				for b.Next(&r) {
				}
				b.net.Wait(time.Millisecond)
			}
		}()
		started := time.Now()
		for out.Left >= left && time.Since(started) < long {
			a.net.Wait(2 * long)
			a.Flush()
		}
		close(stop)
		<-stopped
		if time.Since(started) >= long {
			t.Fatalf("%s: nobody woke who waits for room", name)
		}
		go a.net.Ring()
		rung := false
		wake("the bell", a, func() bool { was := rung; rung = true; return was })
	}
}
