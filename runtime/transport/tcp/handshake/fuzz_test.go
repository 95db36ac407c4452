package handshake

import (
	"bytes"
	"testing"
)

func FuzzParse(f *testing.F) {
	_, hello := dial(f, config(1), 5, 1)
	f.Add(hello)
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := parse(in)
		if err != nil || m.version != Version {
			return
		}
		var out [MessageBytes]byte
		m.put(&out)
		if !bytes.Equal(out[:], in) {
			t.Fatalf("%x decodes and encodes to %x", in, out)
		}
	})
}

// FuzzStranger: whoever doesn't know the secret gets nowhere, on either side, whatever it sends, even with the
// genuine words of others before it.
func FuzzStranger(f *testing.F) {
	d, hello := dial(f, config(1), 5, 1)
	a := accept(f, config(5), 2)
	reply, _ := step(a, hello)
	step(d, reply)
	f.Add(hello, bytes.Clone(d.Choose()), reply)
	f.Add(hello, hello, hello)
	f.Add(reply, reply, []byte(magic))
	f.Fuzz(func(t *testing.T, first, second, answer []byte) {
		a := accept(t, config(5), 7) // another nonce than that of the genuine words above
		if _, err := a.Step(first); err == nil {
			_, _ = a.Step(second)
		}
		if a.State() == Proved || a.State() == Done || a.Decide(Accepted) != nil {
			t.Fatalf("an acceptor believed %x %x", first, second)
		}
		d, _ := dial(t, config(1), 5, 7)
		if _, err := d.Step(answer); err == nil || d.State() != Failed || d.Choose() != nil {
			t.Fatalf("a dialler believed %x", answer)
		}
	})
}
