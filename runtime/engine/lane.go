package engine

import "github.com/golaunch/golaunch/runtime/wire"

// A lane is the fast form of what is posted for one source: receives of one
// context and tag, in order, while nothing else is posted or queued that could concern that
// source. A window of receives, the usual way to keep a link busy, never
// enters the matching queues then: posting is an append, matching a look at the head. As
// soon as anything else comes up, the lane is emptied into the queues, in order, and all is as if it had never been.

// postLane puts r into its source's lane if it may be there.
func (e *Engine) postLane(p *peer, r *Req) bool {
	if r.tag == AnyTag || p.err != nil || !e.q.Quiet(p.rank) {
		return false
	}
	key := wire.Word1(r.ctx, r.tag)
	if p.lane.head == nil {
		p.laneKey = key
		e.lanes++
	} else if p.laneKey != key {
		return false
	}
	p.lane.push(r)
	return true
}

// matchLane takes the oldest receive of the lane, if the lane is for such messages.
func (e *Engine) matchLane(p *peer, ctx uint32, tag int32) *Req {
	if p.lane.head == nil || p.laneKey != wire.Word1(ctx, tag) {
		return nil
	}
	r := p.lane.pop()
	if p.lane.head == nil {
		e.lanes--
	}
	return r
}

// spill moves a lane's receives into the queues.
func (e *Engine) spill(p *peer) {
	if p.lane.head == nil {
		return
	}
	e.lanes--
	for p.lane.head != nil {
		r := p.lane.pop()
		_, _, r.handle = e.q.Post(r.ctx, r.peer, r.tag, r) // no message waits for it: it would have been matched
	}
}

// spillAll empties every lane: before anything that looks at what is posted as a whole.
func (e *Engine) spillAll() {
	if e.lanes == 0 {
		return
	}
	for _, p := range e.peers {
		e.spill(p)
	}
}
