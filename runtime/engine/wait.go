package engine

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// waiter is a goroutine that waits. Its channel is signalled when one of its
// requests is done, when it shall make progress, or when it shall look at its flags.
type waiter struct {
	ch        chan struct{}
	cancelled atomic.Bool // its context has ended
	aside     *Aside      // nil: of the program's own
	dumped    uint32      // last dump it wrote its stack for
	pcs       []uintptr
	next      *waiter
	pooled    bool
}

func (w *waiter) wake() {
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

func (e *Engine) newWaiter(ctx context.Context) *waiter {
	if ctx == nil || ctx.Done() == nil {
		if w := e.freeW; w != nil {
			e.freeW = w.next
			w.next = nil
			return w
		}
		return &waiter{ch: make(chan struct{}, 1), pooled: true}
	}
	// The context's callback may come late: this one is never used again.
	return &waiter{ch: make(chan struct{}, 1)}
}

func (e *Engine) releaseWaiter(w *waiter) {
	w.pcs, w.aside = w.pcs[:0], nil
	if !w.pooled {
		return
	}
	select {
	case <-w.ch:
	default:
	}
	w.next = e.freeW
	e.freeW = w
}

// cond is what a goroutine waits for: one request, all or any of many.
type cond struct {
	one  *Req
	many []*Req // nil entries count as done
	any  bool
	keep bool // when the context ends, its requests go on
	at   int  // of many: everything before is done (all)

	aside *Aside // who waits; nil: the program
}

func (c *cond) each(f func(*Req)) {
	if c.one != nil {
		f(c.one)
	}
	for _, r := range c.many {
		if r != nil {
			f(r)
		}
	}
}

func (e *Engine) ready(c *cond) bool {
	if r := c.one; r != nil {
		if r.done {
			return true
		}
		return r.op == OpWait && e.released(r)
	}
	if c.any {
		open := false
		for _, r := range c.many {
			if r != nil {
				if r.done {
					return true
				}
				open = true
			}
		}
		return !open
	}
	for c.at < len(c.many) && (c.many[c.at] == nil || c.many[c.at].done) {
		c.at++
	}
	return c.at == len(c.many)
}

// waitFor returns when c is fulfilled. Call with the token; it is given up meanwhile. When ctx ends
// first, the requests of c are taken back or detached, and finish with its cause.
func (e *Engine) waitFor(ctx context.Context, c *cond) {
	if e.ready(c) {
		return
	}
	if c.watches() { // from the start: a death or a revocation may be noticed while we spin
		e.watched = append(e.watched, c.one)
		defer e.unwatchOne(c.one)
	}
	if c.aside.yields() {
		e.waitSlow(ctx, c)
		return
	}
	e.displace()
	if !e.progressor {
		e.progressor = true
		done := e.spin(c)
		e.progressor = false
		if done {
			e.handOver()
			return
		}
	}
	e.waitSlow(ctx, c)
}

// watches says that c is a wait that no message finishes.
func (c *cond) watches() bool {
	return c.one != nil && (c.one.op == OpWait || c.one.op == OpProbe || c.one.op == OpMprobe)
}

func (e *Engine) unwatchOne(r *Req) {
	for i, o := range e.watched {
		if o == r {
			e.unwatch(i)
			return
		}
	}
}

// spin polls a little, without reading a clock.
func (e *Engine) spin(c *cond) bool {
	for idle := 0; idle < e.wait.polls; {
		if e.progress() {
			idle = 0
		} else {
			idle++
		}
		if e.ready(c) {
			return true
		}
		if e.tok.contend.Load() != 0 {
			e.letIn()
			if e.ready(c) {
				return true
			}
		}
	}
	return false
}

func (e *Engine) waitSlow(ctx context.Context, c *cond) {
	w := e.newWaiter(ctx)
	w.aside = c.aside
	c.each(func(r *Req) { r.w = w })
	if ctx != nil && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			w.cancelled.Store(true)
			w.wake()
			e.kick()
		})
		defer stop()
	}
	displaced := false
	for !e.ready(c) {
		if w.cancelled.Load() && e.giveUp(ctx, c) {
			break
		}
		if !w.aside.yields() {
			e.displace()
		}
		if e.progressor || displaced {
			if displaced = false; !e.progressor { // who has displaced us is gone, and may be back
				e.recall()
			}
			e.sleepers = append(e.sleepers, w)
			e.unlock()
			<-w.ch
			e.lock()
			e.forgetSleeper(w)
			e.answerDump(w)
			continue
		}
		e.progressor = true
		e.lead = w
		e.lookOut(ctx, c, w)
		if displaced = e.lead != w; !displaced {
			e.lead, e.progressor = nil, false
		}
	}
	c.each(func(r *Req) {
		if r.w == w {
			r.w = nil
		}
	})
	e.releaseWaiter(w)
	e.handOver()
}

