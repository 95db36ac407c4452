package engine

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
)

// startLocal sends to this rank itself: no channel, the message is copied once
// or, when small and unexpected, twice.
func (e *Engine) startLocal(r *Req) {
	e.spill(e.peers[e.rank])
	if q, ok := e.q.Arrive(r.ctx, e.rank, r.tag); ok {
		q.Status = Status{e.rank, r.tag, r.N}
		q.acceptLocal(e, r)
		return
	}
	m := e.newMessage()
	m.src, m.ctx, m.tag, m.total = e.rank, r.ctx, r.tag, r.N
	e.q.AddUnexpected(r.ctx, e.rank, r.tag, m)
	switch {
	case r.op == OpMove:
		m.kind, m.got = wire.Move, r.N
		m.body = r.Body
		e.finish(r, nil)
	case r.op == OpSend && r.N <= e.limits.Eager:
		m.kind, m.got = wire.Eager, r.N
		m.buf = e.pool.get(r.N)
		if r.N > 0 {
			r.read(unsafe.Pointer(unsafe.SliceData(m.buf)), 0, r.N)
		}
		e.finish(r, nil)
	default:
		m.kind, m.local = wire.RTS, r
		r.msg = m
		e.selves.push(r)
	}
	if len(e.watched) != 0 { // a probe may wait for it, and whoever makes progress may sleep
		e.checkWatched()
	}
}

// acceptLocal copies a send of this rank into its receive q and finishes both.
func (q *Req) acceptLocal(e *Engine, s *Req) {
	q.total = s.N
	q.Status.Bytes = s.N
	if s.msg != nil {
		s.msg = nil
		e.selves.remove(s)
	}
	if s.op == OpMove {
		q.Body = s.Body
		e.finish(q, e.wrongKind(q, wire.Move))
		e.finish(s, nil)
		return
	}
	if err := e.wrongKind(q, wire.Eager); err != nil {
		e.finish(q, err)
		e.finish(s, nil)
		return
	}
	n := min(q.N, s.N)
	switch {
	case s.whole():
		q.write(0, s.P, n)
	case q.whole():
		s.read(q.P, 0, n)
	default:
		buf := e.pool.get(32 << 10)
		p := unsafe.Pointer(unsafe.SliceData(buf))
		for at := 0; at < n; at += len(buf) {
			k := min(len(buf), n-at)
			s.read(p, at, k)
			q.write(at, p, k)
		}
		e.pool.put(buf)
	}
	e.finish(q, q.truncated())
	e.finish(s, nil)
}

// takeSelf ends an unmatched send of this rank to itself, and says whether it
// could. With force also one that a matched probe has taken: who receives it is told.
func (e *Engine) takeSelf(r *Req, force bool) bool {
	m := r.msg
	switch {
	case !m.taken:
		e.q.RemoveUnexpected(func(_ uint32, _, _ int32, u *message) bool { return u == m }, e.releaseMessage)
	case force:
		m.local, m.withdrawn = nil, true
	default:
		return false
	}
	r.msg = nil
	e.selves.remove(r)
	return true
}

// dropSelves ends those sends of this rank to itself that doomed names.
func (e *Engine) dropSelves(doomed func(*Req) bool, cause error) {
	for r := e.selves.head; r != nil; {
		next := r.next
		if doomed(r) && e.takeSelf(r, true) {
			e.finish(r, cause)
		}
		r = next
	}
}
