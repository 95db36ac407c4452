//go:build unix

package launcher

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
)

// world is a job under test and everything it did.
type world struct {
	t       *testing.T
	j       *job
	did     []any
	faults  bool
	aborted func() (int, int, bool)
	clock   time.Time
}

func newWorld(t *testing.T, n int, change ...func(*jobConfig)) *world {
	w := &world{t: t}
	c := jobConfig{host: "here", segment: 1, grace: 2 * time.Second,
		now:    func() time.Time { return w.clock },
		faults: func() bool { return w.faults },
		aborted: func() (int, int, bool) {
			if w.aborted == nil {
				return 0, 0, false
			}
			return w.aborted()
		}}
	for range n {
		c.programs = append(c.programs, "prog")
	}
	for _, f := range change {
		f(&c)
	}
	w.j = newJob(c)
	w.did = append(w.did, w.j.begin()...)
	for r := range n {
		w.step(evStarted{r, pidOf(r)})
	}
	return w
}

func pidOf(rank int) int { return 100 + rank }

// step hands events to the job and returns what it did about them.
func (w *world) step(evs ...any) []any {
	var did []any
	for _, ev := range evs {
		did = append(did, w.j.step(ev)...)
	}
	w.did = append(w.did, did...)
	return did
}

func hello(rank int) any {
	return evMessage{rank, bootstrap.Message{Op: bootstrap.OpHello, Rank: rank, PID: pidOf(rank), Segment: 1}}
}
func finalize(rank int) any {
	return evMessage{rank, bootstrap.Message{Op: bootstrap.OpFinalize, Rank: rank}}
}
func abort(rank, code int, why string) any {
	return evMessage{rank, bootstrap.Message{Op: bootstrap.OpAbort, Rank: rank, Code: code, Why: why}}
}
func exits(rank, code int) any { return evExited{rank, exitStatus{code: code}} }
func dies(rank int, sig syscall.Signal, name string) any {
	return evExited{rank, exitStatus{128 + int(sig), name}}
}
func interrupt(sig syscall.Signal, name string) any { return evSignal{signalEnd, sig, name} }

// finish returns how the job has finished, and fails the test if it hasn't.
func (w *world) finish() actFinish {
	w.t.Helper()
	for _, a := range w.did {
		if f, ok := a.(actFinish); ok {
			return f
		}
	}
	w.t.Fatalf("not finished; did %v", w.did)
	return actFinish{}
}

func (w *world) expect(code int, text ...string) {
	w.t.Helper()
	f := w.finish()
	if f.code != code {
		w.t.Errorf("exit code %d, want %d", f.code, code)
	}
	if len(text) == 0 && code == 0 && f.text != "" {
		w.t.Errorf("says %q, want nothing", f.text)
	}
	for _, s := range text {
		if !strings.Contains(f.text, s) {
			w.t.Errorf("says %q, want %q in it", f.text, s)
		}
	}
}

// has reports whether an action is among those.
func has(did []any, a any) bool { return slices.Contains(did, a) }

