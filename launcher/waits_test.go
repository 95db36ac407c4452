package launcher

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

func recvFrom(peer, tag int) bootstrap.Pending {
	return bootstrap.Pending{Op: "Recv", Peer: peer, Tag: tag, Bytes: 8, Comm: "world", Where: "ring.go:31 main.step", Blocking: true}
}

func sendTo(peer, tag int) bootstrap.Pending {
	return bootstrap.Pending{Op: "Ssend", Peer: peer, Tag: tag, Bytes: 8, Comm: "world", Where: "ring.go:30 main.step", Blocking: true}
}

func barrier(comm string) bootstrap.Pending {
	return bootstrap.Pending{Op: "Barrier", Peer: bootstrap.AnySource, Tag: bootstrap.AnyTag, Comm: comm, Where: "ring.go:50 main.sync", Blocking: true}
}

func posted(p bootstrap.Pending) bootstrap.Pending {
	p.Blocking = false
	return p
}

func answered(p ...bootstrap.Pending) rankView { return rankView{state: rankAnswered, pending: p} }

func TestFindWaits(t *testing.T) {
	finished := rankView{state: rankFinished}
	silent := rankView{state: rankSilent}
	for _, c := range []struct {
		name    string
		views   []rankView
		stuck   []int
		chain   []int
		closed  bool
		end     int
		allWait bool
	}{
		{"two receives", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(0, 0))}, []int{0, 1}, []int{0, 1}, true, -1, true},
		{"two sends", []rankView{answered(sendTo(1, 0)), answered(sendTo(0, 0))}, []int{0, 1}, []int{0, 1}, true, -1, true},
		{"a message on its way", []rankView{answered(sendTo(1, 4)), answered(recvFrom(0, 4))}, nil, nil, false, -1, true},
		{"on its way to any source and tag", []rankView{answered(sendTo(1, 4)), answered(recvFrom(bootstrap.AnySource, bootstrap.AnyTag))}, nil, nil, false, -1, true},
		{"tags differ", []rankView{answered(sendTo(1, 4)), answered(recvFrom(0, 5))}, []int{0, 1}, []int{0, 1}, true, -1, true},
		{"posted receive meets send", []rankView{answered(sendTo(1, 4)), answered(posted(recvFrom(0, 4)), recvFrom(2, 1)), answered(recvFrom(0, 9))}, nil, nil, false, -1, true},
		{"ring of three and a tail", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(2, 0)), answered(recvFrom(0, 0)), answered(recvFrom(0, 7))}, []int{0, 1, 2, 3}, []int{0, 1, 2}, true, -1, true},
		{"tail first", []rankView{answered(recvFrom(2, 0)), answered(recvFrom(2, 0)), answered(recvFrom(1, 0))}, []int{0, 1, 2}, []int{2, 1}, true, -1, true},
		{"somebody computes", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(2, 0)), answered()}, nil, nil, false, -1, false},
		{"somebody is silent", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(2, 0)), silent}, nil, nil, false, -1, false},
		{"knot beside a computing rank", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(0, 0)), silent}, []int{0, 1}, []int{0, 1}, true, -1, false},
		{"any source hopes for the computing rank", []rankView{answered(recvFrom(bootstrap.AnySource, 0)), answered(recvFrom(0, 0)), silent}, nil, nil, false, -1, false},
		{"any source in a knot", []rankView{answered(recvFrom(bootstrap.AnySource, 0)), answered(recvFrom(0, 0)), answered(recvFrom(1, 0))}, []int{0, 1, 2}, []int{0, 1}, true, -1, true},
		{"waits for one that has finished", []rankView{answered(recvFrom(1, 0)), finished}, []int{0}, []int{0}, false, 1, true},
		{"waits through another", []rankView{answered(recvFrom(2, 0)), finished, answered(recvFrom(1, 0))}, []int{0, 2}, []int{0, 2}, false, 1, true},
		{"any source, all finished", []rankView{finished, answered(recvFrom(bootstrap.AnySource, 0)), finished}, []int{1}, []int{1}, false, 0, true},
		{"two goroutines, one can go on", []rankView{answered(recvFrom(1, 0), recvFrom(2, 0)), answered(recvFrom(0, 0)), answered()}, nil, nil, false, -1, false},
		{"waits for itself, and one for it", []rankView{answered(recvFrom(0, 0)), answered(recvFrom(0, 0))}, []int{0, 1}, []int{0}, true, -1, true},
		{"waits for itself beside one that computes", []rankView{answered(), answered(recvFrom(1, 0))}, []int{1}, []int{1}, true, -1, false},
		{"waits for itself, and its other goroutine for one that computes", []rankView{answered(), answered(recvFrom(1, 0), recvFrom(0, 0))}, nil, nil, false, -1, false},
		{"waits for itself, and its other goroutine for another", []rankView{answered(recvFrom(1, 0)), answered(recvFrom(1, 0), recvFrom(0, 0))}, []int{0, 1}, []int{0, 1}, true, -1, true},
		{"a message to itself on its way", []rankView{answered(recvFrom(0, 4), posted(sendTo(0, 4)))}, nil, nil, false, -1, true},
		{"sends to itself", []rankView{answered(sendTo(0, 4))}, []int{0}, []int{0}, true, -1, true},
		{"barrier", []rankView{answered(barrier("world")), answered(recvFrom(0, 0))}, []int{0, 1}, []int{0, 1}, true, -1, true},
		{"barrier needs all, one computes", []rankView{answered(barrier("world")), answered(recvFrom(0, 0)), answered()}, []int{0, 1}, []int{0, 1}, true, -1, false},
		{"barrier of some others", []rankView{answered(barrier("row")), answered(recvFrom(0, 0)), answered()}, nil, nil, false, -1, false},
		{"all in the barrier: about to go on", []rankView{answered(barrier("world")), answered(barrier("world"))}, nil, nil, false, -1, true},
		{"barrier without one that has finished", []rankView{answered(barrier("world")), answered(barrier("world")), finished}, []int{0, 1}, []int{0}, false, 2, true},
		{"both ways at once", []rankView{answered(bootstrap.Pending{Op: "Sendrecv", Peer: 1, Blocking: true}), answered(bootstrap.Pending{Op: "Sendrecv", Peer: 0, Blocking: true})}, nil, nil, false, -1, true},
		{"a buffer moves", []rankView{answered(bootstrap.Pending{Op: "Move", Peer: 1, Blocking: true}), answered(bootstrap.Pending{Op: "RecvMove", Peer: 0, Blocking: true})}, nil, nil, false, -1, true},
		{"alone", []rankView{answered(recvFrom(bootstrap.AnySource, 0))}, []int{0}, []int{0}, true, -1, true},
		{"all finished", []rankView{finished, finished}, nil, nil, false, -1, false},
	} {
		w := findWaits(c.views)
		if !slices.Equal(w.stuck, c.stuck) || !slices.Equal(w.chain, c.chain) || w.closed != c.closed || w.end != c.end || w.allWait != c.allWait {
			t.Errorf("%s: got %+v", c.name, w)
		}
	}
}

