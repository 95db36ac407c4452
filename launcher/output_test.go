package launcher

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chunks is a writer that keeps what each call wrote.
type chunks [][]byte

func (c *chunks) Write(b []byte) (int, error) {
	*c = append(*c, bytes.Clone(b))
	return len(b), nil
}

func (c chunks) all() string { return string(bytes.Join(c, nil)) }

// drawText draws the output of a rank: short lines, now and then one beyond the buffer.
func drawText(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 6).Draw(t, "lines") {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			b.WriteString(strings.Repeat("x", rapid.SampledFrom([]int{4095, 4096, 4097, lineBuffer - 1, lineBuffer, lineBuffer + 1, 2*lineBuffer + 5}).Draw(t, "long")))
		default:
			b.WriteString(rapid.StringMatching(`[a-z\x00]{0,8}`).Draw(t, "line"))
		}
		if rapid.IntRange(0, 4).Draw(t, "newline") > 0 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// drawReader reads s in pieces of any size.
func drawReader(t *rapid.T, s string) func([]byte) (int, error) {
	return func(b []byte) (int, error) {
		if len(b) == 0 {
			t.Fatal("read into nothing")
		}
		if s == "" {
			return 0, io.EOF
		}
		n := copy(b, s)
		if rapid.Bool().Draw(t, "part") {
			n = rapid.IntRange(1, n).Draw(t, "piece")
		}
		s = s[n:]
		return n, nil
	}
}

// Without a prefix no byte is changed, and each write holds whole lines, unless a line
// is longer than the buffer, or at the end.
func TestLinesPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		var out chunks
		copyLines(drawReader(t, text), &lines{to: &sink{w: &out}})
		if out.all() != text {
			t.Fatalf("got %d bytes, want %d", len(out.all()), len(text))
		}
		for i, c := range out {
			if c[len(c)-1] != '\n' && len(c) < lineBuffer && i < len(out)-1 {
				t.Fatalf("write %d of %d ends within a line of %d bytes", i, len(out), len(c))
			}
		}
	})
}

// With a prefix each write holds whole lines, each with its tag, and without tags and
// the newlines that cut long lines it is what was written.
func TestLinesTagged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		var out chunks
		copyLines(drawReader(t, text), &lines{to: &sink{w: &out}, tag: tagOf(12)})
		var got strings.Builder
		for _, c := range out {
			if c[len(c)-1] != '\n' {
				t.Fatal("a write ends within a line")
			}
		}
		for line := range strings.Lines(out.all()) {
			rest, ok := strings.CutPrefix(line, "[12] ")
			if !ok {
				t.Fatalf("%.40q has no tag", line)
			}
			if len(rest) > lineBuffer {
				rest = strings.TrimSuffix(rest, "\n") // perhaps cut here
			}
			got.WriteString(rest)
		}
		// A newline may be missing at the end and at cuts: compare without newlines
		// where lines are long, exactly otherwise.
		want := text
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if len(text) >= lineBuffer {
			strip := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
			if strip(got.String()) != strip(want) {
				t.Fatal("long lines were changed")
			}
		} else if got.String() != want {
			t.Fatalf("got %q, want %q", got.String(), want)
		}
	})
}

func TestLinesTimestamp(t *testing.T) {
	var out chunks
	at := time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)
	l := &lines{to: &sink{w: &out}, tag: tagOf(3), now: func() time.Time { return at }}
	copyLines(strings.NewReader("a\n\nb").Read, l)
	if want := "07:08:09.123456 [3] a\n07:08:09.123456 [3] \n07:08:09.123456 [3] b\n"; out.all() != want {
		t.Errorf("got %q, want %q", out.all(), want)
	}
}

// A prompt is seen before its line ends.
func TestLinesDirect(t *testing.T) {
	var out chunks
	l := &lines{to: &sink{w: &out}, direct: true}
	if n := l.take([]byte("name? ")); n != 6 || out.all() != "name? " {
		t.Errorf("took %d, wrote %q", n, out.all())
	}
}

func TestSinkStopsAtError(t *testing.T) {
	calls := 0
	var lost []error
	bad := errors.New("full")
	s := &sink{w: writerFunc(func(b []byte) (int, error) { calls++; return 0, bad }), lost: func(err error) { lost = append(lost, err) }}
	s.write(nil)
	s.write([]byte("a"))
	s.write([]byte("b"))
	if calls != 1 || len(lost) != 1 || lost[0] != bad {
		t.Errorf("%d writes, told %v", calls, lost)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
