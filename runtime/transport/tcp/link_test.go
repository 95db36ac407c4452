package tcp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
)

func TestConversation(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l1, l2 := connected(t, mode)
			r := rand.New(rand.NewPCG(1, 2))
			m1, m2 := messages(r, &l1.net.cfg, 200), messages(r, &l1.net.cfg, 200)
			a := &side{l: l1, sends: m1, wants: m2, parts: map[uint64]int{}, cut: map[int]message{}}
			b := &side{l: l2, sends: m2, wants: m1, parts: map[uint64]int{}, cut: map[int]message{}}
			until(t, "the conversation's end", l1.net, func() bool {
				a.push()
				b.push()
				a.pull(t)
				b.pull(t)
				if l1.Err() != nil || l2.Err() != nil {
					t.Fatal(l1.Err(), l2.Err())
				}
				return a.done() && b.done()
			})
			if a.out.Left != 0 || b.out.Left != 0 {
				t.Errorf("%d and %d bytes of the callers' memory are still in use", a.out.Left, b.out.Left)
			}
			// A goodbye from either side, one after the other, ends both in order.
			l1.Close()
			until(t, "the goodbye", l2.net, func() bool { b.pull(t); return l2.Err() != nil })
			if l2.Err() != io.EOF || l1.Err() != ErrClosed {
				t.Errorf("%v, %v", l1.Err(), l2.Err())
			}
		})
	}
}

// TestSlowReader: who doesn't read makes the sender hear "no room" and keep its memory; nothing is lost.
func TestSlowReader(t *testing.T) {
	for _, name := range []string{"plain", "sealed", "portable"} {
		t.Run(name, func(t *testing.T) {
			a, b := connected(t, modes[name])
			data := make([]byte, a.net.cfg.Part)
			for i := range data {
				data[i] = byte(i * i)
			}
			var out Out
			sent := 0
			for full := 0; full < 100; { // until the kernel has no room for long
				if a.Send(&frame.Header{Kind: wire.Data, Aux1: uint64(sent)}, data, &out) {
					sent++
				}
				if !a.Flush() {
					full++
				} else {
					full = 0
				}
				if sent > 10_000 {
					t.Fatal("10000 parts and still room")
				}
			}
			if out.Left == 0 {
				t.Fatal("all is written, and nobody has read")
			}
			for a.Send(&frame.Header{Kind: wire.Data, Aux1: uint64(sent)}, data, &out) {
				sent++
			}
			got := 0
			var r Rec
			buf := make([]byte, len(data))
			until(t, "the last part", b.net, func() bool {
				a.Flush()
				for b.Next(&r) {
					switch {
					case r.Event == Begun:
						clear(buf)
						b.Into(&r, buf)
						continue
					case r.Aux1 != uint64(got) || !bytes.Equal(r.Data, data):
						t.Fatalf("part %d is wrong", r.Aux1)
					}
					got++
				}
				return got == sent && out.Left == 0
			})
		})
	}
}

// TestInto: a payload longer than its buffer is cut, one without a buffer or dropped on its way is thrown away, and what follows comes.
func TestInto(t *testing.T) {
	for _, name := range []string{"plain", "sums", "sealed", "portable"} {
		t.Run(name, func(t *testing.T) {
			a, b := connected(t, modes[name])
			data := bytes.Repeat([]byte("0123456789"), 20_000)
			var out Out
			for i := range 4 {
				if !a.Send(&frame.Header{Kind: wire.Data, Aux1: uint64(i)}, data, &out) {
					t.Fatal("no room")
				}
			}
			if !a.Post(&frame.Header{Kind: wire.Eager, Tag: 9}, []byte("after")) {
				t.Fatal("no room")
			}
			short, long := make([]byte, 1000), make([]byte, 1<<20)
			seen := ""
			var r Rec
			until(t, "the last frame", b.net, func() bool {
				a.Flush()
				for b.Next(&r) {
					switch {
					case r.Kind == wire.Eager:
						seen += string(r.Data)
						return true
					case r.Event == Begun:
						seen += "B"
						b.Into(&r, [][]byte{short, nil, long, long}[r.Aux1])
						if r.Aux1 == 3 {
							b.Drop(r.Stream)
						}
					case r.Event == Ended:
						want := []int{1000, 0, len(data), 0}[r.Aux1]
						if !bytes.Equal(r.Data, data[:want]) {
							t.Fatalf("part %d: %d bytes, want %d", r.Aux1, len(r.Data), want)
						}
						seen += "E"
					default:
						t.Fatalf("%+v", r)
					}
				}
				return false
			})
			if seen != "BEBEBEBEafter" {
				t.Error(seen)
			}
		})
	}
}