func printed(did []any) string {
	var b strings.Builder
	for _, a := range did {
		if p, ok := a.(actPrint); ok {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

func TestJobAllWell(t *testing.T) {
	w := newWorld(t, 2)
	did := w.step(hello(0), hello(1), finalize(0), exits(0, 0), finalize(1), exits(1, 0), evAllGone{})
	w.expect(0)
	for _, a := range did {
		switch a.(type) {
		case actFinish, actTimer:
		default:
			t.Errorf("did %#v", a)
		}
	}
	if w.step(exits(1, 3), interrupt(syscall.SIGINT, "SIGINT")) != nil {
		t.Error("something is done after the finish")
	}
}

// Programs that know nothing of MPI run without a word.
func TestJobWithoutInit(t *testing.T) {
	w := newWorld(t, 3)
	w.step(exits(2, 0), exits(0, 0), exits(1, 0), evAllGone{})
	w.expect(0)
}

func TestJobExitCode(t *testing.T) {
	w := newWorld(t, 4)
	did := w.step(exits(2, 3))
	if !has(did, actSignal{allRanks, 2, syscall.SIGTERM}) || !has(did, actAbort{2, 3}) || !has(did, actTimer{kind: timerGrace, after: 2 * time.Second}) {
		t.Errorf("did %v", did)
	}
	w.step(dies(0, syscall.SIGTERM, "SIGTERM"), exits(1, 7), exits(3, 0), evAllGone{})
	w.expect(3, "rank 2 (prog, process 102 on here) ended with exit code 3; the other 3 ranks were ended", "no rank ever called Init")
	if strings.Contains(w.finish().text, "killed") {
		t.Errorf("says %q, nobody had to be killed", w.finish().text)
	}
}

func TestJobSignalDeath(t *testing.T) {
	w := newWorld(t, 2)
	w.step(hello(0), hello(1), dies(1, syscall.SIGSEGV, "SIGSEGV"))
	did := w.step(evTimer{kind: timerGrace})
	if !has(did, actKill{}) {
		t.Errorf("did %v after the grace time", did)
	}
	w.step(dies(0, syscall.SIGKILL, "SIGKILL"), evAllGone{})
	w.expect(139, "rank 1 (prog, process 101 on here) was killed by SIGSEGV; the other rank was ended (1 had to be killed)")
}

func TestJobAbort(t *testing.T) {
	w := newWorld(t, 3)
	did := w.step(hello(0), hello(1), hello(2), abort(1, 9, "no data\n"))
	if !has(did, actAbort{1, 9}) || !has(did, actSignal{allRanks, 1, syscall.SIGTERM}) {
		t.Errorf("did %v", did)
	}
	w.step(abort(2, 4, "me too"), exits(1, 9), exits(0, 1), exits(2, 4), evAllGone{})
	w.expect(9, "rank 1 (prog, process 101 on here) aborted with code 9: no data; the other 2 ranks were ended\n")

	w = newWorld(t, 1)
	w.step(hello(0), abort(0, 0, ""), exits(0, 0), evAllGone{})
	w.expect(1, "aborted with code 0: no reason given\n")

	// Init itself may fail: the rank has called it.
	w = newWorld(t, 2)
	w.step(abort(0, 1, "wrong version"), exits(0, 1), exits(1, 1), evAllGone{})
	w.expect(1, "aborted with code 1: wrong version; the other rank was ended\n")
	if f := w.finish(); strings.Contains(f.text, "Init") {
		t.Errorf("says %q", f.text)
	}
}

// A job whose abort word was overwritten ends, with a sentence that blames no rank for it.
func TestJobAbortWordNonsense(t *testing.T) {
	w := newWorld(t, 2)
	w.aborted = func() (int, int, bool) { return segment.Nobody, 0, true }
	w.step(hello(0), hello(1), exits(1, 1), exits(0, 1), evAllGone{})
	w.expect(1, "rank 1 (prog, process 101 on here) ended with exit code 1 (the word in the ranks' shared memory that says who has aborted the job holds nonsense)")
}

// The others notice an abort in the shared memory, and may be gone before golaunch has
// read the message of the rank that is to blame.
func TestJobAbortSeenInSegmentFirst(t *testing.T) {
	for _, withMessage := range []bool{true, false} {
		w := newWorld(t, 3)
		w.faults = true // an abort ends such a job as well
		w.step(hello(0), hello(1), hello(2))
		w.aborted = func() (int, int, bool) { return 2, 7, true }
		w.step(exits(0, 1))
		want := "rank 2 (prog, process 102 on here) aborted with code 7; "
		if withMessage {
			w.step(abort(2, 7, "bad input"))
			want = "rank 2 (prog, process 102 on here) aborted with code 7: bad input; "
		}
		w.step(exits(2, 7), exits(1, 1), evAllGone{})
		w.expect(7, want)
	}
}

func TestJobLeftWithoutFinalize(t *testing.T) {
	w := newWorld(t, 2)
	w.step(hello(0), hello(1), exits(0, 0), dies(1, syscall.SIGTERM, "SIGTERM"), evAllGone{})
	w.expect(1, "rank 0 (prog, process 100 on here) left without Finalize")

	w = newWorld(t, 2) // the last one harms nobody
	w.step(hello(0), hello(1), finalize(0), exits(0, 0), exits(1, 0), evAllGone{})
	w.expect(0)
}

func TestJobNeverInit(t *testing.T) {
	w := newWorld(t, 3)
	if out := printed(w.step(exits(1, 0))); out != "" {
		t.Errorf("said %q too early", out)
	}
	out := printed(w.step(hello(0)))
	if !strings.Contains(out, "rank 1 (prog, process 101 on here) ended without ever calling Init") {
		t.Errorf("said %q", out)
	}
	if out := printed(w.step(hello(2), finalize(0), finalize(2))); out != "" {
		t.Errorf("said %q again", out)
	}
	w.step(exits(0, 0), exits(2, 0), evAllGone{})
	w.expect(0)

	w = newWorld(t, 3, func(c *jobConfig) { c.verbose = true })
	w.step(exits(0, 0), exits(1, 0), exits(2, 0), evAllGone{})
	w.expect(0, "no rank ever called Init")

	w = newWorld(t, 3)
	w.step(hello(1), exits(1, 3), exits(0, 1), exits(2, 1), evAllGone{})
	w.expect(3)
	if strings.Contains(w.finish().text, "Init") {
		t.Errorf("says %q: the others had no time for Init", w.finish().text)
	}
	w = newWorld(t, 3)
	w.step(hello(1), exits(0, 3), exits(1, 1), exits(2, 1), evAllGone{})
	w.expect(3, "golaunch: rank 0 never called Init")
}

func TestJobFaults(t *testing.T) {
	w := newWorld(t, 3)
	w.faults = true
	did := w.step(hello(0), hello(1), hello(2), dies(1, syscall.SIGKILL, "SIGKILL"))
	if !has(did, actMarkDead{1}) || has(did, actAbort{1, 137}) || !strings.Contains(printed(did), "rank 1 (prog, process 101 on here) was killed by SIGKILL; the job goes on without it") {
		t.Errorf("did %v", did)
	}
	w.step(finalize(0), finalize(2), exits(0, 0), exits(2, 0), evAllGone{})
	w.expect(0, "golaunch: lost rank 1 of 3 on the way")

	w = newWorld(t, 2)
	w.faults = true
	w.step(hello(0), hello(1), exits(1, 5), exits(0, 6), evAllGone{})
	w.expect(5, "lost ranks 0")
}

func TestJobNotStarted(t *testing.T) {
	w := &world{t: t, j: newJob(jobConfig{programs: []string{"a", "b", "b"}, host: "here"})}
	w.step(evStarted{0, 100})
	did := w.step(evNotStarted{1, 127, "b was not found"})
	if !has(did, actKill{}) {
		t.Errorf("did %v", did)
	}
	w.step(dies(0, syscall.SIGKILL, "SIGKILL"), evAllGone{})
	w.expect(127, "rank 1 (b on here) could not be started: b was not found; the other rank was ended")
	if strings.Contains(w.finish().text, "Init") {
		t.Errorf("says %q", w.finish().text)
	}

	w = &world{t: t, j: newJob(jobConfig{programs: []string{"b"}, host: "here"})}
	w.step(evNotStarted{0, 126, "no"}, evAllGone{})
	w.expect(126, "rank 0 (b on here) could not be started: no\n")
}

func TestJobInterrupt(t *testing.T) {
	w := newWorld(t, 2)
	did := w.step(hello(0), hello(1), interrupt(syscall.SIGINT, "SIGINT"))
	if !has(did, actSignal{allRanks, noRank, syscall.SIGINT}) || has(did, actAbort{-1, 130}) {
		t.Errorf("did %v", did)
	}
	w.step(dies(0, syscall.SIGINT, "SIGINT"), exits(1, 3), evAllGone{})
	w.expect(130, "got SIGINT; 2 ranks were told to end\n")

	w = newWorld(t, 2) // they ended in order
	w.step(interrupt(syscall.SIGTERM, "SIGTERM"), exits(0, 0), exits(1, 0), evAllGone{})
	w.expect(0, "got SIGTERM")

	w = newWorld(t, 2) // a second one kills
	w.step(interrupt(syscall.SIGTERM, "SIGTERM"))
	if did := w.step(interrupt(syscall.SIGINT, "SIGINT")); !has(did, actKill{}) {
		t.Errorf("did %v", did)
	}
	w.step(dies(0, syscall.SIGKILL, "SIGKILL"), dies(1, syscall.SIGKILL, "SIGKILL"), evAllGone{})
	w.expect(143, "got SIGTERM; 2 ranks were told to end (2 had to be killed)")
}

func TestJobSignals(t *testing.T) {
	w := newWorld(t, 2)
	if did := w.step(evSignal{signalPass, syscall.SIGUSR1, "SIGUSR1"}); len(did) != 1 || did[0] != (actSignal{allRanks, noRank, syscall.SIGUSR1}) {
		t.Errorf("USR1: did %v", did)
	}
	if did := w.step(evSignal{class: signalStop}); len(did) != 1 || did[0] != (actStop{}) {
		t.Errorf("TSTP: did %v", did)
	}
	if did := w.step(evSignal{class: signalCont}); len(did) != 1 || did[0] != (actCont{}) {
		t.Errorf("CONT: did %v", did)
	}
}

// What ranks leave behind gets the grace time, then it is killed.
func TestJobStrays(t *testing.T) {
	w := newWorld(t, 1)
	did := w.step(exits(0, 0))
	if !has(did, actTimer{kind: timerGrace, after: 2 * time.Second}) || has(did, actKill{}) {
		t.Errorf("did %v", did)
	}
	if did := w.step(evTimer{kind: timerGrace}); !has(did, actKill{}) {
		t.Errorf("did %v", did)
	}
	w.step(evAllGone{strays: 2})
	w.expect(0, "killed 2 processes that the ranks had left behind")

	w = newWorld(t, 1) // the user doesn't want to wait
	if did := w.step(exits(0, 0), interrupt(syscall.SIGINT, "SIGINT")); !has(did, actKill{}) {
		t.Errorf("did %v", did)
	}
}

func TestJobCannotKill(t *testing.T) {
	w := newWorld(t, 2)
	w.step(exits(0, 1), evTimer{kind: timerGrace}, evTimer{kind: timerStuck})
	w.expect(1, "could not be killed")
}

func helloAs(rank, pid int) any {
	return evMessage{rank, bootstrap.Message{Op: bootstrap.OpHello, Rank: rank, PID: pid, Segment: 1}}
}

func TestJobWrapper(t *testing.T) {
	// The wrapper waits for its program.
	w := newWorld(t, 2)
	if did := w.step(helloAs(0, 500)); !has(did, actWatch{0, 500}) {
		t.Errorf("did %v", did)
	}
	w.step(hello(1), finalize(0), evProgramGone{0}, exits(0, 0), finalize(1), exits(1, 0), evAllGone{})
	w.expect(0)

	// Hello comes before the news that the rank was started: a wrapper or not?
	w = &world{t: t, j: newJob(jobConfig{programs: []string{"a", "b"}, segment: 1})}
	if did := w.step(hello(0), helloAs(1, 500), evStarted{0, pidOf(0)}, evStarted{1, pidOf(1)}); len(did) != 1 || did[0] != (actWatch{1, 500}) {
		t.Errorf("did %v", did)
	}

	// The wrapper ends before its program does: the rank runs on.
	w = newWorld(t, 2)
	w.step(helloAs(0, 500), hello(1), exits(0, 0))
	if w.j.cause != nil || w.j.live(noRank) != 2 {
		t.Errorf("cause %v, %d live", w.j.cause, w.j.live(noRank))
	}
	w.step(finalize(1), exits(1, 0))
	if has(w.did, actTimer{kind: timerGrace, after: 2 * time.Second}) {
		t.Error("rank 0 is taken for a stray")
	}
	w.step(finalize(0), evProgramGone{0}, evAllGone{})
	w.expect(0)

	// The same, but the program dies.
	w = newWorld(t, 2)
	w.step(helloAs(0, 500), hello(1), exits(0, 0), evProgramGone{0}, exits(1, 1), evAllGone{})
	w.expect(1, "rank 0 (prog, process 100 on here) left without Finalize")

	// The program dies below a wrapper that goes on.
	w = newWorld(t, 2)
	if did := w.step(helloAs(0, 500), hello(1), evProgramGone{0}); !has(did, actTimer{timerWrapper, 0, wrapperWait}) {
		t.Errorf("did %v", did)
	}
	w.step(evTimer{timerWrapper, 0})
	w.step(exits(1, 1), dies(0, syscall.SIGTERM, "SIGTERM"), evAllGone{})
	w.expect(1, "rank 0 (prog, process 100 on here) lost its program (process 500")

	// The program dies, and the wrapper says how.
	w = newWorld(t, 2)
	w.step(helloAs(0, 500), hello(1), evProgramGone{0}, exits(0, 137), evTimer{timerWrapper, 0}, exits(1, 1), evAllGone{})
	w.expect(137, "ended with exit code 137 (its program, process 500, was probably killed by signal 9)")

	w = newWorld(t, 2)
	w.step(helloAs(0, 500), helloAs(0, 501), exits(0, 0), exits(1, 0), evAllGone{})
	w.expect(1, "called Init twice (processes 500 and 501)")
}

func TestJobSegmentVersion(t *testing.T) {
	w := newWorld(t, 1)
	w.step(evMessage{0, bootstrap.Message{Op: bootstrap.OpHello, PID: 100, Segment: 8}}, exits(0, 1), evAllGone{})
	w.expect(1, "was built with version 8 of the shared segment, this golaunch has version 1")
}

func TestJobNonsense(t *testing.T) {
	w := newWorld(t, 2)
	out := printed(w.step(evBadLine{1, errors.New("huh")}, evBadLine{1, errors.New("huh")}))
	if strings.Count(out, "rank 1 wrote something to descriptor 4") != 1 {
		t.Errorf("said %q", out)
	}
	if out := printed(w.step(finalize(1), evMessage{1, bootstrap.Message{Op: bootstrap.OpFinalize, Rank: 0}})); !strings.Contains(out, "rank 1 says that it is rank 0") || w.j.ranks[0].finalized {
		t.Errorf("said %q", out)
	}
}

func TestJobKeeperLost(t *testing.T) {
	w := newWorld(t, 2)
	w.step(evKeeperLost{how: "was killed by SIGKILL", code: 137, clean: true})
	w.expect(137, "golaunch's keeper process was killed by SIGKILL; 2 ranks were ended")
}

func TestJobOutputLost(t *testing.T) {
	w := newWorld(t, 2)
	if did := w.step(evOutputLost{errors.New("broken pipe")}); !has(did, actSignal{allRanks, noRank, syscall.SIGTERM}) {
		t.Errorf("did %v", did)
	}
	w.step(exits(0, 1), exits(1, 1), evAllGone{})
	w.expect(141, "can't write the ranks' output: broken pipe")
}

func TestCount(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(1, "rank"), "1 rank"}, {count(0, "rank"), "0 ranks"}, {count(2, "process"), "2 processes"},
		{countWere(1, "rank"), "1 rank was"}, {countWere(2, "rank"), "2 ranks were"},
		{rankList([]int{4}), "rank 4"}, {rankList([]int{0, 1, 2, 5}), "ranks 0-2,5"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
