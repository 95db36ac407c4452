package launcher

import (
	"syscall"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// What happens to a job: the events that its shell (run_linux.go) hands to job.step.
type (
	// evStarted: a rank's process runs.
	evStarted struct{ rank, pid int }
	// evNotStarted: a rank could not be started; no later rank was either.
	evNotStarted struct {
		rank, code int
		why        string
	}
	// evExited: a rank's process has ended, and everything that it had written to its
	// control socket came as events before.
	evExited struct {
		rank   int
		status exitStatus
	}
	// evProgramGone: the process that called Init has ended; it is not the process that
	// golaunch started (a wrapper script is) and tells no status.
	evProgramGone struct{ rank int }
	// evMessage: a rank said something on its control socket.
	evMessage struct {
		rank int
		m    bootstrap.Message
	}
	// evBadLine: what a rank said is no message.
	evBadLine struct {
		rank int
		err  error
	}
	// evSignal: golaunch got a signal.
	evSignal struct {
		class signalClass
		sig   syscall.Signal
		name  string // "SIGINT"
	}
	// evTimer: a timer that an actTimer has set.
	evTimer struct {
		kind timerKind
		rank int
	}
	// evAllGone: no process of the job is left; so many were killed beside the ranks.
	evAllGone struct{ strays int }
	// evKeeperLost: the keeper ended before its time; its descendants were killed
	// (clean) or could not be.
	evKeeperLost struct {
		how   string
		code  int
		clean bool
	}
	// evOutputLost: nobody reads golaunch's output any more.
	evOutputLost struct{ err error }
)

// exitStatus is how a process ended.
type exitStatus struct {
	code   int    // exit code, or 128 + signal
	signal string // "SIGSEGV" when a signal ended it
}

// signalClass says what golaunch does with a signal.
type signalClass int

const (
	signalEnd    signalClass = iota // INT, TERM, HUP: end the job
	signalReport                    // QUIT: print what is pending
	signalStop                      // TSTP: stop the ranks, then golaunch
	signalCont                      // CONT: continue the ranks
	signalPass                      // USR1, USR2: hand on
)

// timerKind tells the timers of a job apart.
type timerKind int

const (
	timerJob     timerKind = iota // -timeout
	timerGrace                    // time to end in order is over
	timerDump                     // time to answer a dump is over
	timerWrapper                  // a wrapper had time to tell its program's status
	timerStuck                    // killed processes should be gone by now
)

// What a job wants done: the actions that job.step returns.
type (
	// actSignal: send a signal to the process groups of all ranks, or of one, or of all but one.
	actSignal struct {
		rank   int // allRanks or a rank
		except int // noRank or a rank
		sig    syscall.Signal
	}
	// actStop: stop all ranks, then golaunch itself.
	actStop struct{}
	// actCont: continue all ranks.
	actCont struct{}
	// actKill: kill every process of the job until none is left.
	actKill struct{}
	// actAbort: write the abort word of the shared segment.
	actAbort struct{ rank, code int }
	// actMarkDead: write in the shared segment that a rank is dead.
	actMarkDead struct{ rank int }
	// actDump: ask a rank for a report.
	actDump struct{ rank, id int }
	// actWatch: tell when this process, child of a rank, ends.
	actWatch struct{ rank, pid int }
	// actTimer: set a timer.
	actTimer struct {
		kind  timerKind
		rank  int
		after time.Duration
	}
	// actPrint: a message to standard error, whole lines.
	actPrint struct{ text string }
	// actFinish: everything is over; print text (after the ranks' last output) and exit with code.
	actFinish struct {
		code int
		text string
	}
)

const (
	allRanks = -1
	noRank   = -2
)
