package engine

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/wire"
)

// TrySend sends n bytes at p if that can be done at once: a small message, a
// peer in order, room in the ring. It says false when it did nothing.
func (e *Engine) TrySend(ctx uint32, dst, tag int32, p unsafe.Pointer, n int) bool {
	if n > e.inline {
		return false
	}
	e.lock()
	pr := e.peers[dst]
	if pr.tx == nil || pr.queued || pr.err != nil {
		e.unlock()
		return false
	}
	b := pr.tx.Inline(n)
	if b == nil {
		e.unlock()
		return false
	}
	memmove(b, p, n)
	pr.tx.Commit(wire.Eager, n, wire.Word1(ctx, tag))
	e.unlock()
	if atomic.LoadUint32(pr.park) != 0 {
		e.job.Wake(int(dst))
	}
	return true
}

// StartSend begins to send d and returns the request. op is OpSend or OpSsend.
func (e *Engine) StartSend(op Op, ctx uint32, dst, tag int32, d Data) *Req {
	e.lock()
	r := e.newReq(op, ctx, dst, tag)
	r.Data = d
	r.total = d.N
	e.start(r)
	e.leave()
	return r
}

// StartMove begins to send the body of a Move record: who receives it owns the block.
func (e *Engine) StartMove(ctx uint32, dst, tag int32, body []byte) *Req {
	e.lock()
	defer e.leave()
	r := e.newReq(OpMove, ctx, dst, tag)
	copy(r.Body[:], body)
	r.Data = Data{P: unsafe.Pointer(&r.Body), N: len(body)}
	r.total = len(body)
	e.start(r)
	return r
}

// TryMove is TrySend for the body of a Move record.
func (e *Engine) TryMove(ctx uint32, dst, tag int32, body *[moveBytes]byte) bool {
	e.lock()
	pr := e.peers[dst]
	if pr.tx == nil || pr.queued || pr.err != nil {
		e.unlock()
		return false
	}
	b := pr.tx.Inline(moveBytes)
	if b == nil {
		e.unlock()
		return false
	}
	*(*[moveBytes]byte)(b) = *body
	pr.tx.Commit(wire.Move, moveBytes, wire.Word1(ctx, tag))
	e.unlock()
	if atomic.LoadUint32(pr.park) != 0 {
		e.job.Wake(int(dst))
	}
	return true
}

// start sends what can be sent now and queues the rest.
func (e *Engine) start(r *Req) {
	if err := e.unusable(r.ctx); err != nil {
		e.finish(r, err)
		return
	}
	if r.peer == e.rank {
		e.startLocal(r)
		return
	}
	p := e.peers[r.peer]
	if p.err != nil {
		e.finish(r, e.peerError(p))
		return
	}
	if p.tx == nil {
		if err := e.connect(p); err != nil {
			e.finish(r, err)
			return
		}
	}
	switch {
	case r.op == OpMove:
		r.choice = proto.Inline
	default:
		r.heap = wire.NoHeap
		arena := false
		if r.N > e.limits.Eager && r.whole() && !p.far {
			r.heap, r.off, arena = e.inHeap(r.P, r.N)
		}
		r.choice = e.limits.Choose(r.N, r.op == OpSsend, arena)
	}
	if !p.queued { // nothing is before it
		did, more := e.inject(p, r)
		if did {
			e.job.Wake(int(p.rank))
		}
		if !more {
			if r.phase == proto.Finished {
				e.finish(r, nil)
			}
			return
		}
	}
	p.pend.push(r)
	e.enqueue(p)
}

// unusable says why nothing can be begun on ctx.
func (e *Engine) unusable(ctx uint32) error {
	switch {
	case e.closed:
		return ErrClosed
	case e.aborted != nil:
		return e.aborted
	case len(e.revoked) > 0 && e.revoked[ctx]:
		return ErrRevoked
	}
	return nil
}

// push moves what waits towards a peer as far as there is room, and says whether anything moved.
func (e *Engine) push(p *peer) bool {
	moved := false
	for len(p.control) > 0 && e.putControl(p, &p.control[0]) {
		p.control = p.control[1:]
		moved = true
	}
	for p.pend.head != nil && len(p.control) == 0 {
		r := p.pend.head
		did, more := e.inject(p, r)
		moved = moved || did
		if more {
			break
		}
		p.pend.pop()
		if r.phase == proto.Finished {
			e.finish(r, nil)
		}
	}
	for p.grants.head != nil {
		r := p.grants.head
		did := e.stream(p, r)
		moved = moved || did
		if r.phase != proto.Finished {
			break
		}
		p.grants.pop()
		p.descs.give(r.desc)
		e.finish(r, nil)
	}
	if moved {
		e.job.Wake(int(p.rank))
	}
	if err := p.tx.Err(); err != nil && p.corrupt == nil {
		p.corrupt = err
		e.failPeer(p, err)
	}
	return moved
}

