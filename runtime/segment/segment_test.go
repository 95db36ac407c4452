package segment

import (
	"errors"
	"os"
	"testing"
	"unsafe"
)

// ranges collects the areas of a layout so that overlaps show.
func TestLayoutHasNoOverlap(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 16, 17, 64, 65, 256, 1000, MaxRanks} {
		l, err := LayoutFor(n, 12345)
		if err != nil {
			t.Fatal(err)
		}
		at := jobBytes(n)
		step := func(what string, off, size int64) {
			if off < at {
				t.Errorf("%d ranks: %s at %d overlaps what ends at %d", n, what, off, at)
			}
			at = off + size
		}
		step("control", l.Control, int64(n)*controlBytes)
		step("blocks", l.Blocks, int64(n)*Blocks*blockBytes)
		step("ballot", l.Ballot, int64(n)*ballotBytes)
		for _, c := range [][2]int{{0, 0}, {0, n - 1}, {n - 1, 0}, {n - 1, n - 1}} {
			if off := l.Channel(c[0], c[1]); off < l.Channels || off+l.Stride > l.Heaps {
				t.Errorf("%d ranks: channel %v at %d is outside %d..%d", n, c, off, l.Channels, l.Heaps)
			}
		}
		if l.Stride < int64(l.Shape.Bytes()) || l.Shape.Check() != nil {
			t.Errorf("%d ranks: stride %d for %+v, %v", n, l.Stride, l.Shape, l.Shape.Check())
		}
		if l.Heap%page != 0 || l.Total != l.Heaps+int64(n)*l.Heap {
			t.Errorf("%d ranks: heaps of %d from %d make %d", n, l.Heap, l.Heaps, l.Total)
		}
	}
	for _, n := range []int{0, -1, MaxRanks + 1} {
		if _, err := LayoutFor(n, 0); err == nil {
			t.Errorf("%d ranks were accepted", n)
		}
	}
}

func TestWords(t *testing.T) {
	l, _ := LayoutFor(3, 0)
	mem := make([]byte, l.Channels+64)
	mem = mem[-uintptr(unsafe.Pointer(&mem[0]))&63:]
	var woken []int
	j, err := NewJob(mem, l, true, func(r int) { woken = append(woken, r) })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, yes := j.Aborted(); yes {
		t.Error("aborted before anybody did")
	}
	*j.Park(1) = 1
	e := j.Epoch().Load()
	if !j.Abort(2, 300) || j.Abort(1, 4) {
		t.Error("the first abort must win, the second must not")
	}
	if r, c, yes := j.Aborted(); r != 2 || c != 300 || !yes {
		t.Errorf("aborted by %d with %d: %v", r, c, yes)
	}
	if len(woken) != 1 || woken[0] != 1 || *j.Park(1) != 0 || j.Epoch().Load() == e {
		t.Errorf("woke %v, park word %d, epoch %d after %d", woken, *j.Park(1), j.Epoch().Load(), e)
	}
	if r, _, _ := func() (int, int, bool) { j.u64(jobAbort).Store(0); j.Abort(-1, 9); return j.Aborted() }(); r != -1 {
		t.Errorf("golaunch's abort is said to be of rank %d", r)
	}
	for _, w := range []uint64{1, 1 << 32, 1<<63 | 4, 1<<63 | 1<<50, ^uint64(0), 1 << 62} {
		j.u64(jobAbort).Store(w)
		if r, _, yes := j.Aborted(); r != Nobody || !yes {
			t.Errorf("%#x is said to be of rank %d: %v", w, r, yes)
		}
	}
	j.u64(jobAbort).Store(0)
	e = j.Epoch().Load()
	j.MarkInit(0)
	j.MarkDead(0)
	j.MarkDead(0)
	if !j.Inited(0) || !j.Dead(0) || j.Finalized(0) || j.Dead(1) || j.Epoch().Load() != e+1 {
		t.Errorf("rank 0: %v %v %v, epoch %d after %d", j.Inited(0), j.Dead(0), j.Finalized(0), j.Epoch().Load(), e)
	}
	j.Knock(1, 2)
	if j.Door(1, 0).Load() != 4 || j.Door(0, 0).Load() != 0 {
		t.Errorf("doors %b and %b", j.Door(1, 0).Load(), j.Door(0, 0).Load())
	}
}

func attached(t *testing.T, n int, heap int64) (*Segment, *os.File) {
	t.Helper()
	f, err := Create(n, heap)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no shared memory here")
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := Attach(dup(t, f))
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}
