package engine

import (
	"runtime"
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/transport/fence"
)

// token decides who may touch the engine's state: queues, channels, requests. It
// is held for the length of a call that does not wait or, by the one goroutine that makes
// progress, while it polls; that goroutine looks at contend at every turn and lets
// others in. Nobody sleeps while holding it.
//
// Nearly always one goroutine makes all calls of a rank. So the token can be
// biased towards a goroutine: it then enters and leaves with plain stores, no
// locked instruction (three of which would be a sixth of a small message's latency). Another goroutine that wants in
// takes the bias away: it raises revoke, makes every thread of the process pass a memory
// barrier (membarrier), and waits until the favourite is outside.
//
//	owner   slot<<48 | goroutine with the bias, 0 none   written by the holder of lock
//	slots   1: the favourite is inside              written by that favourite only
//	revoke  1: the bias is being taken away         written by the holder of lock; published by membarrier
//	lock    1: held the ordinary way                by compare-and-swap; its store of 0 publishes the state
//	contend goroutines in slow                      read by the polling holder
//
// The favourite: its slot = 1; if revoke is 0 and owner still names it, in this order, it is in.
// The other: revoke = 1; membarrier; wait until the slot is 0; owner = 0; revoke = 0. Either the
// favourite sees one of the two, or the other sees the slot. Every bias has a slot of its
// own, so that a favourite that wakes up late can't disturb the next one. Without membarrier, under
// the race detector and on other processors there is no bias.
type token struct {
	owner   uint64 // offset 0: known to token_amd64.s
	revoke  uint32 // offset 8
	lock    uint32
	slots   [biases]uint32 // offset 16
	contend atomic.Int32

	// By the holder:
	last    uintptr // goroutine that came the slow way last
	streak  int     // how often in a row
	needed  int     // so many in a row earn the bias; doubled whenever it is taken away
	used    int     // slots used up
	canBias bool
}

const (
	firstBias = 16
	biases    = 20 // a rank whose goroutines take turns does without in the end
)

// lockSlow takes the token for goroutine g the ordinary way.
func (t *token) lockSlow(g uintptr) {
	if !atomic.CompareAndSwapUint32(&t.lock, 0, 1) {
		t.contend.Add(1)
		for i := 1; !atomic.CompareAndSwapUint32(&t.lock, 0, 1); i++ {
			backOff(i)
		}
		t.contend.Add(-1)
	}
	if t.owner != 0 {
		t.takeBias()
	}
	if g == 0 || !t.canBias {
		return
	}
	if g != t.last {
		t.last, t.streak = g, 0
		return
	}
	if t.streak++; t.streak >= t.needed && t.used < biases && t.contend.Load() == 0 {
		// We hold the token: become the favourite, inside.
		t.slots[t.used] = 1
		atomic.StoreUint64(&t.owner, uint64(t.used)<<48|uint64(g))
		t.used++
		t.streak = 0
		atomic.StoreUint32(&t.lock, 0)
	}
}

// takeBias ends the bias; the caller holds lock and then the token.
func (t *token) takeBias() {
	slot := &t.slots[t.owner>>48]
	t.contend.Add(1)
	atomic.StoreUint32(&t.revoke, 1)
	fence.Pass(fence.Process)
	for i := 1; atomic.LoadUint32(slot) != 0; i++ {
		backOff(i)
	}
	t.contend.Add(-1)
	atomic.StoreUint64(&t.owner, 0)
	atomic.StoreUint32(&t.revoke, 0)
	t.last, t.streak = 0, 0
	t.needed = min(2*t.needed, 1<<20)
}

// backOff is turn i of waiting for another goroutine: it, or its thread, may have lost its processor.
func backOff(i int) {
	if i >= 30 {
		runtime.Gosched()
	}
	if i%64 == 0 {
		fence.Yield()
	}
}

// letIn gives the token to those who want it and takes it back.
func (e *Engine) letIn() {
	e.unlock()
	for i := 30; e.tok.contend.Load() != 0 && i < 1000; i++ {
		backOff(i)
	}
	e.lock()
}

// leave is unlock after something was begun that the sleeping goroutine in charge of progress must know of.
func (e *Engine) leave() {
	if e.parked && (len(e.busy) != 0 || len(e.offered) != 0) {
		e.kick()
	}
	e.unlock()
}

// kick wakes the goroutine in charge of progress if it sleeps.
func (e *Engine) kick() { e.job.Wake(int(e.rank)) }
