package frame

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func pair(t testing.TB, every uint64) (*Sealer, *Opener) {
	t.Helper()
	key := []byte("0123456789abcdef")
	s, err := NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpener(key)
	if err != nil {
		t.Fatal(err)
	}
	s.s.every, o.s.every = every, every
	return s, o
}

func TestSealRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, o := pair(t, 3) // so that keys change
		for range 10 {
			plain := bytes.Repeat([]byte{rapid.Byte().Draw(rt, "byte")}, rapid.IntRange(1, MaxPlain).Draw(rt, "bytes"))
			rec, err := s.Append(nil, plain)
			if err != nil {
				rt.Fatal(err)
			}
			if n, err := RecordSize(rec[:4]); err != nil || n != len(rec) || n != len(plain)+SealBytes {
				rt.Fatal(n, err, len(rec))
			}
			dst := rec[4:4]
			if rapid.Bool().Draw(rt, "elsewhere") {
				dst = nil
			}
			got, err := o.Open(dst, rec)
			if err != nil || !bytes.Equal(got, plain) {
				rt.Fatalf("%d bytes: %v", len(plain), err)
			}
		}
		if bytes.Equal(s.s.key, []byte("0123456789abcdef")) || !bytes.Equal(s.s.key, o.s.key) {
			rt.Fatal("the key did not change, or not alike")
		}
	})
}

func TestSealRefuses(t *testing.T) {
	records := func() ([][]byte, *Opener) {
		s, o := pair(t, 100)
		var r [][]byte
		for i := range 3 {
			b, err := s.Append(nil, bytes.Repeat([]byte{byte(i)}, 50))
			if err != nil {
				t.Fatal(err)
			}
			r = append(r, b)
		}
		return r, o
	}
	for name, order := range map[string][]int{"lost": {0, 2}, "repeated": {0, 1, 1}, "swapped": {1}} {
		r, o := records()
		var err error
		for _, i := range order {
			if err != nil {
				t.Fatal(name, "fails too soon")
			}
			_, err = o.Open(nil, r[i])
		}
		if err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	r, _ := records()
	for bit := range len(r[0]) * 8 {
		_, o := records()
		b := bytes.Clone(r[0])
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := o.Open(nil, b); err == nil {
			t.Fatalf("opened with bit %d changed", bit)
		}
	}
	for n := range r[0] {
		_, o := records()
		if _, err := o.Open(nil, r[0][:n]); err == nil {
			t.Fatalf("opened with %d bytes of %d", n, len(r[0]))
		}
	}
	o, err := NewOpener([]byte("another key, yes"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Open(nil, r[0]); err == nil {
		t.Error("opened with another key")
	}
	s, _ := pair(t, 100)
	for _, n := range []int{0, MaxPlain + 1} {
		if _, err := s.Append(nil, make([]byte, n)); err == nil {
			t.Errorf("a record of %d bytes", n)
		}
	}
	if _, err := NewSealer(make([]byte, 5)); err == nil {
		t.Error("a key of 5 bytes")
	}
}

func TestSealNoAllocations(t *testing.T) {
	s, o := pair(t, rekeyAfter)
	plain := make([]byte, 1000)
	rec := make([]byte, 0, 2000)
	if n := testing.AllocsPerRun(1000, func() {
		rec, _ = s.Append(rec[:0], plain)
		if _, err := o.Open(plain[:0], rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per record", n)
	}
}

func FuzzOpen(f *testing.F) {
	s, _ := pair(f, 100)
	b, _ := s.Append(nil, []byte("secret"))
	f.Add(b[:len(b)-1])
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := RecordSize(in)
		if n < 0 || n > MaxRecord || err == nil && len(in) >= 4 && n <= SealBytes {
			t.Fatalf("a record of %d bytes", n)
		}
		_, o := pair(t, 100)
		if got, err := o.Open(nil, in); err == nil && !bytes.Equal(in, b) {
			t.Fatalf("%x opens to %x", in, got)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s, o := pair(b, rekeyAfter)
	plain := make([]byte, MaxPlain)
	rec := make([]byte, 0, MaxRecord)
	b.SetBytes(MaxPlain)
	for b.Loop() {
		rec, _ = s.Append(rec[:0], plain)
		if _, err := o.Open(plain[:0], rec); err != nil {
			b.Fatal(err)
		}
	}
}
