package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/segment"
)

// Counter is a barrier among ranks that share memory: one arrival counter and
// one word that the last to arrive sets. Every rank is switched out at most once, which
// is what counts when there are more ranks than processors.
type Counter struct {
	arrive *uint32
	gen    *uint32
	epoch  uint32
}

// NewCounter uses block i of leader's counters, which no other communicator uses
// now. The generation can't move before this rank has arrived, so all members start from the same. ok is false when there is no such block,
// or it is on another node.
func (e *Engine) NewCounter(leader, i int) (c Counter, ok bool) {
	if i >= segment.Blocks || !e.Shares(leader) {
		return c, false
	}
	p := e.job.Block(leader, i)
	c.arrive, c.gen = (*uint32)(p), (*uint32)(unsafe.Add(p, 64))
	c.epoch = atomic.LoadUint32(c.gen)
	return c, true
}

// Barrier returns when all members have called it. members are ranks of the
// node, this one included.
func (e *Engine) Barrier(bound context.Context, c *Counter, ctx uint32, members []int32) error {
	if invariants.Enabled {
		for _, m := range members {
			invariants.Check(e.Shares(int(m)), "engine: a counter of ranks on several nodes")
		}
	}
	c.epoch++
	here := atomic.AddUint32(c.arrive, 1)
	if here == uint32(len(members)) {
		atomic.StoreUint32(c.arrive, 0) // before anybody can arrive for the next
		atomic.StoreUint32(c.gen, c.epoch)
		for _, m := range members {
			e.job.Wake(int(m))
		}
		return nil
	}
	if here > uint32(len(members)) {
		return fmt.Errorf("%w: %d arrivals at a barrier of %d", ErrCorrupt, here, len(members))
	}
	for range e.wait.arrive {
		if atomic.LoadUint32(c.gen) == c.epoch {
			return nil
		}
	}
	return e.await(bound, ctx, members, func(r *Req) { r.word, r.want = c.gen, c.epoch }, nil)
}

// released looks at the word that r waits for. It finishes r, with an error if the word is neither that of r's round nor the
// one before: then the word was overwritten, or a rank has left an earlier barrier with an error and begun another.
func (e *Engine) released(r *Req) bool {
	if r.round != nil {
		if atomic.LoadUint64(r.round) < r.upTo {
			return false
		}
		e.finish(r, nil)
		return true
	}
	switch round := atomic.LoadUint32(r.word); round {
	case r.want - 1:
		return false
	case r.want:
		e.finish(r, nil)
	default:
		e.finish(r, fmt.Errorf("%w: a barrier is in round %d, this rank in round %d", ErrCorrupt, round, r.want))
	}
	return true
}
