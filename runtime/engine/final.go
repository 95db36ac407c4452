package engine

import (
	"context"
	"errors"
)

// ErrFinalized is how CompleteWith ends when the peer has left in order.
var ErrFinalized = errors.New("has finalized")

// CompleteWith is Complete for a send to one rank, or a receive from one, that may be in vain because that rank has
// finalized. Then it ends with ErrFinalized, after all that the rank had sent has been received. a is nil for a goroutine that does not work aside.
func (e *Engine) CompleteWith(ctx context.Context, r *Req, a *Aside) (Status, error) {
	e.lock()
	if !r.done {
		e.partings = append(e.partings, r)
		e.part(r)
		e.waitFor(ctx, &cond{one: r, aside: a})
		for i, o := range e.partings {
			if o == r {
				last := len(e.partings) - 1
				e.partings[i], e.partings[last] = e.partings[last], nil
				e.partings = e.partings[:last]
				break
			}
		}
	}
	st, err := r.Status, r.Err
	e.release(r)
	e.unlock()
	return st, err
}

// part ends r if its peer has finalized. Who finalizes raises the epoch afterwards, so nothing is missed between two epochs.
func (e *Engine) part(r *Req) {
	p := e.peers[r.peer]
	if r.done || p.err != nil || r.peer == e.rank || !e.job.Finalized(int(r.peer)) {
		return
	}
	if _, _, yes := e.job.Aborted(); yes { // it has because of that, which the next look at the epoch will tell
		return
	}
	e.admit() // it may have written for the first time before it left
	if p.rx != nil {
		for p.corrupt == nil && p.rx.Ready() && e.receive(p) {
		}
	}
	if !r.done {
		e.expire(r, ErrFinalized)
	}
}

// partAll looks after a change of the epoch for those who have finalized.
func (e *Engine) partAll() {
	for _, r := range e.partings {
		e.part(r)
	}
}
