package engine

import (
	"runtime"
	"sync/atomic"
	"time"
)

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
	if e.asleep != 0 { // somebody whom we have displaced has been woken and must not take what wakes us
		atomic.StoreUint32(e.park, 0)
		e.unlock()
		e.ep.Yield()
		runtime.Gosched()
		e.lock()
		return
	}
	e.parked = true
	e.asleep++
	before := e.completed
	e.unlock()
	e.ep.Sleep(beat)
	e.lock()
	e.asleep--
	if e.lead != w { // the park word is another's
		return
	}
	e.parked = false
	timeout := atomic.SwapUint32(e.park, 0) != 0
	// A program that computes beside us is no stall.
	e.noteWait(timeout && !w.aside.yields() && beat == e.wait.heartbeat && e.completed == before && !e.anyReady())
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
