package tcp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
	"github.com/golaunch/golaunch/runtime/wire"
)

// greet sends a frame from a to b and expects it there.
func greet(t testing.TB, a, b *Link) {
	t.Helper()
	if !a.Post(&frame.Header{Kind: wire.Eager, Tag: 77}, []byte("hello")) {
		t.Fatal("no room:", a.Err())
	}
	var r Rec
	until(t, "a greeting", b.net, func() bool {
		a.Flush()
		if b.Next(&r) {
			return true
		}
		if b.Err() != nil || a.Err() != nil {
			t.Fatal(a.Err(), b.Err())
		}
		return false
	})
	if r.Event != Whole || r.Tag != 77 || string(r.Data) != "hello" {
		t.Fatalf("%+v", r)
	}
}

// TestBothDial: when both sides dial at once, at several addresses each, there is one link, the same for both.
func TestBothDial(t *testing.T) {
	for _, streams := range []int{1, 3} {
		for range 20 {
			ca, cb := config(1), config(2)
			ca.Streams, cb.Streams = streams, streams
			na, nb := listen(t, ca), listen(t, cb)
			aa, ab := addrs(t, na), addrs(t, nb)
			// The same address several times: several connections that all get far.
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() { na.Connect(2, append(ab, ab[0], ab[0])) })
				wg.Go(func() { nb.Connect(1, append(aa, aa[0], aa[0])) })
			}
			wg.Wait()
			a, b := link(t, na), link(t, nb)
			greet(t, a, b)
			greet(t, b, a)
			na.Connect(2, ab) // nothing: there is a link
			if ev, ok := na.Poll(); ok {
				t.Fatalf("another link: %+v", ev)
			}
			a.Close()
			until(t, "the goodbye", nb, func() bool { b.Next(new(Rec)); return b.Err() != nil })
			if b.Err() != io.EOF {
				t.Fatal(b.Err())
			}
			if err := na.Close(); err != nil {
				t.Fatal(err)
			}
			if err := nb.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOneGoodAddress: dead addresses, strangers and other ranks among the addresses don't keep the right one from winning.
func TestOneGoodAddress(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	na, nb, nc := listen(t, config(1)), listen(t, config(2)), listen(t, config(3))
	for _, good := range []int{0, 4} {
		list := []string{mute.Addr().String(), gone.Addr().String(), addrs(t, nc)[0], addrs(t, na)[0]}
		list = append(list[:good:good], append(addrs(t, nb), list[good:]...)...)
		na.Connect(2, list)
		a, b := link(t, na), link(t, nb)
		greet(t, a, b)
		a.Close()
		until(t, "the goodbye", nb, func() bool { b.Next(new(Rec)); return b.Err() != nil })
	}
}

// TestReconnect: after a link has died the next one works, has other keys, and a late user of the old one hears of it.
func TestReconnect(t *testing.T) {
	for _, dials := range []int{1, 2} { // the rank that dials again
		mode := modes["sealed"]
		ca, cb := config(1), config(2)
		mode(&ca)
		mode(&cb)
		na, nb := listen(t, ca), listen(t, cb)
		na.Connect(2, addrs(t, nb))
		a, b := link(t, na), link(t, nb)
		greet(t, a, b)
		if dials == 1 {
			a.fail(0, errors.New("lost"))
			na.Connect(2, addrs(t, nb))
		} else {
			b.fail(0, errors.New("lost"))
			until(t, "an error", na, func() bool { a.Next(new(Rec)); return a.Err() != nil })
			nb.Connect(1, addrs(t, na))
		}
		a2, b2 := link(t, na), link(t, nb)
		greet(t, a2, b2)
		greet(t, b2, a2)
		until(t, "the end of the old link", nb, func() bool { b.Next(new(Rec)); return b.Err() != nil })
		if b.Err() == io.EOF {
			t.Error("a lost link ended in order")
		}
	}
}

// TestWrongPeer: whoever isn't the rank that was wanted, or of this job, is an error that says so, on both sides.
func TestWrongPeer(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*Config) // of the listener, rank 2 otherwise
		code  handshake.Code
	}{
		"secret":  {func(c *Config) { c.Secret = bytes.Repeat([]byte{1}, 32) }, handshake.WrongSecret},
		"job":     {func(c *Config) { c.Job[3] = 1 }, handshake.WrongJob},
		"rank":    {func(c *Config) { c.Rank = 3 }, handshake.WrongRank},
		"options": {func(c *Config) { c.Encrypt = true }, handshake.WrongOptions},
		"streams": {func(c *Config) { c.Streams = 2 }, handshake.WrongOptions},
	} {
		cb := config(2)
		tc.spoil(&cb)
		na, nb := listen(t, config(1)), listen(t, cb)
		na.Connect(2, addrs(t, nb))
		ev := await(t, na)
		var h *handshake.Error
		if ev.Link != nil || !errors.As(ev.Err, &h) || h.Code != tc.code || !strings.Contains(ev.Err.Error(), "rank 1: no connection to rank 2") {
			t.Errorf("%s: %v", name, ev.Err)
		}
		if ev, ok := nb.Poll(); ok {
			t.Errorf("%s: the listener has %+v", name, ev)
		}
	}
	for name, spoil := range map[string]func(*Config){
		"secret": func(c *Config) { c.Secret = nil }, "rank": func(c *Config) { c.Rank = 4 }, "streams": func(c *Config) { c.Streams = -1 },
		"listen": func(c *Config) { c.Listen = "300.0.0.1:1" }, "eager": func(c *Config) { c.Eager = 1 << 30 },
		"dead": func(c *Config) { c.Dead = -1 },
	} {
		c := config(1)
		spoil(&c)
		if n, err := Listen(c); err == nil {
			n.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	na := listen(t, config(1))
	for _, peer := range []int{1, 4, -1} {
		na.Connect(peer, []string{"127.0.0.1:1"})
		if ev := await(t, na); ev.Err == nil || ev.Peer != peer {
			t.Errorf("connected to rank %d: %v", peer, ev.Err)
		}
	}
}

// TestUnreachable: patience ends, and the error says who and where.
func TestUnreachable(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	c := config(1)
	c.Patience = 50 * time.Millisecond
	na := listen(t, c)
	na.Connect(2, []string{gone.Addr().String()})
	if ev := await(t, na); ev.Err == nil || !strings.Contains(ev.Err.Error(), gone.Addr().String()) || ev.Peer != 2 {
		t.Errorf("%+v", ev)
	}
}

// TestStrangers: a hundred connections that send random bytes, or nothing, or a recorded hello, get nowhere and keep nobody out.
func TestStrangers(t *testing.T) {
	na, nb := listen(t, config(1)), listen(t, config(2))
	to := addrs(t, nb)[0]
	r := rand.New(rand.NewPCG(5, 6))
	_, hello, err := handshake.Dial(na.shake, 2, 0, [16]byte{}, nonce(), "")
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for i := range 100 {
		c, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		b := make([]byte, r.IntN(400))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		switch i % 4 {
		case 1:
			b = nil
		case 2:
			b = append(bytes.Clone(hello), b...)
		case 3:
			b = append([]byte("golaunch"), b...)
		}
		if _, err := c.Write(b); err != nil && i%4 == 1 {
			t.Fatal(err)
		}
	}
	na.Connect(2, []string{to})
	a, b := link(t, na), link(t, nb)
	greet(t, a, b)
	greet(t, b, a)
	for _, c := range conns { // what they hear is at most a message of the handshake
		if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(c)
		if len(got) != 0 && len(got) != handshake.MessageBytes {
			t.Errorf("a stranger heard %d bytes", len(got))
		}
		c.Close()
	}
	if ev, ok := nb.Poll(); ok {
		t.Errorf("a stranger made a link: %+v", ev)
	}
}

// TestCrowd: more strangers than there is room for: the oldest go, and a peer comes in.
func TestCrowd(t *testing.T) {
	na, nb := listen(t, config(1)), listen(t, config(2))
	to := addrs(t, nb)[0]
	var conns []net.Conn
	for range strangers + 20 {
		c, err := net.Dial("tcp", to)
		if err != nil {
			t.Skip("not enough descriptors: ", err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	if err := conns[0].SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conns[0].Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
		t.Error("the oldest stranger heard:", err)
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Error("the oldest stranger is still there")
	}
	na.Connect(2, []string{to})
	greet(t, link(t, na), link(t, nb))
}

func TestAddresses(t *testing.T) {
	ip := net.ParseIP
	for _, tc := range []struct{ in, want string }{
		{"127.0.0.1 fd00::1 10.0.0.7 ::1", "10.0.0.7:5 [fd00::1]:5"},
		{"127.0.0.1 ::1", "127.0.0.1:5 [::1]:5"},
		{"", ""},
	} {
		var ips []net.IP
		for _, s := range strings.Fields(tc.in) {
			ips = append(ips, ip(s))
		}
		if got := strings.Join(addresses(ips, 5), " "); got != tc.want {
			t.Errorf("%s: %s", tc.in, got)
		}
	}
	c := config(1)
	c.Listen = ""
	if a := addrs(t, listen(t, c)); len(a) == 0 {
		t.Error("no addresses")
	}
}

// TestCloseAnyTime: a Net can be closed while it dials, is dialled, and while strangers wait.
func TestCloseAnyTime(t *testing.T) {
	for range 20 {
		na, nb := listen(t, config(1)), listen(t, config(2))
		c, err := net.Dial("tcp", addrs(t, nb)[0])
		if err != nil {
			t.Fatal(err)
		}
		na.Connect(2, addrs(t, nb))
		nb.Connect(1, addrs(t, na))
		var wg sync.WaitGroup
		for _, n := range []*Net{na, nb} {
			wg.Go(func() { _ = n.Close() })
		}
		wg.Wait()
		c.Close()
	}
}
