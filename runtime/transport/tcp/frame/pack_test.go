package frame

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// text is easy to compress, noise can't be.
func text(n int) []byte { return bytes.Repeat([]byte("0.000 1.000 "), n/12+1)[:n] }

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

func TestPack(t *testing.T) {
	var p Packer
	dst := make([]byte, 0, PackedBound(1<<20))
	for _, n := range []int{packMin, packMin + 1, 100_000, 1 << 20} {
		src := text(n)
		out, ok := p.Pack(dst, src)
		if !ok || len(out) > n/8*7 {
			t.Fatalf("%d bytes of text: %d, %v", n, len(out), ok)
		}
		if m, err := UnpackedLen(out, n); m != n || err != nil {
			t.Fatal(m, err)
		}
		if _, err := UnpackedLen(out, n-1); err == nil {
			t.Error("more than allowed was announced and taken")
		}
		back := make([]byte, n)
		if err := Unpack(back, out); err != nil || !bytes.Equal(back, src) {
			t.Fatal(err)
		}
		if Unpack(back[:n-1], out) == nil || Unpack(back, out[:len(out)-1]) == nil {
			t.Error("a wrong length was taken")
		}
	}
	if _, ok := p.Pack(dst, text(packMin-1)); ok {
		t.Error("a small payload was compressed")
	}
	if _, ok := p.Pack(make([]byte, 0, 10), text(packMin)); ok {
		t.Error("compressed without room")
	}
}

// TestPackGivesUp: what doesn't shrink is tried ever more rarely, and what does, in time, again.
func TestPackGivesUp(t *testing.T) {
	var p Packer
	dst := make([]byte, 0, PackedBound(packMin))
	src := noise(packMin)
	tries := 0
	for range 1000 {
		if p.skip == 0 {
			tries++
		}
		if _, ok := p.Pack(dst, src); ok {
			t.Fatal("noise was compressed")
		}
	}
	if tries < 10 || tries > 25 {
		t.Errorf("%d tries in 1000 payloads", tries)
	}
	for i := 0; ; i++ {
		if _, ok := p.Pack(dst, text(packMin)); ok {
			break
		}
		if i > 63 {
			t.Fatal("text isn't compressed any more")
		}
	}
}

func TestPackNoAllocations(t *testing.T) {
	var p Packer
	src, back := text(64<<10), make([]byte, 64<<10)
	dst := make([]byte, 0, PackedBound(len(src)))
	if n := testing.AllocsPerRun(200, func() {
		out, _ := p.Pack(dst, src)
		if err := Unpack(back, out); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 { // the compressor keeps a pool, which the collector may empty
		t.Errorf("%v allocations per payload", n)
	}
}

func FuzzUnpack(f *testing.F) {
	var p Packer
	out, _ := p.Pack(make([]byte, 0, PackedBound(packMin)), text(packMin))
	f.Add(out)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := UnpackedLen(in, 1<<20)
		if err != nil {
			return
		}
		if n < 0 || n > 1<<20 {
			t.Fatalf("%d bytes announced", n)
		}
		_ = Unpack(make([]byte, n), in)
	})
}
