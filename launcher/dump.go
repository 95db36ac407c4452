package launcher

import (
	"syscall"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// dumpReason is why reports are gathered; the greater one wins when two meet.
type dumpReason int

const (
	dumpStalled dumpReason = iota // a rank saw every rank waiting: warn, once per stall
	dumpAsked                     // SIGQUIT: print and go on
	dumpTimeout                   // -timeout: print and end the job
)

// dump is a gathering of reports in progress.
type dump struct {
	id      int
	reason  dumpReason
	waiting map[int]bool // ranks that were asked and have not answered
	reports map[int][]bootstrap.Pending
}

// startDump asks every rank that can answer for its pending operations.
func (j *job) startDump(why dumpReason) {
	if j.cause != nil || j.phase != running {
		return
	}
	if j.dump != nil {
		j.dump.reason = max(j.dump.reason, why)
		return
	}
	j.nextDump++
	d := &dump{id: j.nextDump, reason: why, waiting: make(map[int]bool), reports: make(map[int][]bootstrap.Pending)}
	j.dump = d
	for i := range j.ranks {
		if r := &j.ranks[i]; r.hello != 0 && !r.finalized && !r.isOver() {
			d.waiting[i] = true
			j.do(actDump{i, d.id})
		}
	}
	if len(d.waiting) == 0 {
		j.finishDump()
		return
	}
	j.do(actTimer{kind: timerDump, rank: d.id, after: dumpWait})
}

func (j *job) report(rank int, m bootstrap.Message) {
	if d := j.dump; d != nil && m.ID == d.id && d.waiting[rank] {
		d.reports[rank] = m.Pending
		j.dumpWithout(rank)
	}
}

// dumpWithout goes on without waiting for a rank.
func (j *job) dumpWithout(rank int) {
	if d := j.dump; d != nil && d.waiting[rank] {
		delete(d.waiting, rank)
		if len(d.waiting) == 0 {
			j.finishDump()
		}
	}
}

// finishDump prints what came, and ends the job if the timeout asked.
func (j *job) finishDump() {
	d := j.dump
	j.dump = nil
	views := make([]rankView, len(j.ranks))
	for i := range views {
		r := &j.ranks[i]
		pending, answered := d.reports[i]
		switch {
		case r.failed:
			views[i].state = rankLost
		case r.isOver() || r.finalized:
			views[i].state = rankFinished
		case answered:
			views[i].state = rankAnswered
			views[i].pending = pending
			for k := range pending {
				if j.shorten != nil {
					pending[k].Where, pending[k].Begun = j.shorten(pending[k].Where), j.shorten(pending[k].Begun)
				}
			}
		case r.hello == 0:
			views[i].state = rankNotJoined
		default:
			views[i].state = rankSilent
		}
	}
	found := findWaits(views)
	sign := signature(views)
	switch d.reason {
	case dumpStalled:
		// What the rank saw may be over by now; and it says so again while it lasts.
		if !found.allWait || sign == j.stall {
			return
		}
		j.stall, j.stallAt = sign, j.now()
		j.do(actPrint{reportText("every rank waits; pending operations:", views, found)})
		if len(found.stuck) == 0 {
			j.print("this is only a warning: the job goes on")
		}
	case dumpAsked:
		j.do(actPrint{reportText("SIGQUIT: pending operations:", views, found)})
	case dumpTimeout:
		if j.cause != nil {
			return
		}
		if sign == j.stall {
			j.print("timeout: every rank waits as reported above, %v ago", j.now().Sub(j.stallAt).Round(time.Second))
		} else {
			j.do(actPrint{reportText("timeout: pending operations:", views, found)})
		}
		j.end(cause{kind: causeTimeout, rank: noRank, code: codeTimeout}, syscall.SIGTERM)
	}
}
