//go:build unix

package launcher

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

func report(rank, id int, p ...bootstrap.Pending) any {
	return evMessage{rank, bootstrap.Message{Op: bootstrap.OpReport, Rank: rank, ID: id, Pending: p}}
}

func TestJobQuit(t *testing.T) {
	w := newWorld(t, 3)
	w.step(hello(0), hello(1))
	did := w.step(evSignal{class: signalReport})
	if !has(did, actDump{0, 1}) || !has(did, actDump{1, 1}) || has(did, actDump{2, 1}) || !has(did, actTimer{timerDump, 1, dumpWait}) {
		t.Errorf("did %v", did)
	}
	if did := w.step(report(0, 77, recvFrom(2, 5))); len(did) > 0 {
		t.Errorf("an answer to another question: did %v", did)
	}
	w.step(report(0, 1, recvFrom(1, 5)))
	out := printed(w.step(report(1, 1, recvFrom(0, 5))))
	if !strings.Contains(out, "deadlock: rank 0 waits for rank 1") || !strings.Contains(out, "rank 2: no answer (has not called Init") {
		t.Errorf("said %q", out)
	}
	if out := printed(w.step(evTimer{timerDump, 1})); out != "" {
		t.Errorf("said %q again", out)
	}

	w.step(evSignal{class: signalReport}) // now rank 0 doesn't answer
	w.step(report(1, 2))
	out = printed(w.step(evTimer{timerDump, 2}))
	if !strings.Contains(out, "rank 0: no answer within 1s (computing, or stopped)") || !strings.Contains(out, "rank 1: nothing pending (computing)") {
		t.Errorf("said %q", out)
	}

	w.step(evSignal{class: signalReport}) // rank 0 ends instead of answering
	w.step(report(1, 3), finalize(0))
	if w.j.dump != nil {
		t.Error("still waits for rank 0")
	}
	if out := printed(w.did[len(w.did)-1:]); !strings.Contains(out, "rank 0: finished") {
		t.Errorf("said %q", out)
	}
}

func TestJobStalled(t *testing.T) {
	stalled := func(rank int) any { return evMessage{rank, bootstrap.Message{Op: bootstrap.OpStalled, Rank: rank}} }
	w := newWorld(t, 2)
	w.step(hello(0), hello(1), stalled(0), stalled(1), report(0, 1, recvFrom(1, 5)))
	if out := printed(w.step(report(1, 1, recvFrom(0, 5)))); !strings.Contains(out, "every rank waits") || !strings.Contains(out, "deadlock") {
		t.Errorf("said %q", out)
	}
	// The same stall again: not a word.
	if out := printed(w.step(stalled(1), report(0, 2, recvFrom(1, 5)), report(1, 2, recvFrom(0, 5)))); out != "" {
		t.Errorf("said %q", out)
	}
	// It was none: rank 1 has something to do.
	if out := printed(w.step(stalled(1), report(0, 3, recvFrom(1, 5)), report(1, 3))); out != "" {
		t.Errorf("said %q", out)
	}
	// Another one, in which some goroutine may still send.
	if out := printed(w.step(stalled(1), report(0, 4, sendTo(1, 6)), report(1, 4, recvFrom(0, 6)))); !strings.Contains(out, "only a warning") {
		t.Errorf("said %q", out)
	}
	w.step(finalize(0), finalize(1), exits(0, 0), exits(1, 0), evAllGone{})
	w.expect(0)
}

func TestJobTimeout(t *testing.T) {
	w := newWorld(t, 2, func(c *jobConfig) { c.timeout = 90 * time.Second })
	if !has(w.did, actTimer{kind: timerJob, after: 90 * time.Second}) {
		t.Fatalf("did %v", w.did)
	}
	w.step(hello(0), evSignal{class: signalReport}) // under way when the timeout comes
	did := w.step(evTimer{kind: timerJob})
	if len(did) > 0 {
		t.Errorf("did %v before the reports", did)
	}
	did = w.step(report(0, 1, recvFrom(1, 5)))
	if !strings.Contains(printed(did), "timeout: pending operations") || !has(did, actSignal{allRanks, noRank, syscall.SIGTERM}) || !has(did, actAbort{-1, 124}) {
		t.Errorf("did %v", did)
	}
	w.step(exits(0, 1), exits(1, 0), evAllGone{})
	w.expect(124, "did not end within 1m30s (-timeout); 2 ranks were ended", "rank 1 never called Init")

	w = newWorld(t, 1, func(c *jobConfig) { c.timeout = time.Second })
	w.step(exits(0, 0), evTimer{kind: timerJob}, evAllGone{})
	w.expect(0)
}

// What was reported when every rank was seen waiting is not printed again by the timeout, unless something has moved.
func TestJobTimeoutAfterStall(t *testing.T) {
	stalled := evMessage{0, bootstrap.Message{Op: bootstrap.OpStalled, Rank: 0}}
	for name, c := range map[string]struct {
		later bootstrap.Pending // of rank 1
		want  string
		not   string
	}{
		"as before": {recvFrom(0, 5), "golaunch: timeout: every rank waits as reported above, 7s ago\n", "Recv"},
		"moved on":  {recvFrom(0, 6), "golaunch: timeout: pending operations:\n  rank 0: Recv from rank 1, tag 5", "above"},
	} {
		w := newWorld(t, 2, func(c *jobConfig) { c.timeout = 9 * time.Second })
		w.step(hello(0), hello(1), stalled, report(0, 1, recvFrom(1, 5)), report(1, 1, recvFrom(0, 5)))
		w.clock = w.clock.Add(7*time.Second + 100*time.Millisecond)
		w.step(evTimer{kind: timerJob}, report(0, 2, recvFrom(1, 5)))
		if got := printed(w.step(report(1, 2, c.later))); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s: said %q, want %q without %q", name, got, c.want, c.not)
		}
		w.step(exits(0, 1), exits(1, 1), evAllGone{})
		w.expect(124, "did not end within 9s")
	}
}
