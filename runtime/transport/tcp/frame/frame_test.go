package frame

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/wire"
	"pgregory.net/rapid"
)

var limits = Limits{Eager: 300, Part: 500}

type whole struct {
	h       Header
	payload []byte
}

// decode takes the stream b apart, given in pieces that end where cuts says. It is what package tcp does, without its care for speed.
func decode(d *Decoder, b []byte, cut func(left int) int) (out []whole, err error) {
	var cur []byte
	for len(b) > 0 || d.Idle() || d.Left() == 0 {
		n := 0
		if len(b) > 0 {
			n = cut(len(b))
		}
		piece := b[:n]
		b = b[n:]
		for {
			if m := min(d.Left(), len(piece)); m > 0 {
				d.Took(piece[:m])
				cur = append(cur, piece[:m]...)
				piece = piece[m:]
			}
			n, ev, err := d.Step(piece)
			if err != nil {
				return out, err
			}
			piece = piece[n:]
			if ev == End {
				out = append(out, whole{d.H, cur})
				cur = nil
			}
			if ev == More {
				break
			}
		}
		if n == 0 {
			break
		}
	}
	return out, nil
}

func drawFrame(t *rapid.T) whole {
	kinds := []wire.Kind{wire.Eager, wire.RTS, wire.Data, wire.Revoke, wire.Stop, Grant, Refuse, Claim, TakeBack, Gone, Bye}
	var w whole
	w.h.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	w.h.Ctx, w.h.Tag = rapid.Uint32().Draw(t, "ctx"), rapid.Int32Min(0).Draw(t, "tag")
	r := rules[w.h.Kind]
	most := r.max
	switch most {
	case maxEager:
		most = limits.Eager
	case maxPart:
		most = limits.Part
	}
	n := rapid.IntRange(r.min, most).Draw(t, "bytes")
	if n > 0 {
		w.payload = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "payload")
	}
	w.h.Len = n
	if r.aux {
		w.h.Aux0 = Pair(rapid.Uint16().Draw(t, "desc"), rapid.Uint32().Draw(t, "gen"))
		if w.h.Kind == wire.Data {
			w.h.Aux1 = rapid.Uint64Range(0, wire.MaxMessage).Draw(t, "at")
		}
	}
	if r.flags&Moved != 0 && rapid.Bool().Draw(t, "moved") {
		w.h.Flags |= Moved
	}
	if r.flags&Packed != 0 && n > 0 && rapid.Bool().Draw(t, "packed") {
		w.h.Flags |= Packed
	}
	return w
}

func TestRoundTripHoweverCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := rapid.Bool().Draw(t, "sum")
		frames := rapid.SliceOfN(rapid.Custom(drawFrame), 1, 12).Draw(t, "frames")
		e, d := NewEncoder(sum), NewDecoder(limits, sum)
		var b []byte
		for i := range frames {
			h := frames[i].h
			b = e.Append(b, &h, frames[i].payload)
		}
		got, err := decode(&d, b, func(left int) int { return rapid.IntRange(1, min(left, 64)).Draw(t, "cut") })
		if err != nil {
			t.Fatal(err)
		}
		if !d.Idle() || len(got) != len(frames) {
			t.Fatalf("%d frames of %d, idle %v", len(got), len(frames), d.Idle())
		}
		for i := range frames {
			if got[i].h != frames[i].h || !bytes.Equal(got[i].payload, frames[i].payload) {
				t.Fatalf("frame %d: %+v came as %+v", i, frames[i], got[i])
			}
		}
	})
}

func TestSizes(t *testing.T) {
	for _, sum := range []bool{false, true} {
		e := NewEncoder(sum)
		extra := map[bool]int{true: SumBytes}[sum]
		if n := len(e.Append(nil, &Header{Kind: wire.Eager}, make([]byte, 8))); n != 16+8+extra {
			t.Errorf("eager of 8 bytes takes %d", n)
		}
		if n := len(e.Append(nil, &Header{Kind: Grant}, nil)); n != 32+extra || n > Overhead {
			t.Errorf("grant takes %d", n)
		}
	}
}

func TestRefused(t *testing.T) {
	for says, h := range map[string]Header{
		"kind 0":                            {Kind: wire.Invalid},
		"kind 3":                            {Kind: wire.First},
		"kind 31":                           {Kind: 31},
		"kind 38":                           {Kind: kinds},
		"kind 255":                          {Kind: 255},
		"eager of 301 bytes, want 0 to 300": {Kind: wire.Eager, Len: 301},
		"data of 501 bytes, want 1 to 500":  {Kind: wire.Data, Len: 501},
		"data of 0 bytes":                   {Kind: wire.Data},
		"eager of 2147483647 bytes":         {Kind: wire.Eager, Len: 1<<31 - 1},
		"rts of 31 bytes":                   {Kind: wire.RTS, Len: 31},
		"grant of 1 bytes":                  {Kind: Grant, Len: 1},
		"bye of 1 bytes":                    {Kind: Bye, Len: 1},
		"eager with flags 0x4":              {Kind: wire.Eager, Flags: 4},
		"grant with flags 0x1":              {Kind: Grant, Flags: Packed},
		"eager of no bytes that is":         {Kind: wire.Eager, Flags: Packed},
		"eager with tag -1":                 {Kind: wire.Eager, Tag: -1},
		"gone for descriptor 65536":         {Kind: Gone, Aux0: 1 << 16},
		"grant with a second aux word":      {Kind: Grant, Aux1: 1},
		"data at byte":                      {Kind: wire.Data, Len: 1, Aux1: wire.MaxMessage + 1},
	} {
		var b [LongBytes]byte
		d := NewDecoder(limits, false)
		h.put(b[:], 0)
		_, ev, err := d.Step(b[:])
		if err == nil || !strings.Contains(err.Error(), says) || d.Left() != 0 {
			t.Errorf("%+v: event %d, error %v, want %q", h, ev, err, says)
		}
		if _, ev, again := d.Step(b[:]); again == nil || again != err || ev != More {
			t.Errorf("%+v: after the error: %v %v", h, ev, again)
		}
	}
}

