package tcp

import (
	"bytes"
	"math/rand/v2"
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
