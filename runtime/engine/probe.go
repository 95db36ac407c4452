package engine

import (
	"context"
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/wire"
)

// Message is a message taken by a matched probe; Receive delivers it.
type Message struct {
	m      *message
	Status Status
}

// peek looks for a message that fits the probe r, without taking it.
func (e *Engine) peek(r *Req) bool {
	for {
		m, from, with, ok := e.q.Peek(r.ctx, r.peer, r.tag)
		if !ok {
			return false
		}
		if m.kind == wire.RTS && m.local == nil {
			word := atomic.LoadUint64(e.peers[m.src].rx.Desc(int(m.offer.Desc)))
			if word != wire.DescWord(m.offer.Gen, wire.DescOffered) { // its sender took it back
				e.q.Take(r.ctx, r.peer, r.tag)
				e.releaseMessage(m)
				continue
			}
		}
		r.Status = Status{from, with, m.total}
		return true
	}
}

// pick takes a message that fits the matched probe r. From here on its sender can't take it back.
func (e *Engine) pick(r *Req) bool {
	for e.peek(r) {
		m, _, _, _ := e.q.Take(r.ctx, r.peer, r.tag)
		if m.kind == wire.RTS && m.local == nil {
			word := e.peers[m.src].rx.Desc(int(m.offer.Desc))
			if !atomic.CompareAndSwapUint64(word, wire.DescWord(m.offer.Gen, wire.DescOffered), wire.DescWord(m.offer.Gen, wire.DescClaimed)) {
				e.releaseMessage(m) // it just did
				continue
			}
		}
		m.taken = true
		r.msg = m
		return true
	}
	return false
}

// hopeless says why a message from src that has not come never will, or may never.
func (e *Engine) hopeless(ctx uint32, src int32) error {
	if src == AnySource {
		dead, yes := e.unknown(ctx)
		if !yes {
			return nil
		}
		src = dead
	}
	if p := e.peers[src]; p.err != nil {
		return e.peerError(p)
	}
	return nil
}

// Iprobe looks for a message after making progress once.
func (e *Engine) Iprobe(ctx uint32, src, tag int32) (Status, bool, error) {
	m, ok, err := e.glance(OpProbe, ctx, src, tag)
	return m.Status, ok, err
}

// glance looks for a message once.
func (e *Engine) glance(op Op, ctx uint32, src, tag int32) (Message, bool, error) {
	e.lock()
	if err := e.unusable(ctx); err != nil {
		e.unlock()
		return Message{}, false, err
	}
	r := e.newReq(op, ctx, src, tag)
	ok, yield := e.check(r), false
	if !ok {
		if !e.progress() {
			e.settle()
		}
		ok = e.check(r)
		yield = !ok && e.inVain()
	}
	var err error
	if !ok {
		err = e.hopeless(ctx, src)
	}
	m := Message{r.msg, r.Status}
	e.release(r)
	e.unlock()
	if yield {
		e.ep.Yield()
	}
	return m, ok, err
}

// Probe waits for a message and leaves it where it is. wait may be nil.
func (e *Engine) Probe(wait context.Context, ctx uint32, src, tag int32) (Status, error) {
	e.lock()
	defer e.unlock()
	r := e.newReq(OpProbe, ctx, src, tag)
	defer e.release(r)
	e.search(wait, r)
	return r.Status, r.Err
}

// search waits for a probe.
func (e *Engine) search(wait context.Context, r *Req) {
	if err := e.unusable(r.ctx); err != nil {
		e.finish(r, err)
		return
	}
	if e.check(r) {
		e.finish(r, nil)
		return
	}
	if err := e.hopeless(r.ctx, r.peer); err != nil {
		e.finish(r, err)
		return
	}
	e.waitFor(wait, &cond{one: r})
}

// Mprobe waits for a message and takes it out of the queue.
func (e *Engine) Mprobe(wait context.Context, ctx uint32, src, tag int32) (Message, error) {
	e.lock()
	defer e.unlock()
	r := e.newReq(OpMprobe, ctx, src, tag)
	defer e.release(r)
	e.search(wait, r)
	return Message{r.msg, r.Status}, r.Err
}

// Improbe is Mprobe that makes progress once and does not wait.
func (e *Engine) Improbe(ctx uint32, src, tag int32) (Message, bool, error) {
	return e.glance(OpMprobe, ctx, src, tag)
}

// Receive begins to deliver a probed message into d. Each message can be received once.
func (e *Engine) Receive(op Op, ctx uint32, m Message, d Data) *Req {
	e.lock()
	defer e.leave()
	r := e.newReq(op, ctx, m.m.src, m.m.tag)
	r.Data = d
	if err := e.unusable(ctx); err != nil {
		e.finish(r, err)
		return r
	}
	e.take(r, m.m)
	return r
}
