package match

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
)

type queues = Queues[string, string]

func post(t *testing.T, q *queues, ctx uint32, src, tag int32, p string) Handle {
	t.Helper()
	u, ok, h := q.Post(ctx, src, tag, p)
	if ok {
		t.Fatalf("Post %s: met message %s, want it posted", p, u)
	}
	return h
}

// arrive offers a message and queues it if nobody takes it; it returns the
// receive that did.
func arrive(q *queues, ctx uint32, src, tag int32, u string) string {
	p, ok := q.Arrive(ctx, src, tag)
	if !ok {
		q.AddUnexpected(ctx, src, tag, u)
	}
	return p
}

// The oldest receive that fits wins, be it exact or wildcard, in every order
// in which the four kinds can be posted.
func TestOldestReceiveWins(t *testing.T) {
	type spec struct {
		src, tag int32
		name     string
	}
	all := []spec{{3, 7, "src,tag"}, {3, AnyTag, "src,*"}, {AnySource, 7, "*,tag"}, {AnySource, AnyTag, "*,*"}}
	// Once short, once with the lanes of 3 and of AnySource hashed.
	for _, filler := range []int{0, 2 * laneMax} {
		for first := range all {
			for second := range all {
				q := New[string, string](4)
				for i := range filler {
					post(t, q, 9, 3, int32(i), "filler")
					post(t, q, 9, AnySource, int32(i), "filler")
				}
				a, b := all[first], all[second]
				post(t, q, 1, a.src, a.tag, "older "+a.name)
				post(t, q, 1, b.src, b.tag, "newer "+b.name)
				if got := arrive(q, 1, 3, 7, "m"); got != "older "+a.name {
					t.Fatalf("filler %d, %s before %s: %q won", filler, a.name, b.name, got)
				}
				if got := arrive(q, 1, 3, 7, "m"); got != "newer "+b.name {
					t.Fatalf("filler %d, %s before %s: %q came second", filler, a.name, b.name, got)
				}
				if got := arrive(q, 1, 3, 7, "m"); got != "" {
					t.Fatalf("third message met %q", got)
				}
			}
		}
	}
}

// Wildcards take messages in the order of arrival, whatever the source, and
// never one of another context.
func TestWildcardsTakeTheOldestOfTheirContext(t *testing.T) {
	// With 0 others the search walks, with many it asks the views.
	for _, others := range []int{0, 3 * walkMax} {
		q := New[string, string](4)
		for i := range others {
			arrive(q, 2, int32(i%4), int32(i), "other")
		}
		arrive(q, 1, 2, 5, "first")
		arrive(q, 1, 0, 6, "second")
		arrive(q, 1, 2, 6, "third")
		take := func(src, tag int32, want string) {
			t.Helper()
			if u, _, _, _ := q.Peek(1, src, tag); u != want {
				t.Fatalf("%d others: Peek(%d, %d) = %q, want %q", others, src, tag, u, want)
			}
			if u, _, _, _ := q.Take(1, src, tag); u != want {
				t.Fatalf("%d others: Take(%d, %d) = %q, want %q", others, src, tag, u, want)
			}
		}
		take(AnySource, 6, "second")
		take(2, AnyTag, "first")
		take(AnySource, AnyTag, "third")
		for _, src := range []int32{AnySource, 0, 2} {
			take(src, AnyTag, "")
		}
		if q.UnexpectedCount() != others {
			t.Fatalf("%d messages left, want %d", q.UnexpectedCount(), others)
		}
	}
}

// AnyTag is written as a tag inside; contexts and tags at the ends of their
// range must not be taken for one another.
func TestExtremeEnvelopes(t *testing.T) {
	for _, ctx := range []uint32{0, 1, 1 << 31, 1<<32 - 1} {
		for _, tag := range []int32{0, -1, -3, 1<<31 - 1, -1 << 31} {
			q := New[string, string](1)
			post(t, q, ctx+1, 0, AnyTag, "other context")
			post(t, q, ctx, 0, tag^1<<8, "other tag")
			post(t, q, ctx, 0, AnyTag, "any")
			if got := arrive(q, ctx, 0, tag, "m"); got != "any" {
				t.Fatalf("ctx %d tag %d met %q", ctx, tag, got)
			}
			arrive(q, ctx, 0, tag, "m")
			if _, src, got, ok := q.Peek(ctx, AnySource, AnyTag); !ok || src != 0 || got != tag {
				t.Fatalf("ctx %d tag %d comes back as source %d tag %d (%v)", ctx, tag, src, got, ok)
			}
		}
	}
}

// A handle dies with its posting, however often the slot lives again.
func TestStaleHandleIsRefused(t *testing.T) {
	q := New[string, string](1)
	if p, ok := q.Cancel(Handle{}); ok || p != "" {
		t.Fatalf("the zero Handle cancelled %q on fresh queues", p)
	}
	matched := post(t, q, 1, 0, 1, "matched")
	arrive(q, 1, 0, 1, "m")
	cancelled := post(t, q, 1, 0, 2, "cancelled")
	if p, ok := q.Cancel(cancelled); !ok || p != "cancelled" {
		t.Fatalf("Cancel = %q, %v", p, ok)
	}
	removed := post(t, q, 1, 0, 3, "removed")
	q.RemovePosted(func(uint32, int32, int32, string) bool { return true }, func(string) {})
	live := post(t, q, 1, 0, 4, "live")
	if matched.slot != live.slot || cancelled.slot != live.slot || removed.slot != live.slot {
		t.Fatalf("the test wants one slot reused: %v %v %v %v", matched, cancelled, removed, live)
	}
	for _, h := range []Handle{matched, cancelled, removed, {}} {
		if p, ok := q.Cancel(h); ok || p != "" {
			t.Fatalf("stale %+v cancelled %q", h, p)
		}
	}
	if p, ok := q.Cancel(live); !ok || p != "live" {
		t.Fatalf("the live handle: %q, %v", p, ok)
	}
}

