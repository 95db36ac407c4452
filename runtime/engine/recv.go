package engine

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/ring"
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
	if uint16(w0>>16) != uint16(wire.Eager) || uint32(w1) != ctx || (got != tag && tag != AnyTag) || length > uint64(n) {
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
	if rx.Consume(length) {
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

// claim matches an offer with r, or says that its sender has taken it back.
// taken: a matched probe has claimed it before.
func (e *Engine) claim(p *peer, r *Req, o wire.Offer, taken bool) bool {
	if p.err != nil {
		return true // accept says what happened
	}
	from, to := uint8(wire.DescOffered), uint8(wire.DescGranted)
	if taken {
		from = wire.DescClaimed
	}
	if e.wrongKind(r, wire.RTS) != nil {
		to = wire.DescRefused
	}
	if !atomic.CompareAndSwapUint64(p.rx.Desc(int(o.Desc)), wire.DescWord(o.Gen, from), wire.DescWord(o.Gen, to)) {
		return false
	}
	e.job.Wake(int(p.rank))
	return true
}

// accept receives the message of a claimed offer: the sender streams, or r
// reads the sender's arena.
func (e *Engine) accept(p *peer, r *Req, o wire.Offer) {
	r.total = int(o.Total)
	if p.err != nil {
		e.finish(r, e.peerError(p))
		return
	}
	if err := e.wrongKind(r, wire.RTS); err != nil {
		e.finish(r, err)
		return
	}
	if o.Heap != wire.NoHeap {
		src, err := e.window(int(o.Heap), o.Off, o.Total)
		if err == nil {
			e.copyIn(r, src)
		}
		// A sender whose patience has ended may have taken its buffer back meanwhile: what was read is worth nothing.
		word := p.rx.Desc(int(o.Desc))
		kept := atomic.CompareAndSwapUint64(word, wire.DescWord(o.Gen, wire.DescGranted), wire.DescWord(o.Gen, wire.DescDone))
		e.job.Wake(int(p.rank))
		switch {
		case err != nil:
			e.finish(r, fmt.Errorf("offer of rank %d: %w: %w", p.rank, ErrCorrupt, err))
		case !kept:
			e.finish(r, ErrWithdrawn)
		default:
			e.finish(r, r.truncated())
		}
		return
	}
	if o.Total == 0 {
		e.finish(r, nil)
		return
	}
	if p.in[o.Desc] != nil {
		e.corrupt(p, fmt.Errorf("descriptor %d is offered again before its message is complete", o.Desc))
		e.finish(r, e.peerError(p))
		return
	}
	r.desc, r.gen = int32(o.Desc), o.Gen
	r.peer = p.rank
	p.in[o.Desc], p.inGen[o.Desc] = r, o.Gen
}

// copyIn copies a message that lies in src, in pieces so that the collector never waits long.
func (e *Engine) copyIn(r *Req, src []byte) {
	const piece = 512 << 10
	for at := 0; at < len(src); at += piece {
		n := min(piece, len(src)-at)
		if len(src) >= aroundMin && r.whole() && at+n <= r.N {
			copyAround(unsafe.Add(r.P, at), unsafe.Pointer(&src[at]), n)
		} else {
			r.write(at, unsafe.Pointer(&src[at]), n)
		}
	}
}

// receive takes what a peer has sent and says whether there was anything.
func (e *Engine) receive(p *peer) bool {
	if !p.rx.Ready() {
		return false
	}
	rec := &e.rec
	for i := 0; i < 32 && p.rx.Next(rec); i++ {
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

// aroundMin is the size in bytes from which a message is taken to be larger than the caches.
const aroundMin = 8 << 20

// data takes a part of a granted message.
func (e *Engine) data(p *peer, rec *ring.Record) {
	if rec.Aux0 >= ring.Descs {
		e.corrupt(p, fmt.Errorf("part for descriptor %d of %d", rec.Aux0, ring.Descs))
		return
	}
	r := p.in[rec.Aux0]
	if r == nil || p.inGen[rec.Aux0] != uint32(rec.Aux1) {
		return // its receive was cancelled
	}
	if rec.Len > r.total-r.moved {
		e.corrupt(p, fmt.Errorf("parts of more than the %d bytes offered", r.total))
		return
	}
	if r.total >= aroundMin && r.whole() && rec.Len <= r.N-r.moved {
		copyAround(unsafe.Add(r.P, r.moved), rec.Data, rec.Len)
	} else {
		r.write(r.moved, rec.Data, rec.Len)
	}
	r.moved += rec.Len
	if r.moved == r.total {
		p.in[rec.Aux0] = nil
		r.desc = -1
		e.finish(r, r.truncated())
	}
}

// stopped ends a granted receive whose sender has given up.
func (e *Engine) stopped(p *peer, desc uint64, gen uint32) {
	if desc >= ring.Descs || p.in[desc] == nil || p.inGen[desc] != gen {
		return
	}
	r := p.in[desc]
	p.in[desc] = nil
	r.desc = -1
	e.finish(r, ErrWithdrawn)
}

// finish ends a request.
func (e *Engine) finish(r *Req, err error) {
	r.Err = err
	r.done = true
	r.phase = proto.Finished
	e.completed++
	if r.w != nil {
		r.w.wake()
	}
	if r.orphan {
		e.release(r)
	}
	if e.parked {
		e.kick()
	}
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
	if !pr.rx.Next(rec) || rec.Kind != wire.Move || rec.Ctx != ctx || (rec.Tag != tag && tag != AnyTag) || rec.Len != moveBytes {
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
