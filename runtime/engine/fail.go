package engine

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/wire"
)

// newEpoch looks for what golaunch or a rank has announced.
func (e *Engine) newEpoch() {
	if rank, code, yes := e.job.Aborted(); yes && e.aborted == nil {
		who := "golaunch"
		switch {
		case rank >= 0:
			who = fmt.Sprintf("rank %d", rank)
		case rank == segment.Nobody:
			who = "nobody, the shared memory holds nonsense,"
		}
		e.aborted = fmt.Errorf("%w by %s with code %d", ErrAborted, who, code)
		e.failAll(e.aborted)
	}
	for r := range e.peers {
		p := e.peers[r]
		if p.err == nil && e.job.Dead(r) && int32(r) != e.rank {
			e.failPeer(p, ErrRankFailed)
		}
	}
	e.partAll()
	if e.onEpoch != nil {
		e.onEpoch()
	}
}

// corrupt fails a peer whose channel holds nonsense.
func (e *Engine) corrupt(p *peer, err error) {
	if p.corrupt == nil {
		p.corrupt = err
	}
	e.failPeer(p, err)
}

// failPeer ends everything that needs p. What it had sent before is received first.
func (e *Engine) failPeer(p *peer, err error) {
	if p.err != nil {
		return
	}
	if p.rx == nil && p.corrupt == nil { // it may have written before it died
		p.err = nil
		if e.job.Door(int(e.rank), int(p.rank)/64).Load()&(1<<(p.rank%64)) != 0 && !p.opened {
			e.listen(p)
		}
	}
	if p.rx != nil && p.corrupt == nil {
		for p.rx.Ready() && e.receive(p) && p.corrupt == nil {
		}
	}
	if p.err != nil { // draining it has found nonsense and ended it
		return
	}
	p.err = err
	e.deaths = append(e.deaths, p.rank)
	e.deathCount.Store(int32(len(e.deaths)))
	e.reclaim(p)
	cause := e.peerError(p)

	e.failTransfers(p, cause)
	p.control = nil
	kept := e.offered[:0]
	for _, r := range e.offered {
		if r.peer == p.rank {
			e.finish(r, cause)
		} else {
			kept = append(kept, r)
		}
	}
	clear(e.offered[len(kept):])
	e.offered = kept

	if m := p.curMsg; m != nil {
		p.curMsg = nil
		if r := m.claim; r != nil {
			r.msg = nil
			e.finish(r, cause)
			e.releaseMessage(m)
		} else {
			m.dead = true
		}
	}
	p.curLen = 0
	e.spillAll()
	// Offers of the dead can't be fulfilled any more, and parts will not come.
	e.q.RemoveUnexpected(func(_ uint32, src, _ int32, m *message) bool {
		return src == p.rank && (m.kind == wire.RTS || m.dead)
	}, func(m *message) { e.releaseMessage(m) })
	e.q.RemovePosted(func(_ uint32, src, _ int32, r *Req) bool { return src == p.rank }, func(r *Req) { e.finish(r, cause) })
	// A receive from anybody could wait for the dead one: it is told.
	e.q.RemovePosted(func(ctx uint32, src, _ int32, r *Req) bool { return src == AnySource && e.member(ctx, p.rank) }, func(r *Req) {
		r.peer = p.rank
		e.finish(r, cause)
	})
	e.failWatched(cause, func(r *Req) bool { return r.peer == p.rank || r.peer == AnySource && e.member(r.ctx, p.rank) })
	e.wakeAll()
}

// failTransfers ends the sends to p that have not been offered or that it has granted, and the receives under
// way from it.
func (e *Engine) failTransfers(p *peer, cause error) {
	for p.pend.head != nil {
		e.finish(p.pend.pop(), cause)
	}
	for p.grants.head != nil {
		e.finish(p.grants.pop(), cause)
	}
	e.dropGranted(p, func(*Req) bool { return true }, cause)
	if r := p.cur; r != nil {
		p.cur = nil
		e.finish(r, cause)
	}
}

// dropGranted ends those receives granted to p that doomed names.
func (e *Engine) dropGranted(p *peer, doomed func(*Req) bool, cause error) {
	for i, r := range p.in {
		if r != nil && doomed(r) {
			p.in[i] = nil
			r.desc = -1
			e.finish(r, cause)
		}
	}
}

// unknown is a dead rank that a wait for anybody on ctx might be for: a member
// of which the user has taken no note.
func (e *Engine) unknown(ctx uint32) (rank int32, yes bool) {
	if len(e.deaths) == 0 {
		return 0, false
	}
	for _, d := range e.deaths[min(e.acked(ctx), len(e.deaths)):] {
		if e.member(ctx, d) {
			return d, true
		}
	}
	return 0, false
}

