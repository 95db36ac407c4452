package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// Aside is for a goroutine that works beside the program's own, which may compute meanwhile. Its waits give way: it looks a
// few times and sleeps, and it leaves the duty of making progress to any goroutine that has nothing else to do. Those
// don't pay for it: while they come and go, it is not called back.
type Aside struct {
	hurry atomic.Bool // somebody of the program waits for it: it waits like all others
}

// callBack is how long after the last of the others a goroutine that works aside makes progress again.
const callBack = 50 * time.Microsecond

// napping is how long it sleeps where it can't be woken without keeping the only processor.
const napping = 200 * time.Microsecond

// CompleteAside is Complete for a goroutine that works aside.
func (e *Engine) CompleteAside(ctx context.Context, r *Req, a *Aside) (Status, error) {
	e.lock()
	if !r.done {
		e.waitFor(ctx, &cond{one: r, aside: a})
	}
	st, err := r.Status, r.Err
	e.release(r)
	e.unlock()
	return st, err
}

// Hurry says whether somebody of the program waits for what a does.
func (e *Engine) Hurry(a *Aside, yes bool) {
	if a.hurry.Swap(yes) == yes || !yes {
		return
	}
	e.lock()
	if e.parked && e.lead != nil && e.lead.aside == a {
		e.kick()
	}
	e.handOver()
	e.unlock()
}

func (a *Aside) yields() bool { return a != nil && !a.hurry.Load() }

// displace takes the duty of making progress from a goroutine that works aside.
func (e *Engine) displace() {
	if !e.progressor || e.lead == nil || !e.lead.aside.yields() {
		return
	}
	e.lead, e.progressor = nil, false // it sees that as soon as it has the token
	if e.parked {
		e.parked = false
		e.kick()
	}
}

// recall lets a goroutine that works aside make progress soon, if nobody else does by then.
func (e *Engine) recall() {
	if e.recalled {
		return
	}
	e.recalled = true
	if e.recaller != nil {
		e.recaller.Reset(callBack)
		return
	}
	e.recaller = time.AfterFunc(callBack, func() {
		e.lock()
		e.recalled = false
		if !e.progressor && len(e.sleepers) != 0 {
			e.sleepers[0].wake()
		}
		e.unlock()
	})
}

// nap sleeps without a processor: the park word would keep it for a while.
func (e *Engine) nap() {
	e.unlock()
	time.Sleep(napping)
	e.lock()
}
