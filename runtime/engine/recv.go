package engine

import (
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
)

// TryRecv receives a whole message of at most n bytes into p straight from the channel,
// without a request: when nothing else is posted or queued that could concern
// it, and the message arrives soon. It says false when it did nothing. src is
// not AnySource and not this rank.
func (e *Engine) TryRecv(ctx uint32, src, tag int32, p unsafe.Pointer, n int, st *Status) bool {
	e.lock()
	pr := e.peers[src]
	if pr.rx == nil || e.progressor || !e.q.Quiet(src) || pr.lane.head != nil || len(e.busy) != 0 || len(e.offered) != 0 {
		e.unlock()
		return false
	}
	rx := pr.rx
	w0, ok := rx.Peek()
	if !ok && rx.Relax() {
		e.job.Wake(int(src))
	}
	for i := 0; !ok; i++ {
		if i >= e.wait.direct && e.lose(src, i) || e.tok.contend.Load() != 0 {
			e.unlock()
			return false
		}
		w0, ok = rx.Peek()
	}
	// From here on every nanosecond is latency.
	w1 := rx.Envelope()
	got := int32(w1 >> 32)
	length := w0 >> 32
	if uint16(w0>>16)&^(uint16(wire.Rewind)<<8) != uint16(wire.Eager) || uint32(w1) != ctx || (got != tag && (tag != AnyTag || got < 0)) || length > uint64(n) {
		e.unlock()
		return false
	}
	body := rx.Body(length)
	if body == nil { // nonsense: the ordinary way will say so
		e.unlock()
		return false
	}
	if length == 8 {
		*(*[8]byte)(p) = *(*[8]byte)(body)
	} else {
		memmove(p, body, int(length))
	}
	st.Source, st.Tag, st.Bytes = src, got, int(length)
	e.completed++
	if rx.Consume(w0) {
		e.job.Wake(int(src))
	}
	if e.completed&1023 == 0 { // who never waits hears of deaths and aborts here
		e.settle()
	}
	e.unlock()
	return true
}

// lose says whether to stop looking for a message of src after i looks.
func (e *Engine) lose(src int32, i int) bool {
	return i >= e.wait.patient || i&63 == 0 && e.job.Away(int(src))
}

// TryRecvMove is TryRecv for a Move record, whose body it copies.
func (e *Engine) TryRecvMove(ctx uint32, src, tag int32, body *[moveBytes]byte, st *Status) bool {
	e.lock()
	defer e.unlock()
	pr := e.peers[src]
	if pr.rx == nil || e.progressor || !e.q.Quiet(src) || pr.lane.head != nil || len(e.busy) != 0 || len(e.offered) != 0 {
		return false
	}
	for i := 0; !pr.rx.Ready(); i++ {
		if i >= e.wait.direct || e.tok.contend.Load() != 0 {
			return false
		}
	}
	rec := &e.rec
	if !pr.rx.Next(rec) || rec.Kind != wire.Move || rec.Ctx != ctx || (rec.Tag != tag && (tag != AnyTag || rec.Tag < 0)) || rec.Len != moveBytes {
		return false
	}
	*body = *(*[moveBytes]byte)(rec.Data)
	st.Source, st.Tag, st.Bytes = src, rec.Tag, rec.Len
	e.completed++
	if pr.rx.Advance(rec) {
		e.job.Wake(int(src))
	}
	return true
}

// StartRecv posts a receive into d and returns the request. src may be
// AnySource, tag AnyTag.
func (e *Engine) StartRecv(op Op, ctx uint32, src, tag int32, d Data) *Req {
	e.lock()
	r := e.newReq(op, ctx, src, tag)
	r.Data = d
	r.any = src == AnySource
	e.post(r)
	e.leave()
	return r
}

// StartRecvBytes is StartRecv of at most n bytes at p.
func (e *Engine) StartRecvBytes(ctx uint32, src, tag int32, p unsafe.Pointer, n int) *Req {
	e.lock()
	if src >= 0 && e.free != nil && e.traced == nil {
		// A lane that holds something proves that all is well with the source and the context.
		if pr := e.peers[src]; pr.lane.tail != nil && pr.laneKey == wire.Word1(ctx, tag) {
			r := e.free
			e.free = r.next
			r.reset(OpRecv, ctx, src, tag)
			r.P, r.N = p, n
			pr.lane.tail.next = r
			pr.lane.tail = r
			e.unlock()
			return r
		}
	}
	r := e.newReq(OpRecv, ctx, src, tag)
	r.P, r.N = p, n
	r.any = src == AnySource
	e.post(r)
	e.leave()
	return r
}

