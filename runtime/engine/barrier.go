package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"

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
// now. The generation can't move before this rank has arrived, so all members start from the same. ok is false when there is no such block.
func (e *Engine) NewCounter(leader, i int) (c Counter, ok bool) {
	if i >= segment.Blocks {
		return c, false
	}
	p := e.job.Block(leader, i)
	c.arrive, c.gen = (*uint32)(p), (*uint32)(unsafe.Add(p, 64))
	c.epoch = atomic.LoadUint32(c.gen)
	return c, true
}

// Barrier returns when all members have called it. members are ranks of the
// node, this one included.
func (e *Engine) Barrier(ctx context.Context, c *Counter, context uint32, members []int32) error {
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
	e.lock()
	if err := e.unusable(context); err != nil {
		e.unlock()
		return err
	}
	r := e.newReq(OpWait, context, AnySource, AnyTag)
	r.word, r.want = c.gen, c.epoch
	for _, m := range members {
		if p := e.peers[m]; p.err != nil {
			e.finish(r, e.peerError(p))
		}
	}
	e.waitFor(ctx, &cond{one: r})
	err := r.Err
	e.release(r)
	e.unlock()
	return err
}

// released looks at the word that r waits for. It finishes r, with an error if the word is neither that of r's round nor the
// one before: then the word was overwritten, or a rank has left an earlier barrier with an error and begun another.
func (e *Engine) released(r *Req) bool {
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
