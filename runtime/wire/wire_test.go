package wire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestWordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lap, k, f, n := rapid.Uint16().Draw(t, "lap"), rapid.Uint8().Draw(t, "kind"), rapid.Uint8().Draw(t, "flags"), rapid.Uint32().Draw(t, "len")
		w := Word0(lap, Kind(k), Flag(f), n)
		gk, gf, gn := Split(w)
		if Lap(w) != lap || uint8(gk) != k || uint8(gf) != f || gn != n {
			t.Fatalf("word 0 %x does not give back %d %d %d %d", w, lap, k, f, n)
		}
		ctx, tag := rapid.Uint32().Draw(t, "ctx"), rapid.Int32().Draw(t, "tag")
		if c, g := Match(Word1(ctx, tag)); c != ctx || g != tag {
			t.Fatalf("word 1 gives %d %d for %d %d", c, g, ctx, tag)
		}
		gen, st := rapid.Uint32().Draw(t, "gen"), rapid.Uint8().Draw(t, "state")
		if g, s := DescSplit(DescWord(gen, st)); g != gen || s != st {
			t.Fatalf("descriptor word gives %d %d for %d %d", g, s, gen, st)
		}
	})
}

func TestOfferRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Offer{
			Total: rapid.Uint64Range(0, MaxMessage).Draw(t, "total"),
			Gen:   rapid.Uint32().Draw(t, "gen"),
			Desc:  rapid.Uint16Range(0, 31).Draw(t, "desc"),
			Heap:  rapid.Int32Range(-1, 4).Draw(t, "heap"),
			Off:   rapid.Uint64().Draw(t, "off"),
		}
		var b [OfferBytes]byte
		o.Put(b[:])
		got, err := ParseOffer(b[:], 32, 5)
		if err != nil || got != o {
			t.Fatalf("%+v came back as %+v, %v", o, got, err)
		}
	})
}

func TestOfferRefuses(t *testing.T) {
	good := Offer{Total: 1, Desc: 3, Heap: NoHeap}
	for name, spoil := range map[string]func(*Offer){
		"total": func(o *Offer) { o.Total = MaxMessage + 1 },
		"desc":  func(o *Offer) { o.Desc = 32 },
		"heap":  func(o *Offer) { o.Heap = 5 },
		"heap-": func(o *Offer) { o.Heap = -2 },
	} {
		o := good
		spoil(&o)
		var b [OfferBytes]byte
		o.Put(b[:])
		if _, err := ParseOffer(b[:], 32, 5); err == nil {
			t.Errorf("%s: %+v was accepted", name, o)
		}
	}
	if _, err := ParseOffer(make([]byte, 5), 32, 5); err == nil {
		t.Error("a short offer was accepted")
	}
}

func FuzzParseOffer(f *testing.F) {
	var b [OfferBytes]byte
	(&Offer{Total: 100, Desc: 1, Heap: 2, Off: 4096, Gen: 9}).Put(b[:])
	f.Add(b[:])
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := ParseOffer(in, 32, 5)
		if err != nil {
			return
		}
		var out [OfferBytes]byte
		o.Put(out[:])
		if !bytes.Equal(out[:26], in[:26]) {
			t.Fatalf("%x decodes and encodes to %x", in, out)
		}
	})
}