func (e *Engine) post(r *Req) {
	if err := e.unusable(r.ctx); err != nil {
		e.finish(r, err)
		return
	}
	if r.peer >= 0 {
		p := e.peers[r.peer]
		if e.postLane(p, r) {
			return
		}
		e.spill(p)
	} else {
		e.spillAll()
	}
	m, ok, h := e.q.Post(r.ctx, r.peer, r.tag, r)
	if ok {
		e.take(r, m)
		return
	}
	r.handle = h
	if r.peer >= 0 {
		if p := e.peers[r.peer]; p.err != nil {
			e.q.Cancel(h)
			e.finish(r, e.peerError(p))
		}
	} else if dead, yes := e.unknown(r.ctx); yes {
		e.q.Cancel(h)
		r.peer = dead
		e.finish(r, e.peerError(e.peers[dead]))
	}
}

// take delivers an unexpected message to the receive that matched it.
func (e *Engine) take(r *Req, m *message) {
	r.Status = Status{Source: m.src, Tag: m.tag, Bytes: m.total}
	r.total = m.total
	switch {
	case m.withdrawn:
		e.releaseMessage(m)
		e.finish(r, ErrWithdrawn)
	case m.local != nil:
		s := m.local
		e.releaseMessage(m)
		r.acceptLocal(e, s)
	case m.kind == wire.RTS:
		o, taken := m.offer, m.taken
		src := e.peers[m.src]
		e.releaseMessage(m)
		switch {
		case e.claim(src, r, o, taken):
			e.accept(src, r, o)
		case taken:
			e.finish(r, ErrWithdrawn)
		default: // its sender took it back in this moment: it never was
			r.Status, r.total = Status{}, 0
			e.post(r)
		}
	case m.kind == wire.Move:
		r.Body = m.body
		e.releaseMessage(m)
		e.finish(r, e.wrongKind(r, wire.Move))
	case m.got < m.total:
		if m.dead {
			src := e.peers[m.src]
			e.releaseMessage(m)
			e.finish(r, e.peerError(src))
			return
		}
		m.claim = r
		r.msg = m
	default:
		e.deliver(r, unsafe.Pointer(unsafe.SliceData(m.buf)), m.total)
		e.releaseMessage(m)
	}
}

// wrongKind is the error of a Move taken by Recv or of data taken by RecvMove.
func (e *Engine) wrongKind(r *Req, k wire.Kind) error {
	switch {
	case r.op == OpRecvMove && k != wire.Move:
		return fmt.Errorf("a message of %d bytes sent by Send was received by RecvMove: %w", r.total, ErrTruncated)
	case r.op != OpRecvMove && k == wire.Move:
		return fmt.Errorf("a buffer sent by Move was received by %v: %w", r.op, ErrMoved)
	}
	return nil
}

// deliver finishes a receive with a whole message at p.
func (e *Engine) deliver(r *Req, p unsafe.Pointer, n int) {
	if err := e.wrongKind(r, wire.Eager); err != nil {
		e.finish(r, err)
		return
	}
	r.write(0, p, n)
	e.finish(r, r.truncated())
}

// truncated is the error of a receive whose message was longer than its buffer.
func (r *Req) truncated() error {
	if r.total > r.N {
		return &TruncatedError{Message: r.total, Buffer: r.N, Source: int(r.Status.Source)}
	}
	return nil
}

// TruncatedError names both sizes and the sender; it is ErrTruncated.
type TruncatedError struct {
	Message, Buffer int // bytes
	Source          int // rank of the node
}

func (t *TruncatedError) Error() string {
	return fmt.Sprintf("message of %d bytes is longer than the buffer of %d bytes", t.Message, t.Buffer)
}

func (t *TruncatedError) Is(target error) bool { return target == ErrTruncated }
