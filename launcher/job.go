package launcher

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
)

// Times that are not the user's to choose.
const (
	dumpWait    = time.Second     // for the answers to a dump
	wrapperWait = time.Second     // for a wrapper's status after its program has ended
	stuckWait   = 5 * time.Second // for killed processes to be gone
)

// Exit codes of golaunch's own.
const (
	codeError   = 1   // golaunch itself could not do it
	codeUsage   = 2   // the command line makes no sense
	codeTimeout = 124 // as timeout(1)
	codeNoExec  = 126 // as the shell: found, but can't be executed
	codeNoFile  = 127 // as the shell: not found
)

// jobConfig is what a job knows from the start.
type jobConfig struct {
	programs []string // what each rank runs, for messages
	host     string
	segment  int // segment version of golaunch
	grace    time.Duration
	timeout  time.Duration // 0: none
	verbose  bool

	// What the ranks wrote into their shared segment; nil where there is none. faults
	// reports whether the program asked to survive the loss of a rank, aborted which rank
	// ended the whole job (-1: golaunch did), with which code.
	faults  func() bool
	aborted func() (rank, code int, yes bool)

	shorten func(where string) string // makes a place in the code readable; may be nil
	now     func() time.Time
}

// job is the supervisor of one job: a pure state machine. step takes what happened
// and returns what to do; it has no process, clock or file of its own.
//
// A job goes through running, ending and killing to its finish:
//
//	running   until every rank is over, or something ends the job: a failure, a signal, the timeout
//	ending    the ranks were told (abort word, TERM or the user's signal) and have the grace time
//	killing   every process of the job is killed until the keeper says that none is left
//
// A job whose ranks are all over, but which left processes behind, is in ending too:
// they have the grace time to end by themselves.
type job struct {
	jobConfig
	ranks []rankState
	phase phase
	cause *cause // why it ended, nil while nothing is wrong
	gone  bool   // no process is left
	over  bool   // actFinish was returned

	lost     []int // ranks that a job with faults goes on without, in order of loss
	lostCode int   // code of the first
	strays   int   // processes killed beside the ranks
	killed   int   // ranks still running when the killing began
	toldInit bool  // the note about ranks without Init was printed
	nextDump int
	dump     *dump
	stall    string // the last stall that was reported
	stallAt  time.Time

	out []any // actions of the step in progress
}

type phase int

const (
	running phase = iota
	ending
	killing
)

// rankState is what a job knows about one rank.
type rankState struct {
	pid         int  // its process, 0 before it was started
	never       bool // never was, and won't be
	hello       int  // the process that called Init, 0 before
	spoke       bool // it has sent a message: it called Init, even if that failed before hello
	finalized   bool
	exited      bool // its process has ended
	programGone bool // the process that called Init has ended, seen apart from a wrapper
	status      exitStatus
	failed      bool // it has failed: said once
	badLine     bool // it wrote nonsense to its control socket: said once
}

func newJob(c jobConfig) *job {
	return &job{jobConfig: c, ranks: make([]rankState, len(c.programs))}
}

func (j *job) do(a ...any) { j.out = append(j.out, a...) }

// begin returns what to do before the first event.
func (j *job) begin() []any {
	if j.timeout > 0 {
		return []any{actTimer{kind: timerJob, after: j.timeout}}
	}
	return nil
}

