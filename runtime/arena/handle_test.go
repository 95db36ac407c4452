package arena

import (
	"testing"

	"pgregory.net/rapid"
)

func TestHandleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = maxPages * PageSize
		h := Handle{
			Owner: rapid.Uint32Range(0, MaxRank).Draw(t, "owner"),
			Block: rapid.Uint32().Draw(t, "block"),
			Gen:   rapid.Uint32Min(1).Draw(t, "gen"),
			Off:   rapid.Uint64Range(0, limit).Draw(t, "off"),
		}
		h.Len = rapid.Uint64Range(0, limit-h.Off).Draw(t, "len")
		b := rapid.SliceOfN(rapid.Byte(), HandleSize, HandleSize+16).Draw(t, "buffer") // Encode leaves nothing of it
		rest := string(b[HandleSize:])
		h.Encode(b)
		got, err := Decode(b)
		if err != nil || got != h {
			t.Fatalf("%v came back as %v, %v", h, got, err)
		}
		if string(b[HandleSize:]) != rest {
			t.Fatal("Encode wrote beyond HandleSize")
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	good := Handle{Owner: 1, Block: 2, Gen: 3, Off: 4, Len: 5}
	b := make([]byte, HandleSize)
	for n := range HandleSize {
		good.Encode(b)
		_, err := Decode(b[:n])
		wantErr(t, "short", err, ErrHandle)
	}
	for name, h := range map[string]Handle{
		"zero":  {},
		"gen":   {Owner: 1, Block: 2, Off: 4, Len: 5},
		"owner": {Owner: MaxRank + 1, Gen: 1},
		"off":   {Gen: 1, Off: maxPages*PageSize + 1},
		"len":   {Gen: 1, Len: maxPages*PageSize + 1},
		"sum":   {Gen: 1, Off: maxPages * PageSize, Len: 1},
		"wrap":  {Gen: 1, Off: 1, Len: ^uint64(0)},
	} {
		h.Encode(b)
		_, err := Decode(b)
		wantErr(t, name, err, ErrHandle)
	}
	good.Encode(b)
	b[13] = 1
	_, err := Decode(b)
	wantErr(t, "reserved", err, ErrHandle)
}

func FuzzDecode(f *testing.F) {
	b := make([]byte, HandleSize)
	Handle{Owner: 1, Block: 2, Gen: 3, Off: 4, Len: 5}.Encode(b)
	f.Add(b)
	f.Add(b[:HandleSize-1])
	heap, view := newHeap(f, 16, 1, Config{})
	mustAlloc(f, heap, 5000)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Decode(b)
		if err != nil {
			if h != (Handle{}) {
				t.Fatalf("an error and %v", h)
			}
			return
		}
		again := make([]byte, HandleSize)
		h.Encode(again)
		if string(again) != string(b[:HandleSize]) {
			t.Fatalf("%x was read as %v, which is %x", b[:HandleSize], h, again)
		}
		if p, err := view.Bytes(h); err == nil && uint64(len(p)) != h.Len {
			t.Fatalf("%v has %d bytes", h, len(p))
		}
	})
}
