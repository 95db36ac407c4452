package engine

import (
	"runtime"
	"sync/atomic"
)

// The token. Whoever holds it may touch the engine's state: queues, channels,
// requests. It is held for the length of a call that does not wait, or, by the one
// goroutine that makes progress, while it spins; that goroutine looks at contend
// at every turn and lets others in. Nobody sleeps while holding it.
//
//	tok      0 free, 1 held          by compare-and-swap; the store of 0 publishes the state
//	contend  goroutines in lockSlow  read by the spinning holder

func (e *Engine) lock() {
	if !atomic.CompareAndSwapUint32(&e.tok, 0, 1) {
		e.lockSlow()
	}
}

func (e *Engine) unlock() { atomic.StoreUint32(&e.tok, 0) }

// leave is unlock after something was begun that the sleeping goroutine in charge of progress must know of.
func (e *Engine) leave() {
	if e.parked && (len(e.busy) != 0 || len(e.offered) != 0) {
		e.kick()
	}
	e.unlock()
}

// kick wakes the goroutine in charge of progress if it sleeps.
func (e *Engine) kick() { e.job.Wake(int(e.rank)) }

func (e *Engine) lockSlow() {
	e.contend.Add(1)
	for i := 0; !atomic.CompareAndSwapUint32(&e.tok, 0, 1); i++ {
		switch {
		case i < 30:
		case i%8 != 0:
			runtime.Gosched()
		default: // the holder's thread may have lost its processor
			e.ep.Yield()
		}
	}
	e.contend.Add(-1)
}

// letIn gives the token to those who want it and takes it back.
func (e *Engine) letIn() {
	e.unlock()
	for i := 0; e.contend.Load() != 0 && i < 1000; i++ {
		runtime.Gosched()
	}
	e.lock()
}