// What is called with a removed receive may use the queues at will.
func TestRemovedMayPostAndCancel(t *testing.T) {
	q := New[int, int](1)
	var handles []Handle
	for i := range 12 {
		_, _, h := q.Post(1, 0, int32(i), i+1)
		handles = append(handles, h)
	}
	var got []int
	q.RemovePosted(
		func(_ uint32, _, tag int32, _ int) bool { return tag%3 != 0 },
		func(p int) {
			got = append(got, p)
			n, want := 0, 4+2*(len(got)-1) // those kept, and two from each call before
			q.EachPosted(func(uint32, int32, int32, int) bool { n++; return true })
			if n != want || q.PostedCount() != want {
				t.Errorf("call %d: %d posted, counted %d, want %d", len(got), n, q.PostedCount(), want)
			}
			for i, h := range handles {
				if _, ok := q.Cancel(h); ok && i%3 != 0 {
					t.Errorf("doomed receive %d was cancelled", i+1)
				} else if ok { // a survivor: put it back, so that every call sees the same
					_, _, handles[i] = q.Post(1, 0, int32(i), i+1)
				}
			}
			q.Post(1, 0, 100, 1000+p)
			q.Post(1, AnySource, 101, 2000+p)
			q.RemovePosted(func(_ uint32, _, tag int32, _ int) bool { return tag == 50 }, func(int) {})
		})
	if want := []int{2, 3, 5, 6, 8, 9, 11, 12}; !slices.Equal(got, want) {
		t.Fatalf("removed %v, want %v", got, want)
	}
	if q.PostedCount() != 4+2*8 {
		t.Fatalf("%d posted at the end", q.PostedCount())
	}
	if err := audit(q); err != nil {
		t.Fatal(err)
	}
}

func TestEachStops(t *testing.T) {
	q := New[string, string](1)
	for range 3 {
		post(t, q, 1, 0, 1, "r")
		arrive(q, 2, 0, 1, "m")
	}
	calls := 0
	stop := func(uint32, int32, int32, string) bool { calls++; return calls%2 != 0 }
	q.EachPosted(stop)
	q.EachUnexpected(stop)
	if calls != 4 {
		t.Fatalf("%d calls, want two each", calls)
	}
}

// A lane that has been hashed is scanned again after it has been empty, and
// the views are dropped with the last message.
func TestDenseAgainOnceEmpty(t *testing.T) {
	q := New[string, string](1)
	for i := range int32(2 * walkMax) {
		arrive(q, 1, 0, i, "m")
	}
	q.Peek(1, AnySource, 2*walkMax-1)
	if q.early.lanes.peek(0).block != hashed || !q.early.on[byTag] {
		t.Fatal("the test wants a hashed lane and a view")
	}
	for i := range int32(2 * walkMax) {
		if _, _, _, ok := q.Take(1, 0, 2*walkMax-1-i); !ok {
			t.Fatalf("message %d is gone", 2*walkMax-1-i)
		}
	}
	arrive(q, 1, 0, 1, "m")
	if l := q.early.lanes.peek(0); l.block == hashed || l.n != 1 || q.early.on[byTag] {
		t.Fatalf("after the burst: lane %+v, views %v", l, q.early.on)
	}
}

// New must be cheap for many sources: RunLocal makes one Queues per rank.
func TestCheapToCreate(t *testing.T) {
	q := New[string, string](1000)
	got := unsafe.Sizeof(*q) + uintptr(cap(q.busy))*unsafe.Sizeof(q.busy[0])
	if q.posted.lanes.at != nil || q.early.lanes.at != nil || got > 6000 {
		t.Fatalf("fresh queues for 1000 sources take %d bytes, want 4 a source and a header", got)
	}
	if n := testing.AllocsPerRun(10, func() { New[string, string](1000) }); n > 2 {
		t.Fatalf("New allocates %v times", n)
	}
}

func TestMisuseIsCaughtWhereInvariantsAreChecked(t *testing.T) {
	if !invariants.Enabled {
		t.Skip("this build does not check invariants")
	}
	q := New[string, string](1)
	post(t, q, 1, 0, AnyTag, "r")
	for name, f := range map[string]func(){
		"message queued past a receive": func() { q.AddUnexpected(1, 0, 5, "m") },
		"message from AnySource":        func() { q.Arrive(1, AnySource, 5) },
		"message with AnyTag":           func() { q.Arrive(1, 0, AnyTag) },
		"receive from ProcNull":         func() { q.Post(1, -3, 0, "r") },
		"probe of ProcNull":             func() { q.Peek(1, -3, 0) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