// step takes one event and returns what to do about it, in this order.
func (j *job) step(ev any) []any {
	j.out = nil
	if j.over {
		return nil
	}
	switch ev := ev.(type) {
	case evStarted:
		r := &j.ranks[ev.rank]
		r.pid = ev.pid
		if r.hello != 0 && r.hello != r.pid {
			j.do(actWatch{ev.rank, r.hello})
		}
		j.log("rank %d is process %d (%s)", ev.rank, ev.pid, j.programs[ev.rank])
	case evNotStarted:
		j.notStarted(ev)
	case evExited:
		j.exited(ev)
	case evProgramGone:
		j.programGone(ev.rank)
	case evMessage:
		j.message(ev.rank, ev.m)
	case evBadLine:
		if r := &j.ranks[ev.rank]; !r.badLine {
			r.badLine = true
			j.print("rank %d wrote something to descriptor %d that is no message to golaunch (%v)", ev.rank, bootstrap.ControlFD, ev.err)
		}
	case evSignal:
		j.signal(ev)
	case evTimer:
		j.timer(ev)
	case evAllGone:
		j.gone, j.strays = true, ev.strays
	case evKeeperLost:
		j.keeperLost(ev)
	case evOutputLost:
		if j.cause == nil {
			j.end(cause{kind: causeOutput, rank: noRank, code: 128 + int(syscall.SIGPIPE), how: ev.err.Error()}, syscall.SIGTERM)
		}
	}
	j.settle()
	return j.out
}

// print prints one sentence of golaunch's own.
func (j *job) print(format string, args ...any) {
	j.do(actPrint{"golaunch: " + fmt.Sprintf(format, args...) + "\n"})
}

// log prints a sentence that only -v wants.
func (j *job) log(format string, args ...any) {
	if j.verbose {
		j.print(format, args...)
	}
}

// name names a rank in a message: what it runs, where.
func (j *job) name(rank int) string {
	r := &j.ranks[rank]
	if r.pid == 0 {
		return fmt.Sprintf("rank %d (%s on %s)", rank, j.programs[rank], j.host)
	}
	return fmt.Sprintf("rank %d (%s, process %d on %s)", rank, j.programs[rank], r.pid, j.host)
}

// isOver reports whether nothing more is to be expected of a rank. A rank whose
// wrapper has gone runs on as long as the process that called Init does.
func (r *rankState) isOver() bool {
	return r.never || r.exited && (r.hello == 0 || r.hello == r.pid || r.finalized || r.programGone || r.failed)
}

// live counts the ranks that are not over, except one.
func (j *job) live(except int) int {
	n := 0
	for i := range j.ranks {
		if i != except && !j.ranks[i].isOver() {
			n++
		}
	}
	return n
}

func (j *job) notStarted(ev evNotStarted) {
	for i := ev.rank; i < len(j.ranks); i++ {
		j.ranks[i].never = true
	}
	if j.cause != nil {
		return
	}
	j.cause = &cause{kind: causeStart, rank: ev.rank, code: ev.code, how: "could not be started: " + ev.why, others: j.live(ev.rank)}
	j.do(actAbort{ev.rank, ev.code})
	j.kill()
}

func (j *job) exited(ev evExited) {
	r := &j.ranks[ev.rank]
	r.exited, r.status = true, ev.status
	switch {
	case ev.status.signal != "":
		j.log("rank %d was killed by %s", ev.rank, ev.status.signal)
	default:
		j.log("rank %d ended with exit code %d", ev.rank, ev.status.code)
	}
	j.judge(ev.rank)
	j.dumpWithout(ev.rank)
}

// judge decides whether the end of a rank was a failure.
func (j *job) judge(rank int) {
	r := &j.ranks[rank]
	switch {
	case r.failed || !r.exited:
	case r.status.signal != "":
		j.fail(rank, r.status.code, "was killed by "+r.status.signal)
	case r.status.code != 0:
		how := fmt.Sprintf("ended with exit code %d", r.status.code)
		if r.hello != 0 && r.hello != r.pid && r.status.code > 128 {
			how += fmt.Sprintf(" (its program, process %d, was probably killed by signal %d)", r.hello, r.status.code-128)
		}
		j.fail(rank, r.status.code, how)
	case r.hello != 0 && !r.finalized && r.isOver() && j.live(rank) > 0:
		j.fail(rank, codeError, "left without Finalize (with exit code 0) while other ranks were running")
	case r.hello == 0:
		j.tellInit()
	}
}

