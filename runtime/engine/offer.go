package engine

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/wire"
)

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
	for int(o.Desc) >= len(p.in) {
		p.in, p.inGen = append(p.in, nil), append(p.inGen, 0)
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

// aroundMin is the size in bytes from which a message is taken to be larger than the caches.
const aroundMin = 8 << 20

// data takes a part of a granted message.
func (e *Engine) data(p *peer, rec *ring.Record) {
	if rec.Aux0 >= ring.Descs {
		e.corrupt(p, fmt.Errorf("part for descriptor %d of %d", rec.Aux0, ring.Descs))
		return
	}
	if rec.Aux0 >= uint64(len(p.in)) || p.in[rec.Aux0] == nil || p.inGen[rec.Aux0] != uint32(rec.Aux1) {
		return // its receive was cancelled
	}
	r := p.in[rec.Aux0]
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
	if desc >= uint64(len(p.in)) || p.in[desc] == nil || p.inGen[desc] != gen {
		return
	}
	r := p.in[desc]
	p.in[desc] = nil
	r.desc = -1
	e.finish(r, ErrWithdrawn)
}
