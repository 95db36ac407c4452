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

func config(rank int) Config {
	return Config{Rank: rank, Size: 4, Job: [16]byte{1}, Secret: []byte("0123456789abcdef0123456789abcdef"),
		Listen: "127.0.0.1:0", Patience: 30 * time.Second}
}

// modes are all the ways in which two ranks may talk.
var modes = map[string]func(*Config){
	"plain":      func(*Config) {},
	"sums":       func(c *Config) { c.Checksum = true },
	"sealed":     func(c *Config) { c.Encrypt = true },
	"packed":     func(c *Config) { c.Compress = true },
	"streams":    func(c *Config) { c.Streams = 3 },
	"portable":   func(c *Config) { c.portable = true },
	"everything": func(c *Config) { c.Checksum, c.Encrypt, c.Compress, c.Streams, c.Part = true, true, true, 2, 100_000 },
	"portable with everything": func(c *Config) {
		c.Checksum, c.Encrypt, c.Compress, c.Streams, c.portable = true, true, true, 2, true
	},
}

func listen(t testing.TB, cfg Config) *Net {
	t.Helper()
	n, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func addrs(t testing.TB, n *Net) []string {
	t.Helper()
	a, err := n.Addrs()
	if err != nil || len(a) == 0 {
		t.Fatal(a, err)
	}
	return a
}

// await returns the next event of a net.
func await(t testing.TB, n *Net) LinkEvent {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); {
		if ev, ok := n.Poll(); ok {
			return ev
		}
		n.Wait(time.Second)
	}
	t.Fatal("nothing happened")
	return LinkEvent{}
}

func link(t testing.TB, n *Net) *Link {
	t.Helper()
	ev := await(t, n)
	if ev.Err != nil {
		t.Fatal(ev.Err)
	}
	return ev.Link
}

// connected returns the two ends of a link between ranks 1 and 2.
func connected(t testing.TB, mode func(*Config)) (a, b *Link) {
	t.Helper()
	ca, cb := config(1), config(2)
	mode(&ca)
	mode(&cb)
	na, nb := listen(t, ca), listen(t, cb)
	na.Connect(2, addrs(t, nb))
	a, b = link(t, na), link(t, nb)
	if a.Peer() != 2 || b.Peer() != 1 {
		t.Fatalf("links to rank %d and rank %d", a.Peer(), b.Peer())
	}
	return a, b
}

// until calls step until it says that it is done.
func until(t testing.TB, what string, n *Net, step func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !step(); {
		if time.Now().After(end) {
			t.Fatal(what, "did not happen")
		}
		n.Wait(time.Millisecond)
	}
}

// side plays one end: it sends its messages and takes those of the other.
type side struct {
	l     *Link
	sends []message
	next  int
	out   Out
	wants []message
	got   int // of those in order
	parts map[uint64]int
	cut   map[int]message // stream: message whose payload is under way
}

type message struct {
	h    frame.Header
	data []byte
	send bool // by Send rather than Post
}

func messages(r *rand.Rand, cfg *Config, n int) []message {
	var out []message
	for i := range n {
		m := message{h: frame.Header{Kind: wire.Eager, Ctx: uint32(i), Tag: int32(r.IntN(1 << 30))}}
		size := 0
		switch r.IntN(4) {
		case 0:
			size = r.IntN(100)
		case 1:
			size = r.IntN(cfg.Eager + 1)
		case 2:
			m.send = true
			size = 1 + r.IntN(cfg.Eager)
		case 3:
			m.send = true
			m.h = frame.Header{Kind: wire.Data, Aux0: frame.Pair(uint16(i), uint32(i)), Aux1: uint64(r.IntN(1 << 30))}
			size = 1 + r.IntN(cfg.Part)
		}
		m.data = make([]byte, size)
		if r.IntN(2) == 0 {
			fill := byte(r.IntN(256))
			for j := range m.data {
				m.data[j] = fill + byte(j%7)
			}
		} else {
			for j := range m.data {
				m.data[j] = byte(r.Uint32())
			}
		}
		out = append(out, m)
	}
	return out
}

func (s *side) push() {
	for s.next < len(s.sends) {
		m := &s.sends[s.next]
		ok := false
		h := m.h
		if m.send {
			ok = s.l.Send(&h, m.data, &s.out)
		} else {
			ok = s.l.Post(&h, m.data)
		}
		if !ok {
			break
		}
		s.next++
	}
	s.l.Flush()
}

func (s *side) pull(t testing.TB) {
	var r Rec
	for s.l.Next(&r) {
		var m message
		if r.Kind == wire.Data {
			desc, _ := frame.Unpair(r.Aux0)
			m = s.wants[desc]
		} else if r.Event != Ended {
			for s.wants[s.got].h.Kind == wire.Data {
				s.got++
			}
			m = s.wants[s.got]
			s.got++
		} else {
			m = s.cut[r.Stream]
		}
		if r.Event == Begun {
			s.cut[r.Stream] = m
			s.l.Into(&r, make([]byte, r.Len))
			continue
		}
		if r.Kind != m.h.Kind || r.Ctx != m.h.Ctx || r.Tag != m.h.Tag ||
			r.Aux0 != m.h.Aux0 || r.Aux1 != m.h.Aux1 || !bytes.Equal(r.Data, m.data) {
			t.Fatalf("stream %d, event %d: %+v with %d bytes, want %+v with %d", r.Stream, r.Event, r.Header, len(r.Data), m.h, len(m.data))
		}
		s.parts[uint64(m.h.Ctx)|m.h.Aux0<<32]++
	}
}

func (s *side) done() bool {
	return s.next == len(s.sends) && !s.l.Pending() && len(s.parts) == len(s.wants)
}

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

type fakeSocket struct {
	socket
	d time.Duration
}

func (f *fakeSocket) silent() time.Duration { return f.d }

// dribble lets only a few bytes through at a time, as a full socket does.
type dribble struct {
	socket
	r *rand.Rand
}

func (d *dribble) write(v [][]byte) (int, error) {
	if d.r.IntN(3) == 0 {
		return 0, nil
	}
	n := 1 + d.r.IntN(40_000)
	var w [][]byte
	for _, p := range v {
		p = p[:min(n, len(p))]
		n -= len(p)
		if len(p) > 0 {
			w = append(w, p)
		}
	}
	return d.socket.write(w)
}

func (d *dribble) read(a, b []byte) (int, error) {
	n := 1 + d.r.IntN(40_000)
	a = a[:min(n, len(a))]
	return d.socket.read(a, b[:min(n-len(a), len(b))])
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
