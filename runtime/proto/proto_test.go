package proto

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPartsCoverTheMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := LimitsFor(rapid.IntRange(1<<10, 8<<10).Draw(t, "inline"), rapid.IntRange(2048, 128<<10).Draw(t, "bulk"))
		total := rapid.IntRange(1, 1<<20).Draw(t, "total")
		for sent, parts := 0, 0; sent < total; parts++ {
			n := l.NextPart(total, sent)
			if n <= 0 || n > l.Part || n > total-sent {
				t.Fatalf("part of %d bytes after %d of %d (limit %d)", n, sent, total, l.Part)
			}
			if n < total-sent && n%64 != 0 {
				t.Fatalf("part of %d bytes in the middle is not a multiple of a line", n)
			}
			sent += n
		}
	})
}

func TestChooseAtTheLimits(t *testing.T) {
	l := Limits{Inline: 100, Eager: 1000, Part: 200}
	for _, c := range []struct {
		n           int
		sync, arena bool
		want        Choice
	}{
		{0, false, false, Inline}, {100, false, false, Inline}, {101, false, false, Parts}, {1000, false, false, Parts},
		{1001, false, false, Stream}, {0, true, false, Stream}, {1001, false, true, Borrow}, {1000, false, true, Parts},
		{1000, true, true, Stream}, {1001, true, true, Borrow},
	} {
		if got := l.Choose(c.n, c.sync, c.arena); got != c.want {
			t.Errorf("%d bytes, sync %v, arena %v: %v, want %v", c.n, c.sync, c.arena, got, c.want)
		}
	}
}

// Whatever happens in whatever order: a finished send stays finished, a cancel
// succeeds only while nothing of the message can have been matched, and every phase can end.
func TestPhases(t *testing.T) {
	for p := Queued; p < phases; p++ {
		for e := Event(0); e < events; e++ {
			next, ok := Step(p, e)
			if !ok && next != p {
				t.Errorf("%v: event %d is refused but moves to %v", p, e, next)
			}
			if ok && next < p {
				t.Errorf("%v: event %d leads back to %v", p, e, next)
			}
			if p == Finished && ok {
				t.Errorf("event %d happens to a finished send", e)
			}
			if want := p == Queued || p == Offered; e == Cancel && ok != want {
				t.Errorf("%v: cancel is %v, want %v", p, ok, want)
			}
			if e == Fail && p != Finished && (!ok || next != Finished) {
				t.Errorf("%v: a failure does not end it", p)
			}
		}
	}
}