// A set of ranks is stuck if all of them wait, none has a message on its way, and
// every waiting operation points into the set or to ranks that are gone. The oracle
// tries all sets.
func stuckOracle(views []rankView) []int {
	n := len(views)
	is := make([]bool, n)
	for set := 1; set < 1<<n; set++ {
		good := true
		for r := 0; r < n && good; r++ {
			if set>>r&1 == 0 {
				continue
			}
			v := views[r]
			good = v.state == rankAnswered && v.waits()
			for _, p := range v.pending {
				if !p.Blocking {
					continue
				}
				good = good && !matched(views, r, p)
				all := true // of those who are missing in a barrier, somebody can't come
				for q := range n {
					all = all && (set>>q&1 == 0 && views[q].state != rankFinished && views[q].state != rankLost || arrived(views[q]))
				}
				if worldBarrier(p) {
					good = good && !all
					continue
				}
				for q := range n {
					in := set>>q&1 == 1 || views[q].state == rankFinished || views[q].state == rankLost
					if (p.Peer < 0 || p.Peer == q) && !in {
						good = false
					}
				}
			}
		}
		for r := range n {
			is[r] = is[r] || good && set>>r&1 == 1
		}
	}
	var list []int
	for r := range n {
		if is[r] {
			list = append(list, r)
		}
	}
	return list
}

func TestFindWaitsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "ranks")
		views := make([]rankView, n)
		for r := range views {
			views[r].state = rapid.SampledFrom([]viewState{rankAnswered, rankAnswered, rankAnswered, rankAnswered, rankSilent, rankNotJoined, rankFinished, rankLost}).Draw(t, "state")
			if views[r].state != rankAnswered {
				continue
			}
			for range rapid.IntRange(0, 2).Draw(t, "operations") {
				p := bootstrap.Pending{
					Op:       rapid.SampledFrom([]string{"Send", "Recv", "Recv", "Probe", "Barrier"}).Draw(t, "op"),
					Peer:     rapid.IntRange(-1, n-1).Draw(t, "peer"),
					Tag:      rapid.IntRange(0, 1).Draw(t, "tag"),
					Comm:     "world",
					Blocking: rapid.IntRange(0, 4).Draw(t, "blocking") > 0,
				}
				views[r].pending = append(views[r].pending, p)
			}
		}
		w := findWaits(views)
		if want := stuckOracle(views); !slices.Equal(w.stuck, want) {
			t.Fatalf("stuck %v, want %v in %+v", w.stuck, want, views)
		}
		if (len(w.chain) > 0) != (len(w.stuck) > 0) {
			t.Fatalf("stuck %v, chain %v", w.stuck, w.chain)
		}
		for i, r := range w.chain {
			next := w.end
			if i+1 < len(w.chain) {
				next = w.chain[i+1]
			} else if w.closed {
				next = w.chain[0]
			}
			points := false
			for _, p := range views[r].pending {
				points = points || p.Blocking && next >= 0 && (p.Peer == next || p.Peer < 0 && (next != r || n == 1))
			}
			if !points || !slices.Contains(w.stuck, r) {
				t.Fatalf("chain %v (closed %v, end %d): rank %d doesn't wait for rank %d", w.chain, w.closed, w.end, r, next)
			}
		}
		if !w.closed && w.end >= 0 {
			if s := views[w.end].state; s != rankFinished && s != rankLost {
				t.Fatalf("chain ends at rank %d, which isn't gone", w.end)
			}
		}
		reportText("test:", views, w)
	})
}