// failWatched ends those requests that no message finishes.
func (e *Engine) failWatched(cause error, doomed func(*Req) bool) {
	for i := 0; i < len(e.watched); {
		if r := e.watched[i]; doomed(r) {
			e.unwatch(i)
			if !r.done {
				e.finish(r, cause)
			}
			continue
		}
		i++
	}
}

// failAll ends every operation.
func (e *Engine) failAll(cause error) {
	e.spillAll()
	e.q.RemovePosted(func(uint32, int32, int32, *Req) bool { return true }, func(r *Req) { e.finish(r, cause) })
	for _, p := range e.peers {
		e.failTransfers(p, cause)
		if m := p.curMsg; m != nil && m.claim != nil {
			e.finish(m.claim, cause)
			m.claim.msg = nil
			m.claim = nil
		}
	}
	for _, r := range e.offered {
		e.finish(r, cause)
	}
	clear(e.offered)
	e.offered = e.offered[:0]
	e.dropSelves(func(*Req) bool { return true }, cause)
	e.failWatched(cause, func(*Req) bool { return true })
	e.wakeAll()
}

// Failed are the failed ranks of the node, in the order this rank noticed.
func (e *Engine) Failed() []int32 {
	e.lock()
	defer e.unlock()
	e.settle()
	return append([]int32(nil), e.deaths...)
}

// Revoke ends every operation on ctx here and tells the peers, who tell theirs:
// it reaches all that live, even if this rank dies on the way.
func (e *Engine) Revoke(ctx uint32, members []int32) {
	e.lock()
	defer e.unlock()
	e.revoke(ctx)
	for _, m := range members {
		e.sendControl(e.peers[m], control{kind: wire.Revoke, w1: wire.Word1(ctx, 0)})
	}
}

// MarkRevoked ends every operation on ctx here only. Package mpi calls it for further contexts of a
// communicator, with the token held (from OnRevoke).
func (e *Engine) MarkRevoked(ctx uint32) { e.revoke(ctx) }

// Forward passes a revocation on; from OnRevoke.
func (e *Engine) Forward(ctx uint32, members []int32) {
	for _, m := range members {
		e.sendControl(e.peers[m], control{kind: wire.Revoke, w1: wire.Word1(ctx, 0)})
	}
}

func (e *Engine) revokedByPeer(ctx uint32) {
	if e.revoked[ctx] {
		return
	}
	e.revoke(ctx)
	if e.onRevoke != nil {
		e.onRevoke(ctx)
	}
}

func (e *Engine) revoke(ctx uint32) {
	if e.revoked[ctx] {
		return
	}
	e.revoked[ctx] = true
	e.spillAll()
	e.q.RemovePosted(func(c uint32, _, _ int32, _ *Req) bool { return c == ctx }, func(r *Req) { e.finish(r, ErrRevoked) })
	e.dropSelves(func(r *Req) bool { return r.ctx == ctx }, ErrRevoked)
	e.q.RemoveUnexpected(func(c uint32, _, _ int32, m *message) bool {
		return c == ctx && (m.kind != wire.First || m.got == m.total)
	}, e.releaseMessage)
	for _, p := range e.peers {
		e.dropSends(p, func(r *Req) bool { return r.ctx == ctx }, ErrRevoked)
		e.dropGranted(p, func(r *Req) bool { return r.ctx == ctx }, ErrRevoked)
	}
	e.failWatched(ErrRevoked, func(r *Req) bool { return r.ctx == ctx })
	e.wakeAll()
}

// Forget makes ctx usable again after its communicator was freed.
func (e *Engine) Forget(ctx uint32) {
	e.lock()
	delete(e.revoked, ctx)
	e.unlock()
}

// dropSends ends the sends to p that doomed names and that can still be ended; those whose parts
// have begun to leave, and are matched, are withdrawn. Of an eager one the rest leaves later: p may look at its channel no more.
func (e *Engine) dropSends(p *peer, doomed func(*Req) bool, cause error) {
	if r := p.pend.head; r != nil && r.phase == proto.Injecting && !r.orphan && doomed(r) {
		e.orphan(p, r)
		e.finish(r, cause)
	}
	var keep reqList
	for p.pend.head != nil {
		r := p.pend.pop()
		if doomed(r) && r.phase == proto.Queued {
			e.finish(r, cause)
		} else {
			keep.push(r)
		}
	}
	p.pend = keep
	keep = reqList{}
	for p.grants.head != nil {
		r := p.grants.pop()
		if doomed(r) {
			e.withdraw(p, r)
			p.descs.give(r.desc)
			e.finish(r, cause)
		} else {
			keep.push(r)
		}
	}
	p.grants = keep
	for i := 0; i < len(e.offered); i++ {
		r := e.offered[i]
		if r.peer == p.rank && doomed(r) && e.takeBack(p, r, true) {
			e.finish(r, cause)
			i--
		}
	}
}

// Deaths is how many ranks of the node are known to have failed.
func (e *Engine) Deaths() int { return int(e.deathCount.Load()) }