// handOver gives the duty of making progress to one of those who wait for it.
func (e *Engine) handOver() {
	if len(e.sleepers) == 0 || e.progressor {
		return
	}
	for _, w := range e.sleepers {
		if !w.aside.yields() {
			w.wake()
			return
		}
	}
	e.recall()
}

func (e *Engine) forgetSleeper(w *waiter) {
	for i, s := range e.sleepers {
		if s == w {
			e.sleepers = append(e.sleepers[:i], e.sleepers[i+1:]...)
			return
		}
	}
}

// giveUp ends the requests of a wait whose context has ended, as far as they can be ended.
func (e *Engine) giveUp(ctx context.Context, c *cond) bool {
	if c.keep {
		return true
	}
	cause := context.Cause(ctx)
	all := true
	c.each(func(r *Req) {
		if !r.done {
			all = e.expire(r, cause) && all
		}
	})
	return all
}

// lookOut makes progress for all until c is fulfilled or its context has ended, or another takes the duty over (displace).
func (e *Engine) lookOut(ctx context.Context, c *cond, w *waiter) {
	var start time.Time
	for turn, idle := 1, 0; e.lead == w; turn++ {
		if e.progress() {
			idle = 0
		} else {
			idle++
		}
		if e.ready(c) {
			return
		}
		if e.tok.contend.Load() != 0 {
			e.letIn()
			continue
		}
		if idle == 0 {
			start = time.Time{}
			if turn&1023 == 0 {
				e.settle()
				if w.cancelled.Load() && e.giveUp(ctx, c) {
					return
				}
			}
			continue
		}
		if idle&15 != 0 && start.IsZero() {
			continue
		}
		if e.settle() {
			continue
		}
		if w.cancelled.Load() && e.giveUp(ctx, c) {
			return
		}
		if start.IsZero() {
			start = time.Now()
			continue
		}
		waited, spin, yield := time.Since(start), e.wait.spin, e.wait.yield
		if w.aside.yields() {
			spin, yield = spin/4, 0
		}
		switch {
		case waited < spin:
			for range 32 {
				if e.anything() || e.tok.contend.Load() != 0 {
					break
				}
			}
			if e.wait.gosched {
				runtime.Gosched()
			}
		case waited < spin+yield:
			e.yield(c)
			if e.wait.gosched || turn&63 == 0 {
				e.unlock()
				runtime.Gosched()
				e.lock()
			}
		case e.wait.gosched && !e.caps.Goroutines && w.aside.yields():
			e.nap()
			e.answerDump(w)
		default:
			e.sleep(c, w)
			e.answerDump(w)
		}
	}
}

// yield lets others have the processor. When it is back, and the rank that c
// waits for runs on another one, its answer is awaited: ranks that talk to each other then run at the same time.
func (e *Engine) yield(c *cond) {
	if e.wait.patient == 0 {
		e.ep.Yield()
		return
	}
	e.job.Step(int(e.rank), true)
	e.ep.Yield()
	e.job.Step(int(e.rank), false)
	r := c.one
	if r == nil || r.peer < 0 || r.peer == e.rank || e.peers[r.peer].rx == nil {
		return
	}
	rx := e.peers[r.peer].rx
	for i := 0; i < e.wait.patient && !rx.Ready(); i++ {
		if i&63 == 63 && (e.job.Away(int(r.peer)) || e.tok.contend.Load() != 0) {
			return
		}
	}
}

// anything is a cheap look at what progress would look at first.
func (e *Engine) anything() bool {
	for _, p := range e.open {
		if p.rx.Ready() {
			return true
		}
	}
	return len(e.offered) != 0 || len(e.busy) != 0 || len(e.watched) != 0
}
