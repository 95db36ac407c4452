//go:build !amd64 || race

package ring

import "sync/atomic"

const canWeak = false

// publish makes what was written before it visible.
func publish(p *uint64, w uint64, _ bool) { atomic.StoreUint64(p, w) }
