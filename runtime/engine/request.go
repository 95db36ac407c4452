package engine

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/match"
	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/wire"
)

// Op is what a request does, for reports and errors.
type Op uint8

const (
	OpSend Op = iota
	OpSsend
	OpRecv
	OpMove
	OpRecvMove
	OpProbe
	OpMprobe
	OpWait // a word in shared memory: barriers
)

var opNames = [...]string{"Send", "Ssend", "Recv", "Move", "RecvMove", "Probe", "Mprobe", "Barrier"}

func (o Op) String() string { return opNames[o] }

// Data is the memory of one message: N bytes at P, or what Layout selects of
// the Mem bytes at P, elements of Elem bytes. N is then the packed length.
type Data struct {
	P      unsafe.Pointer
	N      int
	Layout layout.Layout
	Mem    int
	Elem   int
}

func (d *Data) whole() bool { return d.Layout.IsWhole() }

func (d *Data) mem() []byte { return unsafe.Slice((*byte)(d.P), d.Mem) }

// read copies the packed bytes [from, from+n) of d to p.
func (d *Data) read(p unsafe.Pointer, from, n int) {
	if d.Layout.IsWhole() {
		memmove(p, unsafe.Add(d.P, from), n)
		return
	}
	d.Layout.Pack(unsafe.Slice((*byte)(p), n), d.mem(), d.Elem, from)
}

// write copies n bytes at p to the packed bytes [from, from+n) of d, as far as d reaches.
func (d *Data) write(from int, p unsafe.Pointer, n int) {
	if n = min(n, d.N-from); n <= 0 {
		return
	}
	if d.Layout.IsWhole() {
		memmove(unsafe.Add(d.P, from), p, n)
		return
	}
	d.Layout.Unpack(d.mem(), d.Elem, from, unsafe.Slice((*byte)(p), n))
}

func memmove(dst, src unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}

// Status is what is known of a message. Source is a rank of the node.
type Status struct {
	Source int32
	Tag    int32
	Bytes  int
}

// Req is one operation under way. All fields but Note belong to the holder of the
// engine's token. What a short receive touches comes first.
type Req struct {
	next   *Req
	w      *waiter
	op     Op
	done   bool
	orphan bool // nobody waits for it: released when it is done
	any    bool // receive from AnySource
	phase  proto.Phase
	choice proto.Choice
	desc   int32
	ctx    uint32
	peer   int32
	tag    int32
	serial uint32 // raised at every reuse of the Req
	Note   Note
	Err    error
	Status Status
	moved  int // bytes that left or arrived
	total  int // bytes of the message, once known
	Data

	gen    uint32 // of the descriptor
	handle match.Handle
	msg    *message // a matched unexpected message that is still arriving
	word   *uint32  // OpWait: done when it reads want
	want   uint32
	round  *uint64 // OpWait by Await: done when it reads at least upTo
	upTo   uint64
	heap   int32 // Borrow: whose heap the data is in, and where
	off    uint64
	// Body is what a RecvMove received: the body of the Move record.
	Body [moveBytes]byte
}

// Note is what the caller wants to remember with a request. The engine does not look at it.
type Note struct {
	Peer, Tag int32
	Unit      int32 // bytes of an element
}

// Serial changes when the request is reused: a handle that remembers it can tell.
func (r *Req) Serial() uint32 { return r.serial }

const moveBytes = 48

// reqList is a queue of requests through Req.next.
type reqList struct{ head, tail *Req }

func (l *reqList) push(r *Req) {
	r.next = nil
	if l.tail == nil {
		l.head = r
	} else {
		l.tail.next = r
	}
	l.tail = r
}

func (l *reqList) pop() *Req {
	r := l.head
	if l.head = r.next; l.head == nil {
		l.tail = nil
	}
	r.next = nil
	return r
}

// replace puts n where r, the first, was.
func (l *reqList) replace(r, n *Req) {
	n.next = r.next
	r.next = nil
	l.head = n
	if l.tail == r {
		l.tail = n
	}
}

// remove takes r out, wherever it stands, and says whether it was there.
func (l *reqList) remove(r *Req) bool {
	var prev *Req
	for p := l.head; p != nil; prev, p = p, p.next {
		if p != r {
			continue
		}
		if prev == nil {
			l.head = p.next
		} else {
			prev.next = p.next
		}
		if l.tail == p {
			l.tail = prev
		}
		p.next = nil
		return true
	}
	return false
}

// newReq takes a request from the pool. Call with the token.
func (e *Engine) newReq(op Op, ctx uint32, peer, tag int32) *Req {
	r := e.free
	if r == nil {
		slab := make([]Req, 64)
		for i := range slab[1:] {
			slab[i+1].next = e.free
			e.free = &slab[i+1]
		}
		r = &slab[0]
	} else {
		e.free = r.next
	}
	r.reset(op, ctx, peer, tag)
	if e.traced != nil {
		e.trace(r)
	}
	return r
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

func (r *Req) reset(op Op, ctx uint32, peer, tag int32) {
	r.next = nil
	r.op, r.done, r.orphan, r.any, r.phase, r.choice, r.desc = op, false, false, false, proto.Queued, proto.Inline, -1
	r.ctx, r.peer, r.tag = ctx, peer, tag
	r.Err = nil
	r.Status = Status{}
	r.moved, r.total = 0, 0
}

// Failed is a request that has failed with err before it began. Complete may be called on it as on any other.
func Failed(err error) *Req { return &Req{Err: err, done: true, phase: proto.Finished, desc: -1} }

// release gives a finished request back to the pool: whoever holds a copy of
// its serial sees that it is gone, and nothing of the user's is kept alive.
func (e *Engine) release(r *Req) {
	r.serial++
	r.P = nil
	if !r.whole() {
		r.Layout = layout.Layout{}
	}
	r.w, r.msg, r.word, r.round = nil, nil, nil, nil
	r.next = e.free
	e.free = r
}

// message is a message that arrived before its receive.
type message struct {
	kind   wire.Kind // Eager, First (still arriving), RTS, Move
	src    int32
	ctx    uint32
	tag    int32
	total  int
	got    int
	buf    []byte // pooled, of total bytes (eager)
	offer  wire.Offer
	body   [moveBytes]byte
	local  *Req // a large send of this rank to itself
	claim  *Req // the receive that matched it before it was complete
	dead   bool // its sender is gone; it never completes
	free   *message
	serial uint32

	taken     bool // by a matched probe
	withdrawn bool // and then given up by its sender, this rank itself
}

func (e *Engine) newMessage() *message {
	m := e.freeMsg
	if m == nil {
		return new(message)
	}
	e.freeMsg = m.free
	m.free = nil
	return m
}

func (e *Engine) releaseMessage(m *message) {
	if m.buf != nil {
		e.pool.put(m.buf)
	}
	serial := m.serial + 1
	*m = message{free: e.freeMsg, serial: serial}
	e.freeMsg = m
}
