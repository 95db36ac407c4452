package spawn

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func drawRequest(t *rapid.T) *Request {
	fd := rapid.IntRange(-1, 5000)
	text := rapid.SliceOfN(rapid.String(), 1, 4)
	r := &Request{Job: rapid.String().Draw(t, "job"), Segment: fd.Draw(t, "segment")}
	r.Programs = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Program {
		p := Program{Path: rapid.String().Draw(t, "path"), Args: text.Draw(t, "args"), Dir: rapid.String().Draw(t, "dir")}
		if rapid.Bool().Draw(t, "with env") {
			p.Env = text.Draw(t, "env")
		}
		return p
	}), 1, 4).Draw(t, "programs")
	r.Ranks = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rank {
		k := Rank{Program: rapid.IntRange(0, len(r.Programs)-1).Draw(t, "program"),
			Stdin: fd.Draw(t, "in"), Stdout: fd.Draw(t, "out"), Stderr: fd.Draw(t, "err"), Control: fd.Draw(t, "control")}
		if rapid.Bool().Draw(t, "bound") {
			k.CPUs = rapid.SliceOfN(rapid.IntRange(0, 8191), 1, 5).Draw(t, "cpus")
		}
		return k
	}), 1, 6).Draw(t, "ranks")
	return r
}

func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRequest(t)
		b := want.encode()
		got, err := decodeRequest(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
		// A request that is cut off, or goes on, is no request.
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if r, err := decodeRequest(b[:cut]); err == nil {
			t.Fatalf("%d of %d bytes read as %+v", cut, len(b), r)
		}
		if r, err := decodeRequest(append(b, 0)); err == nil {
			t.Fatalf("with a byte more: %+v", r)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add((&Request{Job: "ab", Segment: 4, Programs: []Program{{Path: "/bin/a", Args: []string{"a", "b"}, Env: []string{"A=b"}}},
		Ranks: []Rank{{Stdin: 0, Stdout: 5, Stderr: 6, Control: 7, CPUs: []int{1}}, {Control: -1}}}).encode())
	f.Add([]byte{0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRequest(b)
		if err != nil {
			return
		}
		for _, k := range r.Ranks {
			if k.Program < 0 || k.Program >= len(r.Programs) {
				t.Fatalf("rank of program %d of %d", k.Program, len(r.Programs))
			}
		}
		again, err := decodeRequest(r.encode())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Record{Kind(rapid.Uint32().Draw(t, "kind")), int(rapid.Int32().Draw(t, "rank")), int(rapid.Int32().Draw(t, "pid")), rapid.Uint32().Draw(t, "value")}
		b := want.append(nil)
		if got := decodeRecord((*[recordSize]byte)(b)); len(b) != recordSize || got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		sig, rank := int(rapid.Uint32().Draw(t, "signal")), int(rapid.Int32().Draw(t, "to"))
		c := appendCommand(nil, sig, rank)
		if s, r := decodeCommand((*[commandSize]byte)(c)); len(c) != commandSize || s != sig || r != rank {
			t.Fatalf("command %d, %d, want %d, %d", s, r, sig, rank)
		}
	})
}

func TestRecordWire(t *testing.T) {
	got := Record{Exited, -1, 0x01020304, 9}.append(nil)
	want := []byte{3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 4, 3, 2, 1, 9, 0, 0, 0}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
