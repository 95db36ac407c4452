package collective

import (
	"context"
	"sync"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// A lane runs the collectives that one rank has started on one communicator, one after the other in the order in which
// they were started, which is the same on all ranks. They have a message plane of their own, so that blocking
// collectives don't disturb them.
//
// Who comes first runs the lane: the goroutine that waits for a request does what is queued up to its own, as
// if it had called the blocking form only now; so a start and a wait cost little more than that call. If nobody waits, a worker does it, a goroutine that
// is there only while there is something to do. It is not sent for at once, as that costs as much as a small operation: large ones
// have it at the start, small ones after a moment in which nobody has waited.
//
// Rejected: schedules that the engine steps through in whatever call comes by. They advance only while the program
// calls, and every algorithm would be written twice.
type lane struct {
	state *state // whose lane it is
	mu    sync.Mutex
	first *Request // started and not finished by Wait or Test, oldest first
	last  *Request
	todo  *Request // the first of them that nobody has begun
	busy  bool     // somebody runs one
	hired bool     // there is a worker, or soon will be
	freed bool     // with its communicator

	stopped chan struct{} // closed when the lane is empty
	aside   engine.Aside
	waits   int // goroutines that wait for others to do their requests

	work    func()
	timer   *time.Timer
	moment  time.Duration
	armed   bool // the timer is set
	stirred bool // somebody has begun something since

	rest  *Request // finished requests, oldest first; they have rested when there are many
	fresh *Request // the youngest of them
	rests int
}

const (
	// large is from how many bytes on an operation takes so long that a worker costs nothing beside it.
	large = 64 << 10
	// resting is how many requests must have been finished after one before it is used again: a Wait too many is found out.
	resting = 16
	// A small operation waits a moment, up to two, for somebody to wait. In a program that always waits
	// at once, timers and workers are in the way: the moment grows, until a worker was needed.
	shortMoment = 50 * time.Microsecond
	longMoment  = time.Millisecond
)

func laneOf(c *mpi.Comm) *lane {
	return &stateOf(c).lane
}

// request is a request to use. This and all below are called with the lock.
func (l *lane) request() *Request {
	r := l.rest
	if l.rests <= resting {
		return &Request{lane: l, kind: nonblocking}
	}
	l.rest, r.after = r.after, nil
	l.rests--
	return r
}

// start queues r.
func (l *lane) start(r *Request) {
	l.queue(r)
	r.sendAhead()
	l.attend()
}

func (l *lane) queue(r *Request) {
	r.state = queued
	r.before = l.last
	if l.last == nil {
		l.first = r
	} else {
		l.last.after = r
	}
	l.last = r
	if l.todo == nil {
		l.todo = r
	}
}

// attend sees to it that what is queued will be done.
func (l *lane) attend() {
	switch {
	case l.calm() || l.hired:
	case l.todo.job.bytes() >= large && l.moment <= shortMoment:
		l.hire()
	case !l.armed:
		l.arm()
	}
}

// calm reports whether nothing is to be begun: at most the receives of what has been sent ahead, which only the program waits for.
func (l *lane) calm() bool {
	return l.todo == nil || l.busy || l.todo.ahead.sent && l.todo.after == nil
}

// hire sends for a worker if one is needed.
func (l *lane) hire() {
	if l.todo == nil || l.busy || l.hired {
		return
	}
	if l.work == nil {
		l.work = l.labour
	}
	l.hired = true
	go l.work()
}

// employ is hire without the lock.
func (l *lane) employ() {
	l.mu.Lock()
	l.hire()
	l.mu.Unlock()
}

// arm lets the timer look later whether a worker is needed. Something is queued.
func (l *lane) arm() {
	l.armed, l.stirred = true, false
	if l.timer == nil {
		l.moment = max(l.moment, shortMoment)
		l.timer = time.AfterFunc(l.moment, l.tick)
	} else {
		l.timer.Reset(l.moment)
	}
}

// tick becomes the worker if what was queued when the timer was set is still there.
func (l *lane) tick() {
	l.mu.Lock()
	l.armed = false
	switch {
	case l.hired:
	case l.calm():
		l.inVain()
	case l.stirred:
		l.inVain()
		l.arm()
	default:
		l.moment = shortMoment
		l.hired = true
		l.mu.Unlock()
		l.labour()
		return
	}
	l.mu.Unlock()
}

// inVain notes that the program waits by itself.
func (l *lane) inVain() { l.moment = min(max(2*l.moment, 2*shortMoment), longMoment) }

// labour is the worker.
func (l *lane) labour() {
	l.mu.Lock()
	if l.todo == nil || l.busy {
		l.inVain()
	}
	for l.todo != nil && !l.busy {
		l.step(&l.aside)
	}
	l.hired = false
	l.mu.Unlock()
}

// step does the oldest request that nobody has begun. It gives the lock up meanwhile.
func (l *lane) step(worker *engine.Aside) {
	r := l.todo
	r.state = running
	l.busy, l.stirred = true, true
	l.skip()
	l.mu.Unlock()
	r.run(worker)
	l.mu.Lock()
	l.busy = false
	l.vacate()
	r.state = done
	r.ahead.begun, r.ahead.sent = false, false
	if r.w != nil {
		r.w.wake()
	}
}

// skip moves todo to the next request that nobody has begun.
func (l *lane) skip() {
	for l.todo != nil && l.todo.state != queued {
		l.todo = l.todo.after
	}
}

// drop ends r, which nobody has begun, with an error.
func (l *lane) drop(r *Request, err error) {
	r.state, r.err = done, err
	r.ahead.begun, r.ahead.sent = false, false // the engine is closed if it was
	l.skip()
	l.vacate()
}

// release frees the lane with its communicator, as soon as it is empty.
func (l *lane) release() {
	l.mu.Lock()
	l.freed = true
	l.vacate()
	l.mu.Unlock()
}

func (l *lane) vacate() {
	if !l.busy && l.todo == nil {
		if l.freed {
			l.state.usual[1].shared = nil
			l.state.leave(nonblocking)
		}
		if l.stopped != nil {
			close(l.stopped)
			l.stopped = nil
		}
	}
}

// stop drops what nobody has begun, and returns when nothing runs.
func (l *lane) stop() {
	l.mu.Lock()
	ch := make(chan struct{})
	l.stopped = ch
	for r := l.todo; r != nil; r = r.after {
		if r.state != queued {
			continue
		}
		l.drop(r, r.comm.Fail(r.name(), engine.ErrClosed))
		if r.w != nil {
			r.w.wake()
		}
	}
	l.vacate()
	l.mu.Unlock()
	<-ch
}

// finish returns when r is done: it does what is queued up to r, or waits for who does it.
func (l *lane) finish(r *Request) {
	for r.state != done {
		switch {
		case l.busy:
			l.await(r)
		case l.todo != r && l.todo.comm.Bound() != r.comm.Bound():
			l.hire() // r may have to end before what is ahead of it
			l.await(r)
		default:
			l.step(nil)
		}
	}
	l.handOn()
}

// await waits until r is done or the lane is free. If r's context ends before anybody has begun it, it is dropped.
func (l *lane) await(r *Request) {
	if r.w != nil {
		l.mu.Unlock()
		panic(panicTwice)
	}
	var bound context.Context
	if r.state == queued { // else who runs it knows of the end as well
		bound = r.comm.Bound()
	}
	w := newWaiter()
	l.watch(r, w)
	l.mu.Unlock()
	ended := w.wait(bound)
	l.mu.Lock()
	l.unwatch(r)
	w.release()
	if ended {
		l.expire(r)
	}
}

// watch notes that w waits for r, and that who works for it shall hurry.
func (l *lane) watch(r *Request, w *waiter) {
	r.w = w
	l.waits++
	r.comm.Engine().Hurry(&l.aside, true)
}

func (l *lane) unwatch(r *Request) {
	r.w = nil
	if l.waits--; l.waits == 0 {
		r.comm.Engine().Hurry(&l.aside, false)
	}
}

// started is what was started and not finished.
func (l *lane) started() []mpi.Started {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []mpi.Started
	for r := l.first; r != nil; r = r.after {
		s := mpi.Started{Op: r.name(), Bytes: r.job.bytes(), Done: r.state == done, Runs: r.state == running, Begun: engine.Where(r.begun)}
		if r.w != nil {
			s.Waits, s.Where = true, engine.Where(r.w.pcs[:r.w.n])
		}
		all = append(all, s)
	}
	return all
}

// expire drops r, whose context has ended, if nobody has begun it. What it has sent ahead must be taken back: that it does itself.
func (l *lane) expire(r *Request) {
	switch {
	case r.state != queued:
	case r.ahead.begun:
		l.step(nil)
	default:
		l.drop(r, r.comm.CheckStarted(r.name()))
	}
}

// handOn finds somebody for what is left.
func (l *lane) handOn() {
	if l.busy || l.hired {
		return
	}
	for r := l.todo; r != nil; r = r.after {
		if r.w != nil {
			r.w.wake()
			return
		}
	}
	l.attend()
}

// take finishes r, which is done, and returns its error. It gives the lock up.
func (l *lane) take(r *Request) error {
	err, crash := r.err, r.crash
	if r.before == nil {
		l.first = r.after
	} else {
		r.before.after = r.after
	}
	if r.after == nil {
		l.last = r.before
	} else {
		r.after.before = r.before
	}
	r.before, r.after, r.err, r.crash = nil, nil, nil, nil
	r.state = idle
	if r.kind != persistent {
		r.comm, r.job = nil, job{}
		clear(r.layouts)
		if l.rests == 0 {
			l.rest = r
		} else {
			l.fresh.after = r
		}
		l.fresh = r
		l.rests++
	}
	l.mu.Unlock()
	if crash != nil {
		panic(crash)
	}
	return err
}