// TestCut: a connection that is cut, at any moment, is an error that says who, and nobody's memory is used afterwards.
func TestCut(t *testing.T) {
	for _, name := range []string{"plain", "streams", "sealed", "portable"} {
		for _, moment := range []string{"idle", "in a header", "in a payload", "while sending", "reset"} {
			t.Run(name+" "+moment, func(t *testing.T) {
				t.Parallel()
				a, b := connected(t, modes[name])
				var out Out
				data := make([]byte, 200_000)
				switch moment {
				case "in a header":
					if _, err := a.s[0].sock.write([][]byte{make([]byte, 3)}); err != nil {
						t.Fatal(err)
					}
				case "in a payload":
					a.Send(&frame.Header{Kind: wire.Data}, data, &out)
					a.s[0].tx.flush()
				case "while sending":
					for b.Send(&frame.Header{Kind: wire.Data}, data, &out) {
						b.Flush()
					}
				case "reset":
					reset(t, a)
				}
				for _, s := range a.s {
					s.sock.close()
				}
				until(t, "an error", b.net, func() bool {
					b.Flush()
					var r Rec
					for b.Next(&r) {
						if r.Event != Begun && moment != "in a payload" {
							t.Fatalf("%+v came", r)
						}
					}
					return b.Err() != nil
				})
				if err := b.Err(); err == io.EOF || !strings.Contains(err.Error(), "rank 2: rank 1 at 127.0.0.1:") {
					t.Error(err)
				}
				if b.Post(&frame.Header{Kind: wire.Eager}, nil) || b.Send(&frame.Header{Kind: wire.Eager}, data[:1], &out) || b.Flush() {
					t.Error("a dead link takes frames")
				}
			})
		}
	}
}

// TestNonsense: a peer that sends what is no frame is found out at once.
func TestNonsense(t *testing.T) {
	for _, name := range []string{"plain", "sums", "sealed"} {
		a, b := connected(t, modes[name])
		if _, err := a.s[0].sock.write([][]byte{bytes.Repeat([]byte{0xee}, 100)}); err != nil {
			t.Fatal(err)
		}
		until(t, "an error", b.net, func() bool { b.Next(new(Rec)); return b.Err() != nil })
		if !strings.Contains(b.Err().Error(), "frame: ") {
			t.Errorf("%s: %v", name, b.Err())
		}
	}
}

// TestAfterGoodbye: what was sent before a goodbye comes, even when the receiver itself sends to the closed link.
func TestAfterGoodbye(t *testing.T) {
	a, b := connected(t, modes["plain"])
	for i := range 100 {
		if !a.Post(&frame.Header{Kind: wire.Eager, Tag: int32(i)}, []byte("last words")) {
			t.Fatal("no room")
		}
		b.Post(&frame.Header{Kind: wire.Eager}, make([]byte, 1000))
	}
	a.Close()
	got := 0
	until(t, "the end", b.net, func() bool {
		b.Flush()
		var r Rec
		for b.Next(&r) {
			got++
		}
		return b.Err() != nil
	})
	if got != 100 || b.Err() != io.EOF {
		t.Errorf("%d of 100 messages, then %v", got, b.Err())
	}
}

// TestSilence: a peer whose kernel doesn't answer is dead after a while, and only when it was silent twice.
func TestSilence(t *testing.T) {
	a, _ := connected(t, modes["plain"])
	f := &fakeSocket{socket: a.s[0].sock}
	a.s[0].sock = f
	now := time.Unix(100, 0)
	check := func(silent, later time.Duration, want bool) {
		t.Helper()
		f.d = silent
		now = now.Add(later)
		if a.Check(now) != want {
			t.Fatalf("silent for %v: %v", silent, a.Err())
		}
	}
	check(0, 0, true)
	check(1300*time.Millisecond, time.Second, true)
	check(5*time.Second, time.Second, true) // this machine stood still
	check(0, time.Second, true)
	check(1500*time.Millisecond, time.Second, true)
	check(1600*time.Millisecond, 100*time.Millisecond, true)
	check(1800*time.Millisecond, 200*time.Millisecond, false)
	if !errors.Is(a.Err(), ErrSilent) {
		t.Error(a.Err())
	}
}

// TestPartial: reads and writes that move any number of bytes change nothing.
func TestPartial(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l1, l2 := connected(t, mode)
			r := rand.New(rand.NewPCG(3, 4))
			for _, l := range []*Link{l1, l2} {
				for _, s := range l.s {
					d := &dribble{s.sock, r}
					s.tx.sock, s.rx.sock = d, d
				}
			}
			m1, m2 := messages(r, &l1.net.cfg, 100), messages(r, &l1.net.cfg, 100)
			a := &side{l: l1, sends: m1, wants: m2, parts: map[uint64]int{}, cut: map[int]message{}}
			b := &side{l: l2, sends: m2, wants: m1, parts: map[uint64]int{}, cut: map[int]message{}}
			until(t, "the conversation's end", l1.net, func() bool {
				a.push()
				b.push()
				for range 20 {
					a.l.Flush()
					b.l.Flush()
					a.pull(t)
					b.pull(t)
				}
				if l1.Err() != nil || l2.Err() != nil {
					t.Fatal(l1.Err(), l2.Err())
				}
				return a.done() && b.done()
			})
		})
	}
}

func TestNoAllocations(t *testing.T) {
	for _, name := range []string{"plain", "sums", "sealed"} {
		a, b := connected(t, modes[name])
		data := make([]byte, 50_000)
		var out Out
		var r Rec
		h := frame.Header{Kind: wire.Eager}
		big := frame.Header{Kind: wire.Data}
		buf := make([]byte, len(data))
		round := func() {
			if !a.Post(&h, data[:100]) || !a.Send(&big, data, &out) {
				t.Fatal("no room")
			}
			for n := 0; n < 2; {
				a.Flush()
				for b.Next(&r) {
					if r.Event == Begun {
						b.Into(&r, buf)
					} else {
						n++
					}
				}
			}
		}
		round()
		if n := testing.AllocsPerRun(200, round); n > 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
	}
}
