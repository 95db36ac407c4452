package bootstrap

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// drawMessage draws a message with just the fields that its Op carries.
func drawMessage(t *rapid.T) Message {
	m := Message{Op: rapid.SampledFrom([]Op{OpHello, OpFinalize, OpAbort, OpReport, OpStalled, OpDump}).Draw(t, "op")}
	if m.Op != OpDump {
		m.Rank = rapid.IntRange(0, MaxRanks).Draw(t, "rank")
	}
	switch m.Op {
	case OpHello:
		m.PID = rapid.IntRange(1, 1<<22).Draw(t, "pid")
		m.Segment = rapid.IntRange(0, 1000).Draw(t, "segment")
	case OpAbort:
		m.Code = rapid.IntRange(-1, 300).Draw(t, "code")
		m.Why = rapid.String().Draw(t, "why")
	case OpDump:
		m.ID = rapid.IntRange(0, 1<<30).Draw(t, "id")
	case OpReport:
		m.ID = rapid.IntRange(0, 1<<30).Draw(t, "id")
		m.Pending = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pending {
			return Pending{
				Op:       rapid.String().Draw(t, "op"),
				Peer:     rapid.IntRange(-3, 1000).Draw(t, "peer"),
				Tag:      rapid.Int().Draw(t, "tag"),
				Bytes:    rapid.Int64Min(0).Draw(t, "bytes"),
				Comm:     rapid.String().Draw(t, "comm"),
				Where:    rapid.String().Draw(t, "where"),
				Begun:    rapid.String().Draw(t, "begun"),
				Blocking: rapid.Bool().Draw(t, "blocking"),
				SinceMS:  rapid.Int64Min(0).Draw(t, "since"),
			}
		}), 1, 5).Draw(t, "pending")
	}
	return m
}

func TestMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		line := Append(nil, m)
		if i := bytes.IndexByte(line, '\n'); i != len(line)-1 {
			t.Fatalf("newline at %d of %q", i, line)
		}
		if !json.Valid(line) {
			t.Fatalf("no JSON: %q", line)
		}
		got, err := Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, m) {
			t.Fatalf("got %+v\nwant %+v\nline %s", got, m, line)
		}
	})
}

