package engine

import "context"

// Complete waits for r, releases it and returns how it ended. ctx may be nil.
func (e *Engine) Complete(ctx context.Context, r *Req) (Status, error) {
	e.lock()
	st, err := e.CompleteHeld(ctx, r)
	e.unlock()
	return st, err
}

// Hold takes the engine's token for some calls of CompleteHeld, and Drop gives it back. Between the two nothing else of
// the engine may be called.
func (e *Engine) Hold() { e.lock() }
func (e *Engine) Drop() { e.unlock() }

// CompleteHeld is Complete between Hold and Drop. While it waits, others get the token.
func (e *Engine) CompleteHeld(ctx context.Context, r *Req) (Status, error) {
	if !r.done {
		e.waitFor(ctx, &cond{one: r})
	}
	st, err := r.Status, r.Err
	e.release(r)
	return st, err
}

// CompleteMove is Complete for a RecvMove, whose body it returns.
func (e *Engine) CompleteMove(ctx context.Context, r *Req) (Status, [moveBytes]byte, error) {
	e.lock()
	e.waitFor(ctx, &cond{one: r})
	st, body, err := r.Status, r.Body, r.Err
	e.release(r)
	e.unlock()
	return st, body, err
}

// Test makes progress once and says whether r is done. It does not release it.
func (e *Engine) Test(r *Req) bool {
	e.lock()
	yield := !r.done && !e.progress() && e.inVain()
	done := r.done
	e.unlock()
	if yield && !done {
		e.ep.Yield()
	}
	return done
}

// inVain counts looks that have found nothing. A program may wait by looking: now and then it
// does what a waiting rank does, and inVain says that it should let others run. Not with the token: those
// others may be of this rank.
func (e *Engine) inVain() (yield bool) {
	if e.idleTests++; e.idleTests&63 != 0 {
		return false
	}
	e.settle()
	return e.wait.spin == 0
}

// WaitMany waits until all of rs are done, or any of them; nil entries count as done. It releases none.
func (e *Engine) WaitMany(ctx context.Context, rs []*Req, any bool) {
	e.lock()
	e.waitFor(ctx, &cond{many: rs, any: any})
	e.unlock()
}

// TestMany makes progress once and says whether all of rs are done, or any of them.
func (e *Engine) TestMany(rs []*Req, any bool) bool {
	e.lock()
	c := cond{many: rs, any: any}
	ok, yield := e.ready(&c), false
	if !ok {
		yield = !e.progress() && e.inVain()
		ok = e.ready(&c)
	}
	e.unlock()
	if yield && !ok {
		e.ep.Yield()
	}
	return ok
}

// Done says whether r, with this serial, is done. A request that was released counts as gone.
func (e *Engine) Done(r *Req, serial uint32) (done, gone bool) {
	e.lock()
	done, gone = r.done, r.serial != serial
	e.unlock()
	return done, gone
}

// Outlast waits for r, which goes on when ctx ends first, and says whether it is done. It does not release it.
func (e *Engine) Outlast(ctx context.Context, r *Req) bool {
	e.lock()
	e.waitFor(ctx, &cond{one: r, keep: true})
	done := r.done
	e.unlock()
	return done
}

// Take releases a request that is done and returns how it ended.
func (e *Engine) Take(r *Req) (Status, error) {
	e.lock()
	st, err := r.Status, r.Err
	e.release(r)
	e.unlock()
	return st, err
}

// Poll makes progress once, like Test for the requests of others.
func (e *Engine) Poll() {
	e.lock()
	yield := !e.progress() && e.inVain()
	e.unlock()
	if yield {
		e.ep.Yield()
	}
}
