package engine

import (
	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/wire"
)

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

// drain takes what the lane waits for straight out of the channel, as long as it comes in order, whole and in lines.
func (e *Engine) drain(p *peer) {
	rx, key := p.rx, p.laneKey
	r := p.lane.head
	for r != nil {
		w0, ok := rx.Peek()
		if !ok || uint16(w0>>16)&^(uint16(wire.Rewind)<<8) != uint16(wire.Eager) || rx.Envelope() != key {
			break
		}
		n := w0 >> 32
		body := rx.Body(n)
		if body == nil || n > uint64(r.N) || r.op != OpRecv || !r.whole() {
			break // the ordinary way will say what is wrong, if anything
		}
		if n == 8 {
			*(*[8]byte)(r.P) = *(*[8]byte)(body)
		} else {
			memmove(r.P, body, int(n))
		}
		next := r.next
		r.next = nil
		r.Status, r.total = Status{p.rank, r.tag, int(n)}, int(n)
		if r.w == nil && !e.parked {
			r.done, r.phase = true, proto.Finished
			e.completed++
		} else {
			p.lane.head = next
			e.finish(r, nil)
		}
		r = next
		if rx.Consume(w0) {
			e.job.Wake(int(p.rank))
		}
	}
	if p.lane.head = r; r == nil {
		p.lane.tail = nil
		e.lanes--
	}
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