// TestLostFrame: a frame that is missing, repeated or moved is noticed by its number.
func TestLostFrame(t *testing.T) {
	e := NewEncoder(false)
	var f [3][]byte
	for i := range f {
		f[i] = e.Append(nil, &Header{Kind: Bye}, nil)
	}
	for _, order := range [][]int{{1}, {0, 0}, {0, 2}, {0, 1, 1}} {
		d := NewDecoder(limits, false)
		var b []byte
		for _, i := range order {
			b = append(b, f[i]...)
		}
		if _, err := decode(&d, b, func(n int) int { return n }); err == nil || !strings.Contains(err.Error(), "was due") {
			t.Errorf("frames %v: %v", order, err)
		}
	}
}

// TestManyFrames: the number of a frame wraps.
func TestManyFrames(t *testing.T) {
	e, d := NewEncoder(false), NewDecoder(limits, false)
	var b []byte
	for range 70_000 {
		b = e.Append(b[:0], &Header{Kind: Bye}, nil)
		if n, ev, err := d.Step(b); n != len(b) || ev != Begin || err != nil {
			t.Fatal(n, ev, err)
		}
		if _, ev, err := d.Step(nil); ev != End || err != nil {
			t.Fatal(ev, err)
		}
	}
}

// TestChecksum: with checksums any changed bit of any frame is an error.
func TestChecksum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, d := NewEncoder(true), NewDecoder(limits, true)
		var b []byte
		for _, w := range rapid.SliceOfN(rapid.Custom(drawFrame), 1, 4).Draw(t, "frames") {
			b = e.Append(b, &w.h, w.payload)
		}
		sent := len(b)
		at := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
		b[at/8] ^= 1 << (at % 8)
		got, err := decode(&d, b, func(n int) int { return min(n, 40) })
		if err == nil && d.Idle() {
			t.Fatalf("bit %d of %d bytes changed, and %d frames came", at, sent, len(got))
		}
	})
}

func TestNoAllocations(t *testing.T) {
	e, d := NewEncoder(true), NewDecoder(limits, true)
	p := make([]byte, 300)
	b := make([]byte, 0, 1024)
	h := Header{Kind: wire.Eager, Ctx: 1, Tag: 2}
	if n := testing.AllocsPerRun(1000, func() {
		b = e.Append(b[:0], &h, p)
		n, ev, err := d.Step(b)
		if ev != Begin || err != nil {
			t.Fatal(ev, err)
		}
		d.Took(b[n : n+d.Left()])
		if _, ev, err := d.Step(b[n+len(p):]); ev != End || err != nil {
			t.Fatal(ev, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func FuzzDecoder(f *testing.F) {
	e := NewEncoder(true)
	b := e.Append(nil, &Header{Kind: wire.Eager, Tag: 3}, []byte("hello"))
	b = e.Append(b, &Header{Kind: wire.Data, Aux0: Pair(1, 2), Aux1: 77}, []byte("data"))
	b = e.Append(b, &Header{Kind: Bye}, nil)
	f.Add(b, true, uint8(7))
	f.Add(b[:20], false, uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, sum bool, cut uint8) {
		d := NewDecoder(limits, sum)
		got, err := decode(&d, in, func(n int) int { return n })
		if d.Left() > max(limits.Eager, limits.Part) {
			t.Fatalf("%d bytes of payload announced", d.Left())
		}
		// Cut otherwise it says the same.
		d2 := NewDecoder(limits, sum)
		got2, err2 := decode(&d2, in, func(n int) int { return min(n, int(cut)%40+1) })
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() || !slices.EqualFunc(got, got2, func(a, b whole) bool {
			return a.h == b.h && bytes.Equal(a.payload, b.payload)
		}) {
			t.Fatalf("cut by %d: %d frames, %v; whole: %d frames, %v", cut, len(got2), err2, len(got), err)
		}
		// What was decoded encodes to the same bytes.
		e := NewEncoder(sum)
		var again []byte
		for i := range got {
			again = e.Append(again, &got[i].h, got[i].payload)
		}
		if !bytes.HasPrefix(in, again) {
			t.Fatalf("%x decodes and encodes to %x", in, again)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	for _, sum := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "sum"}[sum], func(b *testing.B) {
			e, d := NewEncoder(sum), NewDecoder(limits, sum)
			p := make([]byte, 64)
			buf := make([]byte, 0, 1024)
			h := Header{Kind: wire.Eager}
			for b.Loop() {
				buf = e.Append(buf[:0], &h, p)
				n, _, _ := d.Step(buf)
				d.Took(buf[n : n+len(p)])
				_, _, _ = d.Step(buf[n+len(p):])
			}
		})
	}
}