// The lines of the package documentation are what other implementations read.
func TestMessageWire(t *testing.T) {
	for _, c := range []struct {
		m    Message
		want string
	}{
		{Message{Op: OpHello, PID: 123, Segment: 1}, `{"op":"hello","rank":0,"pid":123,"segment":1}`},
		{Message{Op: OpFinalize, Rank: 3}, `{"op":"finalize","rank":3}`},
		{Message{Op: OpAbort, Rank: 3, Code: 1, Why: "a \"b\"\n"}, `{"op":"abort","rank":3,"code":1,"why":"a \"b\"\n"}`},
		{Message{Op: OpReport, ID: 7, Rank: 1}, `{"op":"report","id":7,"rank":1,"pending":[]}`},
		{Message{Op: OpReport, ID: 7, Rank: 1, Pending: []Pending{{Op: "Recv", Peer: 2, Tag: 5, Bytes: 8, Comm: "world", Where: "a.go:3 main.main", Blocking: true, SinceMS: 9}}},
			`{"op":"report","id":7,"rank":1,"pending":[{"op":"Recv","peer":2,"tag":5,"bytes":8,"comm":"world","where":"a.go:3 main.main","blocking":true,"since_ms":9}]}`},
		{Message{Op: OpStalled, Rank: 2}, `{"op":"stalled","rank":2}`},
		{Message{Op: OpDump, ID: 7}, `{"op":"dump","id":7}`},
	} {
		if got := string(Append(nil, c.m)); got != c.want+"\n" {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, line := range []string{
		"", "\n", "hello", `{}`, `{"op":"jump"}`, `{"op":"hello","rank":0}`, `{"op":"hello","rank":0,"pid":-4}`,
		`{"op":"finalize","rank":-1}`, `{"op":"dump","id":-1}`, `{"op":"finalize","rank":1e99}`, `{"op":"abort","why":3}`,
		`{"op":"finalize"}{"op":"finalize"}`, strings.Repeat(" ", MaxLine+1),
	} {
		if m, err := Decode([]byte(line)); err == nil {
			t.Errorf("Decode(%.40q) = %+v, want an error", line, m)
		}
	}
}

// However much is pending, a report fits into a line and stays readable.
func TestReportIsBounded(t *testing.T) {
	long := Message{Op: OpReport, ID: 1, Pending: make([]Pending, 5*MaxPending)}
	for i := range long.Pending {
		long.Pending[i] = Pending{Op: "Recv", Where: strings.Repeat("x", 4000)}
	}
	for _, m := range []Message{
		long,
		{Op: OpReport, Pending: make([]Pending, 5*MaxPending)},
		{Op: OpAbort, Why: strings.Repeat("é\x00", MaxLine)},
	} {
		line := Append(nil, m)
		got, err := Decode(line)
		if err != nil || len(line) > MaxLine {
			t.Fatalf("%d bytes, %v", len(line), err)
		}
		if len(m.Pending) > 0 && (len(got.Pending) == 0 || len(got.Pending) > MaxPending) {
			t.Fatalf("%d operations of %d", len(got.Pending), len(m.Pending))
		}
	}
}

func TestReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []Message // an empty Op stands for a bad line
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				stream = append(stream, "nonsense\n"...)
				want = append(want, Message{})
			case 1:
				n := rapid.SampledFrom([]int{511, 512, 513, 5000}).Draw(t, "length")
				stream = append(stream, strings.Repeat("x", n)+"\n"...)
				want = append(want, Message{})
			default:
				m := drawMessage(t)
				stream = Append(stream, m)
				want = append(want, m)
			}
		}
		stream = append(stream, rapid.SampledFrom([]string{"", "{", `{"op":"finalize","rank":0}`}).Draw(t, "rest")...)
		var src io.Reader = bytes.NewReader(stream)
		if rapid.Bool().Draw(t, "bytewise") {
			src = iotest.OneByteReader(src)
		}
		r := NewReader(src)
		for i, w := range want {
			m, err := r.Next()
			var bad *BadLineError
			if w.Op == "" {
				if !errors.As(err, &bad) {
					t.Fatalf("line %d: %v, %v, want a bad line", i, m, err)
				}
				continue
			}
			if err != nil || !reflect.DeepEqual(m, w) {
				t.Fatalf("line %d: %+v, %v, want %+v", i, m, err, w)
			}
		}
		if m, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %+v, %v", m, err)
		}
	})
}

// A line that never ends costs bounded memory, and the next line is read.
func TestReaderSkipsTooLong(t *testing.T) {
	long := io.LimitReader(iotest.DataErrReader(zeros{}), 5*MaxLine)
	r := NewReader(io.MultiReader(long, strings.NewReader("\n"+`{"op":"stalled","rank":4}`+"\n")))
	var bad *BadLineError
	if _, err := r.Next(); !errors.As(err, &bad) {
		t.Fatalf("long line: %v", err)
	}
	if cap(r.line) > 4*MaxLine {
		t.Errorf("%d bytes kept", cap(r.line))
	}
	if m, err := r.Next(); err != nil || m.Op != OpStalled || m.Rank != 4 {
		t.Fatalf("after it: %+v, %v", m, err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"op":"hello","rank":0,"pid":123,"segment":1}`))
	f.Add([]byte(`{"op":"report","id":7,"rank":1,"pending":[{"op":"Recv","peer":-1,"tag":-2,"bytes":8,"comm":"world","where":"a.go:3 f","blocking":true,"since_ms":9}]}`))
	f.Add([]byte(`{"op":"abort","rank":3,"code":1,"why":"\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := Decode(line)
		if err != nil {
			return
		}
		line = Append(nil, m)
		n, err := Decode(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if again := Append(nil, n); !bytes.Equal(again, line) {
			t.Fatalf("%q became %q", line, again)
		}
	})
}
