package engine

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/wire"
)

// receive takes what a peer has sent and says whether there was anything.
func (e *Engine) receive(p *peer) bool {
	if !p.rx.Ready() {
		return false
	}
	if p.lane.head != nil {
		e.drain(p)
	}
	rec := &e.rec
	for i := 0; i < 32 && p.corrupt == nil && p.rx.Next(rec); i++ {
		e.handle(p, rec)
		if p.rx.Advance(rec) {
			e.job.Wake(int(p.rank))
		}
	}
	if err := p.rx.Err(); err != nil && p.corrupt == nil {
		e.corrupt(p, err)
	}
	return true
}

func (e *Engine) handle(p *peer, rec *ring.Record) {
	if rec.Tag < 0 {
		e.corrupt(p, fmt.Errorf("%v with tag %d", rec.Kind, rec.Tag))
		return
	}
	switch rec.Kind {
	case wire.Eager:
		if r := e.matchLane(p, rec.Ctx, rec.Tag); r != nil {
			r.Status = Status{p.rank, rec.Tag, rec.Len}
			r.total = rec.Len
			e.deliver(r, rec.Data, rec.Len)
			return
		}
		if r, ok := e.q.Arrive(rec.Ctx, p.rank, rec.Tag); ok {
			r.Status = Status{p.rank, rec.Tag, rec.Len}
			r.total = rec.Len
			e.deliver(r, rec.Data, rec.Len)
			return
		}
		m := e.unexpected(p, rec)
		if m == nil {
			return
		}
		m.total, m.got = rec.Len, rec.Len
		m.buf = e.pool.get(rec.Len)
		copy(m.buf, rec.Bytes())
	case wire.First:
		e.first(p, rec)
	case wire.More:
		if p.curLen == 0 {
			e.corrupt(p, fmt.Errorf("a part of a message that was never begun"))
			return
		}
		e.more(p, rec)
	case wire.RTS:
		if rec.Len != wire.OfferBytes {
			e.corrupt(p, fmt.Errorf("offer of %d bytes", rec.Len))
			return
		}
		o, err := wire.ParseOffer(rec.Bytes(), ring.Descs, int(e.size))
		if err != nil {
			e.corrupt(p, err)
			return
		}
		e.spill(p)
		if r, ok := e.q.Find(rec.Ctx, p.rank, rec.Tag); ok {
			// The receive leaves its place in the queue only when the sender can't take the message back any more.
			if e.claim(p, r, o, false) {
				e.q.Cancel(r.handle)
				r.Status = Status{p.rank, rec.Tag, int(o.Total)}
				e.accept(p, r, o)
			}
			return
		}
		if m := e.unexpected(p, rec); m != nil {
			m.offer, m.total = o, int(o.Total)
		}
	case wire.Data:
		e.data(p, rec)
	case wire.Move:
		if rec.Len != moveBytes {
			e.corrupt(p, fmt.Errorf("move record of %d bytes", rec.Len))
			return
		}
		e.spill(p)
		if r, ok := e.q.Arrive(rec.Ctx, p.rank, rec.Tag); ok {
			r.Status = Status{p.rank, rec.Tag, rec.Len}
			r.total = rec.Len
			r.Body = *(*[moveBytes]byte)(rec.Data)
			e.finish(r, e.wrongKind(r, wire.Move))
			return
		}
		if m := e.unexpected(p, rec); m != nil {
			m.total, m.got = rec.Len, rec.Len
			m.body = *(*[moveBytes]byte)(rec.Data)
		}
	case wire.Revoke:
		e.revokedByPeer(rec.Ctx)
	case wire.Stop:
		if rec.Len != 16 {
			e.corrupt(p, fmt.Errorf("stop record of %d bytes", rec.Len))
			return
		}
		b := rec.Bytes()
		e.stopped(p, binary.LittleEndian.Uint64(b), uint32(binary.LittleEndian.Uint64(b[8:])))
	}
}

// unexpected queues a message for which nothing is posted; nil when its communicator is revoked.
func (e *Engine) unexpected(p *peer, rec *ring.Record) *message {
	if len(e.revoked) > 0 && e.revoked[rec.Ctx] {
		return nil
	}
	m := e.newMessage()
	m.kind, m.src, m.ctx, m.tag = rec.Kind, p.rank, rec.Ctx, rec.Tag
	e.q.AddUnexpected(rec.Ctx, p.rank, rec.Tag, m)
	return m
}

// first begins an eager message in parts.
func (e *Engine) first(p *peer, rec *ring.Record) {
	if rec.Aux0 < uint64(rec.Len) || rec.Aux0 > uint64(p.rx.MaxBulk()) || p.curLen != 0 {
		e.corrupt(p, fmt.Errorf("first part of %d bytes of a message of %d", rec.Len, rec.Aux0))
		return
	}
	p.curLen, p.curGot, p.cur, p.curMsg = int(rec.Aux0), 0, nil, nil
	e.spill(p)
	if r, ok := e.q.Arrive(rec.Ctx, p.rank, rec.Tag); ok {
		r.Status = Status{p.rank, rec.Tag, p.curLen}
		r.total = p.curLen
		r.peer = p.rank
		p.cur = r
	} else if m := e.unexpected(p, rec); m != nil {
		m.kind, m.total = wire.First, p.curLen
		m.buf = e.pool.get(p.curLen)
		p.curMsg = m
	}
	e.more(p, rec)
}

// more takes a part of the eager message under way. With neither a receive nor
// a message to put it in (cancelled, revoked), it is dropped.
func (e *Engine) more(p *peer, rec *ring.Record) {
	at := p.curGot
	p.curGot += rec.Len
	last := p.curGot >= p.curLen
	if p.curGot > p.curLen {
		e.corrupt(p, fmt.Errorf("parts of %d bytes for a message of %d", p.curGot, p.curLen))
		return
	}
	if last {
		p.curLen = 0
	}
	switch {
	case p.cur != nil:
		r := p.cur
		if r.op != OpRecvMove {
			r.write(at, rec.Data, rec.Len)
		}
		if last {
			p.cur = nil
			err := r.truncated()
			if e := e.wrongKind(r, wire.First); e != nil {
				err = e
			}
			e.finish(r, err)
		}
	case p.curMsg != nil:
		m := p.curMsg
		copy(m.buf[at:], rec.Bytes())
		m.got = p.curGot
		if last {
			p.curMsg = nil
			if r := m.claim; r != nil {
				r.msg = nil
				e.deliver(r, unsafe.Pointer(unsafe.SliceData(m.buf)), m.total)
				e.releaseMessage(m)
			}
		}
	}
}