// inject lets the head of a peer's queue leave. more: it has to stay at the head.
func (e *Engine) inject(p *peer, r *Req) (did, more bool) {
	w1 := wire.Word1(r.ctx, r.tag)
	switch r.choice {
	case proto.Inline:
		b := p.tx.Inline(r.N)
		if b == nil {
			return false, true
		}
		r.read(b, 0, r.N)
		kind := wire.Eager
		if r.op == OpMove {
			kind = wire.Move
		}
		p.tx.Commit(kind, r.N, w1)
		r.step(proto.LastPart)
		return true, false
	case proto.Parts:
		for r.moved < r.N {
			n := e.limits.NextPart(r.N, r.moved)
			b := p.tx.BulkRoom(n)
			if b == nil {
				return did, true
			}
			r.read(b, r.moved, n)
			kind := wire.More
			if r.moved == 0 {
				kind = wire.First
			}
			p.tx.CommitBulk(kind, n, w1, uint64(r.N), 0)
			if !did {
				e.job.Wake(int(p.rank)) // let it copy while we do
			}
			r.moved += n
			did = true
			if r.moved < r.N {
				r.step(proto.Part)
			}
		}
		r.step(proto.LastPart)
		return true, false
	}
	// Rendezvous.
	if !p.descs.any() {
		return false, true
	}
	b := p.tx.Inline(wire.OfferBytes)
	if b == nil {
		return false, true
	}
	r.desc, r.gen = p.descs.take()
	o := wire.Offer{Total: uint64(r.N), Gen: r.gen, Desc: uint16(r.desc), Heap: r.heap, Off: r.off}
	if r.choice != proto.Borrow {
		o.Heap = wire.NoHeap
	}
	o.Put(unsafe.Slice((*byte)(b), wire.OfferBytes))
	atomic.StoreUint64(p.tx.Desc(int(r.desc)), wire.DescWord(r.gen, wire.DescOffered))
	p.tx.Commit(wire.RTS, wire.OfferBytes, w1)
	r.step(proto.Offer)
	e.offered = append(e.offered, r)
	return true, false
}

// stream sends parts of a granted message while there is room.
func (e *Engine) stream(p *peer, r *Req) (did bool) {
	for r.moved < r.N {
		n := e.limits.NextPart(r.N, r.moved)
		b := p.tx.BulkRoom(n)
		if b == nil {
			return did
		}
		r.read(b, r.moved, n)
		p.tx.CommitBulk(wire.Data, n, wire.Word1(r.ctx, r.tag), uint64(r.desc), uint64(r.gen))
		r.moved += n
		did = true
	}
	r.step(proto.LastPart)
	return true
}

func (r *Req) step(ev proto.Event) bool {
	next, ok := proto.Step(r.phase, ev)
	r.phase = next
	return ok
}

// answers looks at the descriptors of offered sends and says whether one was answered.
func (e *Engine) answers() bool {
	moved := false
	for i := 0; i < len(e.offered); {
		r := e.offered[i]
		p := e.peers[r.peer]
		gen, state := wire.DescSplit(atomic.LoadUint64(p.tx.Desc(int(r.desc))))
		if gen != r.gen { // only this rank changes it
			e.corrupt(p, fmt.Errorf("descriptor %d holds generation %d, not %d", r.desc, gen, r.gen))
			return true // the list is another one now
		}
		if state == wire.DescOffered || state == wire.DescClaimed || state == wire.DescGranted && r.choice == proto.Borrow {
			i++ // no answer yet, or the receiver is reading our buffer
			continue
		}
		moved = true
		last := len(e.offered) - 1
		e.offered[i] = e.offered[last]
		e.offered[last] = nil
		e.offered = e.offered[:last]
		switch {
		case state == wire.DescGranted && r.choice == proto.Stream && r.N > 0:
			r.step(proto.Grant)
			if e.revoked[r.ctx] { // granted in the moment of the revocation
				e.withdraw(p, r)
				p.descs.give(r.desc)
				e.finish(r, ErrRevoked)
				break
			}
			p.grants.push(r)
			e.enqueue(p)
		case state == wire.DescGranted && r.choice == proto.Stream, state == wire.DescDone:
			r.step(proto.Done)
			r.phase = proto.Finished
			p.descs.give(r.desc)
			e.finish(r, nil)
		default: // refused, or nonsense: the descriptor stays out of use
			r.step(proto.Fail)
			e.finish(r, ErrWithdrawn)
		}
	}
	return moved
}

// withdraw tells the receiver of a granted send that no more will come.
func (e *Engine) withdraw(p *peer, r *Req) {
	c := control{kind: wire.Stop, w1: wire.Word1(r.ctx, r.tag), n: 16}
	binary.LittleEndian.PutUint64(c.body[0:], uint64(r.desc))
	binary.LittleEndian.PutUint64(c.body[8:], uint64(r.gen))
	e.sendControl(p, c)
}
