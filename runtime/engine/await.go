package engine

import (
	"context"
	"sync/atomic"
)

// Await returns when *round, a word in memory that the members of ctx share, has reached upTo, or with an error when a member
// dies or bound ends. Messages go on meanwhile. Who raises the word calls Job().Wake for this rank afterwards. members are ranks of the
// node. bound may be nil, and a for a goroutine that does not work aside.
func (e *Engine) Await(bound context.Context, ctx uint32, members []int32, round *uint64, upTo uint64, a *Aside) error {
	return e.await(bound, ctx, members, func(r *Req) { r.round, r.upTo = round, upTo }, a)
}

// AwaitSoon lets other ranks have the processor some times, and reports whether the word has reached upTo. It is for more ranks than
// processors, before Await: a turn costs little more than the change of context, and who raises the word has nobody to wake.
func (e *Engine) AwaitSoon(round *uint64, upTo uint64) bool {
	if e.wait.turns == 0 {
		return false
	}
	e.lock()
	defer e.unlock()
	for i := range e.wait.turns {
		if e.spells++; i > 0 || e.spells&15 == 0 { // mostly the first turn is enough, and messages can wait for so long
			e.progress()
			if atomic.LoadUint64(round) >= upTo {
				return true
			}
		}
		if e.tok.contend.Load() != 0 {
			return false
		}
		e.job.Step(int(e.rank), true)
		e.ep.Yield()
		e.job.Step(int(e.rank), false)
		if atomic.LoadUint64(round) >= upTo {
			return true
		}
	}
	return false
}

// await waits for the word that name writes into a request.
func (e *Engine) await(bound context.Context, ctx uint32, members []int32, name func(*Req), a *Aside) error {
	e.lock()
	defer e.unlock()
	if err := e.unusable(ctx); err != nil {
		return err
	}
	r := e.newReq(OpWait, ctx, AnySource, AnyTag)
	name(r)
	for _, m := range members {
		if p := e.peers[m]; p.err != nil {
			e.finish(r, e.peerError(p))
			break
		}
	}
	e.waitFor(bound, &cond{one: r, aside: a})
	err := r.Err
	e.release(r)
	return err
}

// Looks is how often it is worth looking at a word before Await: ranks that run answer within that time.
func (e *Engine) Looks() int { return e.wait.arrive }

// Crowded says that there are more ranks than processors.
func (e *Engine) Crowded() bool { return e.wait.patient != 0 || e.wait.spin == 0 }
