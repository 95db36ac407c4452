package engine

import (
	"fmt"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/wire"
)

// takeBack withdraws an offered send before its match and says whether it was in
// time. With force it also withdraws one that a matched probe has taken, and one that
// the receiver reads in our arena: it sees that at the end, and drops what it has read.
func (e *Engine) takeBack(p *peer, r *Req, force bool) bool {
	states := []uint8{wire.DescOffered}
	if force {
		states = append(states, wire.DescClaimed)
		if r.choice == proto.Borrow {
			states = append(states, wire.DescGranted)
		}
	}
	word := p.tx.Desc(int(r.desc))
	if !slices.ContainsFunc(states, func(s uint8) bool { // in the order in which the receiver goes through them
		return atomic.CompareAndSwapUint64(word, wire.DescWord(r.gen, s), wire.DescWord(r.gen, wire.DescCancelled))
	}) {
		return false
	}
	for i, o := range e.offered {
		if o == r {
			last := len(e.offered) - 1
			e.offered[i] = e.offered[last]
			e.offered[last] = nil
			e.offered = e.offered[:last]
			break
		}
	}
	// The receiver will find the offer dead by its generation; the descriptor may be used for the next.
	p.descs.give(r.desc)
	return true
}

// Cancel ends a request with cause if nothing of its message can have been
// matched yet, and says whether it did. If it did not, the request goes on and
// finishes like any other.
func (e *Engine) Cancel(r *Req, serial uint32, cause error) bool {
	e.lock()
	defer e.unlock()
	if r.serial != serial || r.done {
		return false
	}
	return e.cancel(r, cause)
}

func (e *Engine) cancel(r *Req, cause error) bool {
	switch r.op {
	case OpRecv, OpRecvMove:
		e.spillAll()
		if _, ok := e.q.Cancel(r.handle); !ok || r.desc >= 0 || r.msg != nil {
			return false
		}
		e.finish(r, cause)
		return true
	case OpProbe, OpMprobe, OpWait:
		e.finish(r, cause)
		return true
	}
	if r.msg != nil { // a large send to ourselves that nobody has received
		if !e.takeSelf(r, false) {
			return false
		}
		e.finish(r, cause)
		return true
	}
	p := e.peers[r.peer]
	switch r.phase {
	case proto.Queued:
		if p.pend.remove(r) {
			e.finish(r, cause)
			return true
		}
	case proto.Offered:
		if e.takeBack(p, r, false) {
			e.finish(r, cause)
			return true
		}
	}
	return false
}

// expire ends a blocked request whose context has ended. What cancel can't take back is
// detached: the rest of a matched message is dropped on arrival, the
// receiver of a half-sent one is told that no more comes. Of an eager message that has begun
// to leave the rest is copied and leaves later: its send is done. It says whether the request is finished now.
func (e *Engine) expire(r *Req, cause error) bool {
	if r.done || e.cancel(r, cause) {
		return true
	}
	if r.op == OpRecv || r.op == OpRecvMove {
		if m := r.msg; m != nil {
			m.claim, r.msg = nil, nil
			p := e.peers[m.src]
			if p.curMsg == m {
				p.curMsg = nil
			}
			e.releaseMessage(m)
			e.finish(r, cause)
			return true
		}
		if r.peer < 0 {
			return false
		}
		p := e.peers[r.peer]
		switch {
		case r.desc >= 0 && p.in[r.desc] == r:
			p.in[r.desc] = nil
			r.desc = -1
		case p.cur == r:
			p.cur = nil
		default:
			return false
		}
		e.finish(r, cause)
		return true
	}
	if r.msg != nil {
		e.takeSelf(r, true)
		e.finish(r, cause)
		return true
	}
	p := e.peers[r.peer]
	switch r.phase {
	case proto.Injecting:
		e.orphan(p, r)
		e.finish(r, nil)
		return true
	case proto.Offered:
		if e.takeBack(p, r, true) {
			e.finish(r, cause)
			return true
		}
		if gen, state := wire.DescSplit(atomic.LoadUint64(p.tx.Desc(int(r.desc)))); gen != r.gen || state > wire.DescClaimed {
			e.corrupt(p, fmt.Errorf("descriptor %d holds generation %d and state %d", r.desc, gen, state))
			return r.done
		}
		if e.answers(); r.done {
			return true
		}
	}
	if r.phase == proto.Granted && p.grants.remove(r) {
		e.withdraw(p, r)
		p.descs.give(r.desc)
		e.finish(r, cause)
		return true
	}
	return false
}

// orphan gives the rest of a half-sent eager message, at most proto.Limits.Eager bytes, to a
// request of the engine's own, so that the user has his buffer back.
func (e *Engine) orphan(p *peer, r *Req) {
	rest := make([]byte, r.N)
	r.read(unsafe.Pointer(&rest[r.moved]), r.moved, r.N-r.moved)
	o := e.newReq(r.op, r.ctx, r.peer, r.tag)
	o.Data = Data{P: unsafe.Pointer(unsafe.SliceData(rest)), N: r.N}
	o.total, o.moved, o.phase, o.choice, o.orphan = r.total, r.moved, r.phase, r.choice, true
	p.pend.replace(r, o)
}
