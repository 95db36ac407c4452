package handshake

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func config(rank uint32) Config {
	return Config{Job: [16]byte{1, 2, 3}, Secret: []byte("0123456789abcdef0123456789abcdef"), Rank: rank, Size: 8, Streams: 2}
}

// nonce gives another one for every n.
func nonce(n byte) (b [NonceBytes]byte) {
	for i := range b {
		b[i] = n + byte(i)
	}
	return b
}

func dial(t testing.TB, c Config, peer uint32, n byte) (*Machine, []byte) {
	t.Helper()
	m, out, err := Dial(c, peer, 0, [16]byte{}, nonce(n), "10.0.0.2:4000")
	if err != nil {
		t.Fatal(err)
	}
	return m, bytes.Clone(out)
}

func accept(t testing.TB, c Config, n byte) *Machine {
	t.Helper()
	m, err := Accept(c, nonce(n), "10.0.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// step is Step with a copy of what it returns, since machines use their buffer again.
func step(m *Machine, in []byte) ([]byte, error) {
	out, err := m.Step(in)
	return bytes.Clone(out), err
}

func code(t *testing.T, err error) Code {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no handshake.Error", err)
	}
	return e.Code
}

func TestBothProve(t *testing.T) {
	d, hello := dial(t, config(1), 5, 1)
	a := accept(t, config(5), 2)
	reply, err := step(a, hello)
	if err != nil || a.State() != Talking || a.Peer() != 1 {
		t.Fatal(err, a.State(), a.Peer())
	}
	if out, err := step(d, reply); err != nil || out != nil || d.State() != Proved {
		t.Fatal(out, err, d.State())
	}
	proof := bytes.Clone(d.Choose())
	if out, err := step(a, proof); err != nil || out != nil || a.State() != Proved {
		t.Fatal(out, err, a.State())
	}
	if a.Decides() || !d.Decides() {
		t.Error("the lower rank decides")
	}
	verdict := bytes.Clone(a.Decide(Accepted))
	if _, err := step(d, verdict); err != nil || d.State() != Done || a.State() != Done {
		t.Fatal(err, d.State(), a.State())
	}
	kd, err := d.Keys()
	if err != nil {
		t.Fatal(err)
	}
	ka, err := a.Keys()
	if err != nil {
		t.Fatal(err)
	}
	if kd.Send != ka.Recv || kd.Recv != ka.Send || kd.Session != ka.Session {
		t.Error("the sides have other keys")
	}
	if kd.Send == kd.Recv || kd.Session == kd.Send || kd.Session == kd.Recv {
		t.Error("one key for two purposes")
	}
	if _, err := d.Step(verdict); err == nil || d.State() != Failed {
		t.Error("a message after the end was taken")
	}
}

// run lets two machines talk and returns the errors of both and the acceptor's verdict.
func run(t *testing.T, dc, ac Config, peer uint32) (dialErr, acceptErr error) {
	t.Helper()
	d, hello := dial(t, dc, peer, 1)
	a := accept(t, ac, 2)
	out, acceptErr := step(a, hello)
	if out == nil {
		return nil, acceptErr
	}
	_, dialErr = step(d, out)
	if d.State() != Proved {
		return dialErr, acceptErr
	}
	out, acceptErr = step(a, d.Choose())
	if out == nil {
		out = a.Decide(Accepted)
	}
	_, dialErr = step(d, out)
	return dialErr, acceptErr
}

func TestMismatch(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*Config) // the acceptor's
		code  Code
		says  []string
	}{
		"secret": {func(c *Config) { c.Secret = bytes.Repeat([]byte{7}, 32) }, WrongSecret,
			[]string{"rank 5: rank 1 at 10.0.0.1:5000: hello", "secret"}},
		"job":     {func(c *Config) { c.Job[15]++ }, WrongJob, []string{"rank 5: a stranger at 10.0.0.1:5000: hello", "job 010203"}},
		"rank":    {func(c *Config) { c.Rank = 6 }, WrongRank, []string{"wants rank 5, this is rank 6"}},
		"size":    {func(c *Config) { c.Rank, c.Size = 0, 1 }, WrongRank, []string{"rank 0"}},
		"options": {func(c *Config) { c.Options = Seal }, WrongOptions, []string{"it wants plain, this side encrypted"}},
		"streams": {func(c *Config) { c.Streams = 3 }, WrongOptions, []string{"it wants 2 streams, this side 3"}},
	} {
		ac := config(5)
		tc.spoil(&ac)
		de, ae := run(t, config(1), ac, 5)
		if ae == nil || de == nil {
			t.Fatalf("%s: %v, %v", name, de, ae)
		}
		if code(t, ae) != tc.code || code(t, de) != tc.code {
			t.Errorf("%s: %v, %v", name, de, ae)
		}
		for _, s := range tc.says {
			if !strings.Contains(ae.Error(), s) {
				t.Errorf("%s: %q doesn't say %q", name, ae, s)
			}
		}
		if s := de.Error(); !strings.Contains(s, "rank 1: rank 5 at 10.0.0.2:4000 refuses") ||
			!strings.Contains(s, "not proved to be of this job") {
			t.Errorf("%s: %q", name, s)
		}
	}
}