func TestReportText(t *testing.T) {
	a := recvFrom(1, 5)
	a.SinceMS = 2100
	b := recvFrom(0, 6)
	b.SinceMS = 1500
	b.Where = "ring.go:44 main.back"
	c := posted(recvFrom(bootstrap.AnySource, bootstrap.AnyTag))
	c.Where = ""
	c.Bytes = 1
	views := []rankView{answered(c, a), answered(b), {state: rankNotJoined}, {state: rankFinished}, {state: rankFinished}, {state: rankFinished}, answered()}
	want := `golaunch: SIGQUIT: pending operations:
  rank 0:
    Recv from rank 1, tag 5, 8 bytes, world, waiting for 2.1s at ring.go:31 main.step
    Recv from any rank, any tag, 1 byte, world, posted
  rank 1: Recv from rank 0, tag 6, 8 bytes, world, waiting for 1.5s at ring.go:44 main.back
  rank 2: no answer (has not called Init, or never will)
  ranks 3-5: finished
  rank 6: nothing pending (computing)
golaunch: where operations were posted is shown when the job runs with GOLAUNCH_TRACE=calls in its environment
golaunch: deadlock: rank 0 waits for rank 1 (Recv, tag 5, at ring.go:31 main.step), rank 1 waits for rank 0 (Recv, tag 6, at ring.go:44 main.back)
`
	if got := reportText("SIGQUIT: pending operations:", views, findWaits(views)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	views = []rankView{{state: rankFinished}, answered(recvFrom(0, 3)), answered(recvFrom(1, 3)), {state: rankLost}}
	want = "golaunch: waiting in vain: rank 1 waits for rank 0, which has finished (Recv, tag 3, at ring.go:31 main.step)\n" +
		"golaunch: rank 2 waits for them or like them\n"
	if got := findWaits(views).text(views); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	views = []rankView{answered(barrier("world")), answered(barrier("world")), {state: rankFinished}}
	want = `golaunch: x
  ranks 0-1: Barrier, world, waiting at ring.go:50 main.sync
  rank 2: finished
golaunch: waiting in vain: rank 0 waits for rank 2, which has finished (Barrier, at ring.go:50 main.sync)
golaunch: rank 1 waits for them or like them
`
	if got := reportText("x", views, findWaits(views)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	views = []rankView{answered(recvFrom(0, 3))}
	want = "golaunch: deadlock: rank 0 waits for itself (Recv, tag 3, at ring.go:31 main.step), unless another of its goroutines is about to help\n"
	if got := findWaits(views).text(views); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	views = []rankView{answered(recvFrom(bootstrap.AnySource, 3))}
	want = "golaunch: deadlock: rank 0 waits for any rank, and is the only one (Recv, tag 3, at ring.go:31 main.step), unless another of its goroutines is about to help\n"
	if got := findWaits(views).text(views); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	views = []rankView{answered(recvFrom(bootstrap.AnySource, 3)), {state: rankLost}}
	want = "golaunch: waiting in vain: rank 0 waits for any rank, and all others have finished or failed (Recv, tag 3, at ring.go:31 main.step)\n"
	if got := findWaits(views).text(views); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// With GOLAUNCH_TRACE=calls it is known where operations were begun.
func TestReportTextTraced(t *testing.T) {
	blocks, waits, hangs := recvFrom(1, 5), recvFrom(1, 6), posted(recvFrom(1, 7))
	blocks.Begun = blocks.Where
	waits.Begun, hangs.Begun, hangs.Where = "ring.go:28 main.post", "ring.go:29 main.post", ""
	want := `golaunch: x
  rank 0:
    Recv from rank 1, tag 5, 8 bytes, world, waiting at ring.go:31 main.step
    Recv from rank 1, tag 6, 8 bytes, world, waiting at ring.go:31 main.step, posted at ring.go:28 main.post
    Recv from rank 1, tag 7, 8 bytes, world, posted at ring.go:29 main.post
  rank 1: nothing pending (computing)
`
	views := []rankView{answered(hangs, blocks, waits), answered()}
	if got := reportText("x", views, findWaits(views)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A report of a thousand operations stays readable.
func TestReportIsShort(t *testing.T) {
	var many []bootstrap.Pending
	for i := range 1000 {
		many = append(many, recvFrom(1, i))
	}
	views := make([]rankView, 300)
	for i := range views {
		views[i] = answered(recvFrom(0, 1))
	}
	views[0] = answered(many...)
	got := reportText("x", views, findWaits(views))
	if n := strings.Count(got, "\n"); n > maxShown+10 || !strings.Contains(got, "and 980 more") || !strings.Contains(got, "ranks 1-299:") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestSignature(t *testing.T) {
	later := recvFrom(1, 5)
	later.SinceMS = 99999
	a := []rankView{answered(recvFrom(1, 5)), {state: rankFinished}}
	b := []rankView{answered(later), {state: rankFinished}}
	c := []rankView{answered(recvFrom(1, 6)), {state: rankFinished}}
	d := []rankView{answered(recvFrom(1, 5)), {state: rankLost}}
	if signature(a) != signature(b) {
		t.Error("time makes it another stall")
	}
	if signature(a) == signature(c) || signature(a) == signature(d) {
		t.Error("different stalls look the same")
	}
}
