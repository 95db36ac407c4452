package engine

// progress looks once at everything that can move and says whether anything did.
func (e *Engine) progress() bool {
	moved := false
	if e.turns++; e.turns&1023 == 0 { // a rank that never waits hears of deaths and aborts too
		moved = e.settle()
	}
	for _, p := range e.open {
		if !p.rx.Ready() {
			if p.rx.Relax() {
				e.job.Wake(int(p.rank))
			}
		} else if p.corrupt == nil {
			moved = e.receive(p) || moved
		}
	}
	if len(e.offered) != 0 {
		moved = e.answers() || moved
	}
	if len(e.busy) != 0 {
		moved = e.pushAll() || moved
	}
	if len(e.watched) != 0 {
		moved = e.checkWatched() || moved
	}
	return moved
}

// checkWatched finishes what waits for no message in particular.
func (e *Engine) checkWatched() bool {
	moved := false
	for i := 0; i < len(e.watched); {
		r := e.watched[i]
		if !r.done && e.check(r) {
			if !r.done {
				e.finish(r, nil)
			}
			moved = true
		}
		if !r.done {
			i++
			continue
		}
		e.unwatch(i)
	}
	return moved
}

func (e *Engine) unwatch(i int) {
	last := len(e.watched) - 1
	e.watched[i] = e.watched[last]
	e.watched[last] = nil
	e.watched = e.watched[:last]
}

// check says whether a request is fulfilled that no message finishes, or has just failed.
func (e *Engine) check(r *Req) bool {
	switch r.op {
	case OpWait:
		return e.released(r)
	case OpProbe:
		return e.peek(r)
	case OpMprobe:
		return e.pick(r)
	}
	return false
}

// pushAll moves what waits towards all peers.
func (e *Engine) pushAll() bool {
	moved := false
	for i := 0; i < len(e.busy); {
		p := e.busy[i]
		if p.err == nil {
			moved = e.push(p) || moved
		}
		if p.err != nil || p.pend.head == nil && p.grants.head == nil && len(p.control) == 0 {
			p.queued = false
			last := len(e.busy) - 1
			e.busy[i] = e.busy[last]
			e.busy[last] = nil
			e.busy = e.busy[:last]
			continue
		}
		i++
	}
	return moved
}

// settle is what a waiting rank does now and then, and before it sleeps: it tells its peers what it
// has consumed, looks for new peers, deaths and aborts. It says whether there is something new to look at.
func (e *Engine) settle() bool {
	moved := false
	for _, p := range e.open {
		if p.rx.Unpublished() && p.rx.Publish() {
			e.job.Wake(int(p.rank))
		}
	}
	for _, p := range e.open {
		if p.err == nil {
			if err := p.rx.Stray(); err != nil {
				e.corrupt(p, err)
				moved = true
			}
		}
	}
	before := len(e.open)
	e.admit()
	if len(e.open) != before {
		moved = true
	}
	if ep := e.job.Epoch().Load(); ep != e.epoch {
		e.epoch = ep
		e.newEpoch()
		moved = true
	}
	return moved
}