func TestVersions(t *testing.T) {
	_, hello := dial(t, config(1), 5, 1)
	hello[8]++
	a := accept(t, config(5), 2)
	out, err := step(a, hello)
	if err == nil || code(t, err) != WrongVersion || a.State() != Failed ||
		!strings.Contains(err.Error(), "speaks version 2 of the protocol, this side version 1") {
		t.Fatal(err, a.State())
	}
	// The older side learns it as well.
	d, _ := dial(t, config(1), 5, 1)
	out[8] = 9
	if _, err := step(d, out); err == nil || code(t, err) != WrongVersion || !strings.Contains(err.Error(), "version 9") {
		t.Fatal(err)
	}
}

func TestConfigRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"short secret": func(c *Config) { c.Secret = c.Secret[:SecretBytes-1] },
		"no secret":    func(c *Config) { c.Secret = nil },
		"rank":         func(c *Config) { c.Rank = 8 },
		"streams":      func(c *Config) { c.Streams = 0 },
	} {
		c := config(1)
		spoil(&c)
		if _, err := Accept(c, nonce(1), ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, peer := range []uint32{1, 8, 1 << 31} {
		if _, _, err := Dial(config(1), peer, 0, [16]byte{}, nonce(1), ""); err == nil {
			t.Errorf("rank 1 of 8 dials rank %d", peer)
		}
	}
}

// TestUnwanted: the verdict may be no, and the dialler can trust it.
func TestUnwanted(t *testing.T) {
	d, hello := dial(t, config(5), 1, 1)
	a := accept(t, config(1), 2)
	reply, _ := step(a, hello)
	step(d, reply)
	step(a, d.Choose())
	if !a.Decides() {
		t.Error("rank 1 decides between 1 and 5")
	}
	_, err := step(d, a.Decide(Unwanted))
	if err == nil || code(t, err) != Unwanted || d.State() != Failed || a.State() != Failed || strings.Contains(err.Error(), "not proved") {
		t.Fatal(err, d.State(), a.State())
	}
}

// TestReflection: nothing that a side has said gets it anywhere when it comes back.
func TestReflection(t *testing.T) {
	// The dialler's hello comes back to it, as it is and dressed as a reply.
	d, hello := dial(t, config(1), 5, 1)
	if _, err := d.Step(hello); err == nil {
		t.Error("a dialler took its own hello")
	}
	d, hello = dial(t, config(1), 5, 1)
	hello[10] = byte(reply)
	copy(hello[32:36], []byte{5, 0, 0, 0})
	copy(hello[36:40], []byte{1, 0, 0, 0})
	if _, err := d.Step(hello); err == nil || code(t, err) != WrongSecret {
		t.Error(err)
	}
	// It is led to the dialler's own listener.
	_, hello = dial(t, config(1), 5, 1)
	if _, err := accept(t, config(1), 2).Step(hello); err == nil || code(t, err) != WrongRank {
		t.Error(err)
	}
	// A man without the secret opens a connection to each of two ranks and swaps their words: rank 5's acceptor answers rank 1's hello for
	// him, but that reply is no proof of a dialler.
	_, hello = dial(t, config(1), 5, 1)
	a := accept(t, config(5), 2)
	out, err := step(a, hello)
	if err != nil {
		t.Fatal(err)
	}
	out[10] = byte(proof)
	copy(out[32:36], []byte{1, 0, 0, 0})
	copy(out[36:40], []byte{5, 0, 0, 0})
	if _, err := a.Step(out); err == nil || code(t, err) != WrongSecret || a.State() != Failed {
		t.Error(err)
	}
}

// TestReplay: a recorded connection, played to either side again, is refused, since the other nonce is new.
func TestReplay(t *testing.T) {
	d, hello := dial(t, config(1), 5, 1)
	a := accept(t, config(5), 2)
	reply, _ := step(a, hello)
	step(d, reply)
	proof := bytes.Clone(d.Choose())
	step(a, proof)
	verdict := bytes.Clone(a.Decide(Accepted))

	again := accept(t, config(5), 3)
	if _, err := again.Step(hello); err != nil {
		t.Fatal("a replayed hello earns a reply:", err)
	}
	if _, err := again.Step(proof); err == nil || code(t, err) != WrongSecret || again.State() != Failed {
		t.Error("a replayed proof:", err)
	}
	again, _ = dial(t, config(1), 5, 4)
	if _, err := again.Step(reply); err == nil || code(t, err) != WrongSecret || again.State() != Failed {
		t.Error("a replayed reply:", err)
	}
	// A genuine reply, then the old verdict.
	again, hello = dial(t, config(1), 5, 4)
	reply, _ = step(accept(t, config(5), 5), hello)
	step(again, reply)
	again.Choose()
	if _, err := again.Step(verdict); err == nil || code(t, err) != WrongSecret {
		t.Error("a replayed verdict:", err)
	}
}

// TestFlippedBit: any change of any message is noticed at once by who gets it.
func TestFlippedBit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		which := rapid.IntRange(0, 3).Draw(rt, "message")
		at := rapid.IntRange(0, MessageBytes*8-1).Draw(rt, "bit")
		spoil := func(n int, b []byte) []byte {
			b = bytes.Clone(b)
			if n == which {
				b[at/8] ^= 1 << (at % 8)
			}
			return b
		}
		d, hello := dial(t, config(1), 5, 1)
		a := accept(t, config(5), 2)
		out, err := step(a, spoil(0, hello))
		if which == 0 {
			if err == nil || a.State() != Failed {
				rt.Fatalf("bit %d of the hello: %v", at, err)
			}
			return
		}
		_, err = step(d, spoil(1, out))
		if which == 1 {
			if err == nil || d.State() != Failed {
				rt.Fatalf("bit %d of the reply: %v", at, err)
			}
			return
		}
		_, err = step(a, spoil(2, d.Choose()))
		if which == 2 {
			if err == nil || a.State() != Failed || a.Decide(Accepted) != nil {
				rt.Fatalf("bit %d of the proof: %v", at, err)
			}
			return
		}
		if _, err = step(d, spoil(3, a.Decide(Accepted))); err == nil || d.State() != Failed {
			rt.Fatalf("bit %d of the verdict: %v", at, err)
		}
	})
}