// fail is the failure of one rank: the end of the job, unless the program can do
// without the rank.
func (j *job) fail(rank, code int, how string) {
	r := &j.ranks[rank]
	if r.failed {
		return
	}
	r.failed = true
	by, byCode, aborted := -1, 0, false
	if j.aborted != nil {
		by, byCode, aborted = j.aborted()
	}
	if j.cause != nil {
		// Expected: the job is being ended. After a signal of the user's the ranks have
		// a say in the exit code.
		if j.cause.kind == causeSignal && j.cause.rank == noRank && j.phase == ending {
			j.cause.rank, j.cause.code = rank, code
		}
		return
	}
	if aborted && by >= 0 && by != rank && by < len(j.ranks) {
		// This rank ended because another had ended the job, and was faster than that
		// one's message.
		j.end(cause{kind: causeFailure, rank: by, code: exitCode(byCode), how: fmt.Sprintf("aborted with code %d", byCode), word: true}, syscall.SIGTERM)
		return
	}
	if j.faults != nil && j.faults() && !aborted {
		if len(j.lost) == 0 {
			j.lostCode = code
		}
		j.lost = append(j.lost, rank)
		j.do(actMarkDead{rank})
		j.print("%s %s; the job goes on without it", j.name(rank), how)
		return
	}
	if aborted && by == segment.Nobody {
		how += " (the word in the ranks' shared memory that says who has aborted the job holds nonsense)"
	}
	j.end(cause{kind: causeFailure, rank: rank, code: code, how: how}, syscall.SIGTERM)
}

// end begins the end of the job.
func (j *job) end(c cause, sig syscall.Signal) {
	c.others = j.live(c.rank)
	j.cause = &c
	if c.kind != causeSignal { // after a signal the ranks may still want to talk to each other
		j.do(actAbort{max(c.rank, -1), c.code})
	}
	if c.others > 0 {
		j.do(actSignal{allRanks, c.rank, sig}, actCont{})
	}
	if j.phase == running {
		j.phase = ending
		j.do(actTimer{kind: timerGrace, after: j.grace})
	}
}

// kill kills everything that is left.
func (j *job) kill() {
	if j.phase == killing {
		return
	}
	j.phase = killing
	j.killed = j.live(noRank)
	j.do(actKill{}, actTimer{kind: timerStuck, after: stuckWait})
}

func (j *job) programGone(rank int) {
	r := &j.ranks[rank]
	r.programGone = true
	switch {
	case r.finalized || r.failed:
	case r.exited:
		j.judge(rank)
	default:
		j.do(actTimer{kind: timerWrapper, rank: rank, after: wrapperWait})
	}
}

func (j *job) message(rank int, m bootstrap.Message) {
	r := &j.ranks[rank]
	if m.Rank != rank {
		j.print("rank %d says that it is rank %d: ignored", rank, m.Rank)
		return
	}
	r.spoke = true
	switch m.Op {
	case bootstrap.OpHello:
		j.hello(rank, m)
	case bootstrap.OpFinalize:
		r.finalized = true
		j.dumpWithout(rank)
	case bootstrap.OpAbort:
		why := strings.TrimSpace(m.Why)
		if why == "" {
			why = "no reason given"
		}
		how := fmt.Sprintf("aborted with code %d: %s", m.Code, why)
		if c := j.cause; c != nil && c.word && c.rank == rank {
			c.how, c.word = how, false
		}
		j.fail(rank, exitCode(m.Code), how)
	case bootstrap.OpReport:
		j.report(rank, m)
	case bootstrap.OpStalled:
		j.log("rank %d sees every rank waiting", rank)
		j.startDump(dumpStalled)
	}
}

// exitCode is the exit code for an abort with this code: never 0, which would mean
// success, and within what a process can return.
func exitCode(code int) int {
	if code < 1 || code > 255 {
		return codeError
	}
	return code
}

