//go:build linux && !race

package engine

import "sync/atomic"

// enter lets the goroutine in that has the token's bias.
//
//go:noescape
func enter(t *token) bool

// self is a number that no other goroutine alive has.
func self() uintptr

func (e *Engine) lock() {
	if !enter(&e.tok) {
		e.tok.lockSlow(self())
	}
}

// unlock gives the token up. While it is held, owner does not change: it says which way we came.
// The plain store is a release on this processor; the compiler keeps stores in order.
func (e *Engine) unlock() {
	if o := e.tok.owner; o != 0 {
		e.tok.slots[(o>>48)%biases] = 0
		return
	}
	atomic.StoreUint32(&e.tok.lock, 0)
}
