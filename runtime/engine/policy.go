package engine

import (
	"runtime"
	"time"

	"github.com/golaunch/golaunch/runtime/transport"
)

// waitPolicy says how long a rank polls, and how, before it sleeps.
//
// Measured with 2 to 32 ranks on 2 processors: a futex at once costs 10 to 15
// times more than yielding a few times; spinning while others want the processor costs
// milliseconds. So: look a few times; spin while processors are free; let others run for about a
// millisecond; sleep.
type waitPolicy struct {
	direct    int           // looks of TryRecv: longer than an answer takes from a rank that runs
	patient   int           // looks, after these, as long as the rank waited for runs: only when oversubscribed
	arrive    int           // looks of Barrier, which waits for all
	turns     int           // yields of AwaitSoon
	polls     int           // looks before the clock is read
	spin      time.Duration // polling without a pause
	yield     time.Duration // polling and letting others run
	heartbeat time.Duration // of a sleeping rank
	gosched   bool          // the scheduler has only one P: others must run too
}

func (w *waitPolicy) init(caps transport.Caps, ranks int) {
	procs := caps.Processors // of all ranks together: this one may be bound to one of them
	*w = waitPolicy{direct: 400, arrive: 400, polls: 64, spin: 60 * time.Microsecond, yield: time.Millisecond, heartbeat: time.Second}
	if caps.Goroutines {
		procs = runtime.GOMAXPROCS(0)
		w.yield = 200 * time.Microsecond
	}
	if ranks > procs { // oversubscribed
		w.direct, w.patient, w.arrive, w.turns, w.polls, w.spin = 64, 8192, 50, 16, 16, 0
	}
	if runtime.GOMAXPROCS(0) == 1 {
		w.gosched = true
		if caps.Goroutines {
			w.direct, w.patient, w.arrive, w.polls, w.spin = 0, 0, 0, 1, 0
		} else {
			w.turns = 0 // the rank's own goroutines want the processor, too
		}
	}
}
