package collective

import (
	"math"
	"unsafe"
)

// alltoallv: everybody publishes a parcel with as much as it holds, and copies what is for it, until nobody has more.
//
// Only pairs of ranks know how long a piece is. As everybody sees every parcel of a round, which says whether there is more where
// it came from, all take the same number of rounds: the most that any rank needs for all that it sends.
//
// Cost: a round for each cell of the rank that sends most. Each piece is copied twice; pieces with gaps are packed into the
// cell and unpacked from there. In place, scratch for src if it takes more than one round.
func (b *board) alltoallv(x *call, j *job, sign signature) {
	in, out := cutUp(j.dst, j.in, b.n), cutUp(j.src, j.out, b.n)
	if b.got == nil {
		b.got = make([]int, b.n)
	}
	clear(b.got)
	k := packing{out: &out, most: math.MaxInt, to: 1}
	if !b.packParcel(x, &k) {
		return
	}
	b.publishToAll(sign)
	own := keeping{in: &in, out: &out, me: b.me}
	switch {
	case !j.inPlace(b.n):
		own.left = out.size(b.me)
		own.keep(b.cell) // while the others come
	case k.more: // what comes from a rank may be ahead of what goes to it
		copied, s := borrow(out.b)
		defer s.giveBack()
		copied.copyFrom(out.b)
		out.b = copied
	}
	for more := true; more; {
		round := b.round
		if !b.meet(x, round, sign) {
			b.endOrGiveUp(x)
			return
		}
		if more = k.more || b.anyMore(round); more {
			if !b.packParcel(x, &k) {
				return
			}
			b.publishToAll(sign)
		}
		for i := 1; i < b.n; i++ {
			b.pull(x, &in, (b.me+i)%b.n, round, more)
		}
		own.keep(b.cell)
	}
	b.done()
	for own.left > 0 {
		own.keep(b.cell)
	}
	b.endOrGiveUp(x)
}

// anyMore reports whether any of the others will publish more.
func (b *board) anyMore(round uint64) bool {
	about := uint64(0)
	for r := range b.n {
		if r != b.me { // a reader may have written to that already, see used
			about |= *b.about(r, round)
		}
	}
	return about&hasMore != 0
}

// pull copies what rank r has published for this rank. After an error it leaves out what else comes from r.
func (b *board) pull(x *call, in *cursor, r int, round uint64, more bool) {
	done := b.got[r]
	if done < 0 {
		return
	}
	left := in.size(r) - done
	d, ok := b.deliver(x, r, round, left, done)
	if ok && d.n < left && !more {
		ok = b.nonsense(x, r)
	}
	if !ok {
		b.got[r] = -1
		return
	}
	if d.n > 0 {
		in.unpack(d.p, r, done, d.n)
		b.got[r] += d.n
	}
	b.used(r, round, d.end)
}

// keeping is what a rank sends to itself. It is copied in parts that are like those of the others: a copy of a long piece at once goes past the
// caches.
type keeping struct {
	in, out  *cursor
	me       int
	at, left int
}

// keep copies the next n bytes.
func (k *keeping) keep(n int) {
	if n = min(n, k.left); n == 0 {
		return
	}
	at := k.at
	k.at, k.left = at+n, k.left-n
	if k.in.layouts == nil {
		k.in.unpack(unsafe.Add(k.out.piece(k.me).p, at), k.me, at, n)
		return
	}
	from, to := laid(k.out.b, nth(k.out.layouts, k.me)), laid(k.in.b, nth(k.in.layouts, k.me))
	switch {
	case from.Layout.IsWhole():
		k.in.unpack(unsafe.Add(from.P, at), k.me, at, n)
	case to.Layout.IsWhole():
		k.out.pack(unsafe.Add(to.P, at), k.me, at, n)
	default:
		tmp, s := borrow(block{bytes: n})
		defer s.giveBack()
		k.out.pack(tmp.p, k.me, at, n)
		k.in.unpack(tmp.p, k.me, at, n)
	}
}
