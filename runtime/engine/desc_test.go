package engine_test

import (
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/runtime/engine"
)

// Far more messages wait for their receiver than fit in the first descriptors: those behind them, which
// the receiver wants first, still come, and the first can be taken back or received in any order.
func TestManyUnwantedOffers(t *testing.T) {
	const n = 1000
	for _, op := range []engine.Op{engine.OpSsend, engine.OpSend} {
		t.Run(op.String(), func(t *testing.T) {
			w := newWorld(t, 2)
			size := 8
			if op == engine.OpSend {
				size = w.e[0].Limits().Eager + 1
			}
			for round := range 2 { // the second uses the same descriptors again
				sent := make([]*engine.Req, n)
				for i := range sent {
					sent[i] = w.send(op, 0, 1, int32(i), pattern(size, i))
				}
				wanted := []*engine.Req{w.send(engine.OpSend, 0, 1, n, pattern(8, n)), w.send(op, 0, 1, n+1, pattern(size, n+1))}
				b := make([]byte, size)
				for i := range wanted {
					if st := w.ok(1, w.recv(1, 0, int32(n+i), b)); st.Tag != int32(n+i) {
						t.Fatalf("round %d: tag %d came, want %d", round, st.Tag, n+i)
					}
					w.ok(0, wanted[i])
				}
				for i, s := range sent { // every third is taken back
					if i%3 == 0 {
						if !w.cancel(0, s) {
							t.Fatalf("round %d: message %d, which nobody wants, can't be taken back", round, i)
						}
						w.fails(0, s, engine.ErrCancelled)
					}
				}
				for i := n - 1; i >= 0; i-- {
					if i%3 == 0 {
						continue
					}
					st := w.ok(1, w.recv(1, 0, int32(i), b))
					if err := differs(b, size, i); err != nil || st.Bytes != size {
						t.Fatal(fmt.Errorf("round %d, message %d: %+v, %w", round, i, st, err))
					}
					w.ok(0, sent[i])
				}
				w.silent(1)
			}
		})
	}
}
