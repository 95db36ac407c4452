package engine

import (
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/wire"
)

// takeBack withdraws an offered send before its match and says whether it was in time.
func (e *Engine) takeBack(p *peer, r *Req) bool {
	if !atomic.CompareAndSwapUint64(p.tx.Desc(int(r.desc)), wire.DescWord(r.gen, wire.DescOffered), wire.DescWord(r.gen, wire.DescCancelled)) {
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
	p.freeD |= 1 << r.desc
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
		if _, ok := e.q.Cancel(r.handle); !ok || r.desc >= 0 || r.msg != nil {
			return false
		}
		e.finish(r, cause)
		return true
	case OpProbe, OpMprobe, OpWait:
		e.finish(r, cause)
		return true
	}
	if m := r.msg; m != nil { // a large send to ourselves that nobody has matched
		e.q.RemoveUnexpected(func(_ uint32, _, _ int32, u *message) bool { return u == m }, e.releaseMessage)
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
		if e.takeBack(p, r) {
			e.finish(r, cause)
			return true
		}
	}
	return false
}

// expire ends a blocked request whose context has ended. What cancel can't take back is
// detached: the rest of a matched message is dropped on arrival, the
// receiver of a half-sent one is told that no more comes. An eager message that has begun to leave
// leaves whole. It says whether the request is finished now.
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
	if r.phase == proto.Granted && r.choice == proto.Stream {
		p := e.peers[r.peer]
		if p.grants.remove(r) {
			e.withdraw(p, r)
			p.freeD |= 1 << r.desc
			e.finish(r, cause)
			return true
		}
	}
	return false
}