func TestTruncatedAndStrange(t *testing.T) {
	_, hello := dial(t, config(1), 5, 1)
	for n := range MessageBytes {
		if out, err := accept(t, config(5), 2).Step(hello[:n]); err == nil || out != nil {
			t.Fatalf("%d bytes of a hello: %x, %v", n, out, err)
		}
	}
	for name, in := range map[string]string{
		"http": "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"ssh": "SSH-2.0-OpenSSH_9.6\r\n", "zeros": "", "half": magic[:7],
	} {
		b := make([]byte, MessageBytes)
		copy(b, in)
		a := accept(t, config(5), 2)
		if out, err := a.Step(b); err == nil || out != nil || a.State() != Failed ||
			!strings.Contains(err.Error(), "a stranger at 10.0.0.1:5000") {
			t.Errorf("%s: answer %x, error %v", name, out, err)
		}
	}
}

// TestOutOfOrder: calls that aren't due give nothing to send.
func TestOutOfOrder(t *testing.T) {
	d, _ := dial(t, config(1), 5, 1)
	if d.Choose() != nil || d.State() != Failed {
		t.Error("Choose before the other side has proved itself")
	}
	a := accept(t, config(5), 1)
	if a.Decide(Accepted) != nil || a.State() != Failed {
		t.Error("Decide before the other side has proved itself")
	}
}

// TestKeysDiffer: no two connections, streams or jobs have a key in common.
func TestKeysDiffer(t *testing.T) {
	seen := map[[KeyBytes]byte]string{}
	add := func(name string, dc, ac Config, stream uint16, n byte) {
		session := [16]byte{}
		if stream > 0 {
			session[0] = 1
		}
		d, hello, err := Dial(dc, ac.Rank, stream, session, nonce(n), "")
		if err != nil {
			t.Fatal(err)
		}
		a := accept(t, ac, n+1)
		reply, err := step(a, hello)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := step(d, reply); err != nil {
			t.Fatal(err)
		}
		if _, err := step(a, d.Choose()); err != nil {
			t.Fatal(err)
		}
		if a.Stream() != int(stream) || a.Asked() != session {
			t.Fatalf("%s: stream %d of session %x", name, a.Stream(), a.Asked())
		}
		a.Decide(Accepted)
		k, err := a.Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range [][KeyBytes]byte{k.Send, k.Recv, k.Session} {
			if was, ok := seen[key]; ok {
				t.Errorf("%s has a key of %s", name, was)
			}
			seen[key] = name
		}
	}
	add("first", config(1), config(5), 0, 1)
	add("again", config(1), config(5), 0, 3)
	add("stream 1", config(1), config(5), 1, 1)
	add("the other way", config(5), config(1), 0, 1)
	dc, ac := config(1), config(5)
	dc.Job[0], ac.Job[0] = 9, 9
	add("another job", dc, ac, 0, 1)
	dc, ac = config(1), config(5)
	dc.Secret, ac.Secret = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{1}, 32)
	add("another secret", dc, ac, 0, 1)
}
