package collective

import "github.com/golaunch/golaunch/runtime/engine"

// scatterv: root publishes a parcel, each rank copies its own piece. Root may be some rounds ahead.
//
// Cost: one round, and a message for each long piece.
func (b *board) scatterv(x *call, j *job, sign signature) {
	most := min(byMessage, (b.cell-b.entries())/(b.n-1)-64) // all that are not longer find room
	if b.me != j.root {
		b.round++
		b.takePiece(x, j, most, sign)
		b.leaveRounds()
		b.endOrGiveUp(x)
		return
	}
	src := cutUp(j.src, j.out, b.n)
	k := packing{out: &src, most: most, to: 1}
	if !b.packParcel(x, &k) {
		return
	}
	b.publish(sign)
	b.leaveRounds()
	x.sendLong(&src, most)
	j.dst.copyFrom(src.piece(b.me))
	b.endOrGiveUp(x)
}

// takePiece copies this rank's piece out of root's parcel, or receives it.
func (b *board) takePiece(x *call, j *job, most int, sign signature) {
	if !b.see(x, j.root, b.round, sign) {
		return
	}
	n := j.dst.bytes
	d, ok := b.deliver(x, j.root, b.round, n, 0)
	switch {
	case !ok && d.there > most:
		x.recv(j.root, nothing()) // so that root doesn't wait for ever
	case !ok:
	case n > most:
		x.recv(j.root, j.dst)
	case d.n < n:
		b.nonsense(x, j.root)
	default:
		move(j.dst.p, d.p, n)
		b.used(j.root, b.round, d.end)
	}
}

// sendLong sends each of the others its piece if that is longer than most.
func (x *call) sendLong(src *cursor, most int) {
	var reqs [window]*engine.Req
	for first := 1; first < x.size; first += window {
		last := min(first+window, x.size)
		for i := first; i < last; i++ {
			r := (x.rank + i) % x.size
			if b := src.piece(r); b.bytes > most {
				reqs[i-first] = x.start(r, b)
			}
		}
		for i := first; i < last; i++ {
			r := (x.rank + i) % x.size
			if src.size(r) > most {
				x.finish(r, reqs[i-first])
			}
		}
	}
}