func (j *job) hello(rank int, m bootstrap.Message) {
	r := &j.ranks[rank]
	if r.hello != 0 {
		j.fail(rank, codeError, fmt.Sprintf("called Init twice (processes %d and %d): one program for each rank, once", r.hello, m.PID))
		return
	}
	r.hello = m.PID
	j.log("rank %d called Init (process %d)", rank, m.PID)
	if m.Segment != j.segment {
		j.fail(rank, codeError, fmt.Sprintf("was built with version %d of the shared segment, this golaunch has version %d: build both from the same release", m.Segment, j.segment))
		return
	}
	if r.pid != 0 && m.PID != r.pid { // a fast rank's hello may come before the keeper's news of its start
		j.do(actWatch{rank, m.PID})
	}
	j.tellInit()
}

// tellInit notes once that a rank ended without Init while another had called it.
func (j *job) tellInit() {
	if j.toldInit || j.cause != nil {
		return
	}
	ended, called := noRank, false
	for i := range j.ranks {
		r := &j.ranks[i]
		if r.hello != 0 {
			called = true
		} else if r.exited && !r.spoke && ended == noRank {
			ended = i
		}
	}
	if called && ended != noRank {
		j.toldInit = true
		j.print("%s ended without ever calling Init, other ranks did call it: whoever waits for rank %d waits in vain", j.name(ended), ended)
	}
}

func (j *job) signal(ev evSignal) {
	switch ev.class {
	case signalEnd:
		switch {
		case j.cause != nil:
			j.kill() // the user is in a hurry
		case j.live(noRank) == 0:
			j.kill() // only strays are left
		default:
			j.end(cause{kind: causeSignal, rank: noRank, code: 128 + int(ev.sig), how: ev.name}, ev.sig)
		}
	case signalReport:
		j.startDump(dumpAsked)
	case signalStop:
		j.do(actStop{})
	case signalCont:
		j.do(actCont{})
	case signalPass:
		j.do(actSignal{allRanks, noRank, ev.sig})
	}
}

func (j *job) timer(ev evTimer) {
	switch ev.kind {
	case timerJob:
		if j.cause == nil && j.live(noRank) > 0 {
			j.startDump(dumpTimeout)
		}
	case timerGrace:
		if j.phase == ending && !j.gone {
			j.kill()
		}
	case timerDump:
		if j.dump != nil && j.dump.id == ev.rank {
			j.finishDump()
		}
	case timerWrapper:
		if r := &j.ranks[ev.rank]; !r.exited && !r.finalized {
			j.fail(ev.rank, codeError, fmt.Sprintf("lost its program (process %d, started by a wrapper that still runs), which ended without Finalize", r.hello))
		}
	case timerStuck:
		if !j.gone {
			j.over = true
			text := j.summary() + fmt.Sprintf("golaunch: some processes could not be killed within %v (blocked in the kernel, or not ours to kill)\n", stuckWait)
			j.do(actFinish{max(j.code(), codeError), text})
		}
	}
}

func (j *job) keeperLost(ev evKeeperLost) {
	how := "golaunch's keeper process " + ev.how
	if !ev.clean {
		how += "; some processes of the job could not be killed"
	}
	if j.cause == nil {
		j.cause = &cause{kind: causeKeeper, rank: noRank, code: ev.code, how: how, others: j.live(noRank)}
	}
	for i := range j.ranks {
		j.ranks[i].exited = true
	}
	j.gone = true
}

// settle looks whether the job is over, at the end of every step.
func (j *job) settle() {
	if j.over {
		return
	}
	exited := true
	for i := range j.ranks {
		r := &j.ranks[i]
		exited = exited && (r.never || r.exited)
	}
	if !exited {
		return
	}
	if j.gone {
		j.over = true
		j.do(actFinish{j.code(), j.summary()})
		return
	}
	if j.phase == running && j.live(noRank) == 0 {
		// The keeper will say in a moment that nobody is left, or the ranks have left
		// processes behind.
		j.phase = ending
		j.do(actTimer{kind: timerGrace, after: j.grace})
	}
}
