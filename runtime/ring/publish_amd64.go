//go:build !race

package ring

import "sync/atomic"

const canWeak = true

// publish makes what was written before it visible. On this processor a plain
// store is a release, and the compiler keeps stores in their order.
func publish(p *uint64, w uint64, weak bool) {
	if weak {
		*p = w
		return
	}
	atomic.StoreUint64(p, w)
}
