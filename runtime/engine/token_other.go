//go:build !linux || !amd64 || race

package engine

import "sync/atomic"

func (e *Engine) lock() {
	if !atomic.CompareAndSwapUint32(&e.tok.lock, 0, 1) {
		e.tok.lockSlow(0)
	}
}

func (e *Engine) unlock() { atomic.StoreUint32(&e.tok.lock, 0) }
