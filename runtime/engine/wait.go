package engine

import (
	"context"
	"runtime"
	"sync/atomic"
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
		w.direct, w.patient, w.arrive, w.polls, w.spin = 64, 8192, 50, 16, 0
	}
	if runtime.GOMAXPROCS(0) == 1 {
		w.gosched = true
		if caps.Goroutines {
			w.direct, w.patient, w.arrive, w.polls, w.spin = 0, 0, 0, 1, 0
		}
	}
}

// waiter is a goroutine that waits. Its channel is signalled when one of its
// requests is done, when it shall make progress, or when it shall look at its flags.
type waiter struct {
	ch        chan struct{}
	cancelled atomic.Bool // its context has ended
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
	w.pcs = w.pcs[:0]
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
	at   int // of many: everything before is done (all)
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
		if r.op == OpWait && atomic.LoadUint32(r.word) == r.want {
			e.finish(r, nil)
			return true
		}
		return false
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
	c.each(func(r *Req) { r.w = w })
	if ctx != nil && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			w.cancelled.Store(true)
			w.wake()
			e.kick()
		})
		defer stop()
	}
	if r := c.one; r != nil && (r.op == OpWait || r.op == OpProbe || r.op == OpMprobe) {
		e.watched = append(e.watched, r)
	}
	for !e.ready(c) {
		if w.cancelled.Load() && e.giveUp(ctx, c) {
			break
		}
		if e.progressor {
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
		e.lead = nil
		e.progressor = false
	}
	c.each(func(r *Req) {
		if r.w == w {
			r.w = nil
		}
	})
	if r := c.one; r != nil && len(e.watched) != 0 {
		for i, o := range e.watched {
			if o == r {
				e.unwatch(i)
				break
			}
		}
	}
	e.releaseWaiter(w)
	e.handOver()
}

// handOver gives the duty of making progress to one of those who wait for it.
func (e *Engine) handOver() {
	if len(e.sleepers) != 0 && !e.progressor {
		e.sleepers[0].wake()
	}
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
	cause := context.Cause(ctx)
	all := true
	c.each(func(r *Req) {
		if !r.done {
			all = e.expire(r, cause) && all
		}
	})
	return all
}

// lookOut makes progress for all until c is fulfilled or its context has ended.
func (e *Engine) lookOut(ctx context.Context, c *cond, w *waiter) {
	var start time.Time
	for turn, idle := 1, 0; ; turn++ {
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
		waited := time.Since(start)
		switch {
		case waited < e.wait.spin:
			for range 32 {
				if e.anything() || e.tok.contend.Load() != 0 {
					break
				}
			}
			if e.wait.gosched {
				runtime.Gosched()
			}
		case waited < e.wait.spin+e.wait.yield:
			e.yield(c)
			if e.wait.gosched || turn&63 == 0 {
				e.unlock()
				runtime.Gosched()
				e.lock()
			}
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

// sleep parks the rank until somebody clears its park word, for one heartbeat at most.
func (e *Engine) sleep(c *cond, w *waiter) {
	beat := e.wait.heartbeat
	atomic.StoreUint32(e.park, 1)
	if !e.ep.Fence() {
		beat = time.Millisecond
	}
	// What was done before others could see the 1 is found here; what is done after wakes us.
	if e.progress() || e.settle() || e.ready(c) || w.cancelled.Load() || e.dump.Load() != w.dumped || e.tok.contend.Load() != 0 {
		atomic.StoreUint32(e.park, 0)
		return
	}
	e.parked = true
	before := e.completed
	e.unlock()
	e.ep.Sleep(beat)
	e.lock()
	e.parked = false
	timeout := atomic.SwapUint32(e.park, 0) != 0
	e.noteWait(timeout && beat == e.wait.heartbeat && e.completed == before && !e.anyReady())
}

func (e *Engine) anyReady() bool {
	for _, p := range e.open {
		if p.rx.Ready() {
			return true
		}
	}
	return false
}

// noteWait counts heartbeats in which nothing happened and says so when all ranks count.
func (e *Engine) noteWait(idle bool) {
	mine := e.job.Waits(int(e.rank))
	n := mine.Load()
	if !idle {
		if n != 0 {
			mine.Store(0)
			if n >= stallBeats {
				e.job.Warned().Store(0)
			}
		}
		return
	}
	mine.Store(n + 1)
	if n+1 < stallBeats || e.onStall == nil {
		return
	}
	for r := range int(e.size) {
		if !e.job.Finalized(r) && !e.job.Dead(r) && e.job.Waits(r).Load() < stallBeats {
			return
		}
	}
	if e.job.Warned().CompareAndSwap(0, 1) {
		e.onStall()
	}
}

// stallBeats is for how many heartbeats every rank must have found nothing to do.
const stallBeats = 2

// wakeAll lets every waiting goroutine of this rank look at its flags.
func (e *Engine) wakeAll() {
	for _, w := range e.sleepers {
		w.wake()
	}
	if e.parked {
		e.kick()
	}
}

// Complete waits for r, releases it and returns how it ended. ctx may be nil.
func (e *Engine) Complete(ctx context.Context, r *Req) (Status, error) {
	e.lock()
	if !r.done {
		e.waitFor(ctx, &cond{one: r})
	}
	st, err := r.Status, r.Err
	e.release(r)
	e.unlock()
	return st, err
}

// CompleteMove is Complete for a RecvMove, whose body it returns.
func (e *Engine) CompleteMove(ctx context.Context, r *Req) (Status, [moveBytes]byte, error) {
	e.lock()
	e.waitFor(ctx, &cond{one: r})
	st, body, err := r.Status, r.Body, r.Err
	e.release(r)
	e.unlock()
	return st, body, err
}

// Test makes progress once and says whether r is done. It does not release it.
func (e *Engine) Test(r *Req) bool {
	e.lock()
	if !r.done {
		if !e.progress() {
			e.idleTests++
			if e.idleTests&63 == 0 {
				e.settle()
				if !r.done && e.wait.spin == 0 { // somebody else wants the processor
					e.ep.Yield()
				}
			}
		}
	}
	done := r.done
	e.unlock()
	return done
}

// WaitMany waits until all of rs are done, or any of them; nil entries count as done. It releases none.
func (e *Engine) WaitMany(ctx context.Context, rs []*Req, any bool) {
	e.lock()
	e.waitFor(ctx, &cond{many: rs, any: any})
	e.unlock()
}

// TestMany makes progress once and says whether all of rs are done, or any of them.
func (e *Engine) TestMany(rs []*Req, any bool) bool {
	e.lock()
	c := cond{many: rs, any: any}
	ok := e.ready(&c)
	if !ok {
		if !e.progress() {
			e.idleTests++
			if e.idleTests&63 == 0 {
				e.settle()
			}
		}
		ok = e.ready(&c)
	}
	e.unlock()
	return ok
}

// Done says whether r, with this serial, is done. A request that was released counts as gone.
func (e *Engine) Done(r *Req, serial uint32) (done, gone bool) {
	e.lock()
	done, gone = r.done, r.serial != serial
	e.unlock()
	return done, gone
}

// Take releases a request that is done and returns how it ended.
func (e *Engine) Take(r *Req) (Status, error) {
	e.lock()
	st, err := r.Status, r.Err
	e.release(r)
	e.unlock()
	return st, err
}
