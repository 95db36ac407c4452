package collective

import "unsafe"

// allgather: everybody publishes its piece and copies those of the others.
//
// Cost: a round for each cell. Each rank writes its piece once more and reads n pieces.
func (b *board) allgather(x *call, j *job, sign signature) {
	size := j.src.bytes
	own := j.dst.piece(b.me, j.src).p
	if !b.postToAll(x, j.src.p, min(b.cell, size), sign) {
		return
	}
	for at := 0; at == 0 || at < size; at += b.cell {
		round := b.round
		if !b.meet(x, round, sign) {
			return
		}
		if next := at + b.cell; next < size && !b.postToAll(x, unsafe.Add(j.src.p, next), min(b.cell, size-next), sign) {
			return
		}
		n := min(b.cell, size-at)
		if n > 0 && own != j.src.p { // while it is in the cache
			move(unsafe.Add(own, at), unsafe.Add(j.src.p, at), n)
		}
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			move(unsafe.Add(j.dst.p, r*size+at), b.data(r, round, n), n)
			b.used(r, round, n)
		}
	}
	b.done()
}

// gather: everybody publishes its piece, root copies them. The others may be some rounds ahead.
//
// Cost: a round for each cell.
func (b *board) gather(x *call, j *job, sign signature) {
	size := j.src.bytes
	if b.me == j.root {
		j.dst.piece(b.me, j.src).copyFrom(j.src)
	}
	for at := 0; at == 0 || at < size; at += b.cell {
		n := min(b.cell, size-at)
		if b.me != j.root {
			if !b.post(x, unsafe.Add(j.src.p, at), n, sign) {
				return
			}
		} else {
			b.round++
			for i := 1; i < b.n; i++ {
				r := (b.me + i) % b.n
				if !b.see(x, r, b.round, sign) {
					return
				}
				move(unsafe.Add(j.dst.p, r*size+at), b.data(r, b.round, n), n)
				b.used(r, b.round, n)
			}
		}
		b.leaveRounds()
	}
}
