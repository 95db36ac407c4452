package collective

import "unsafe"

// allgather: everybody publishes its piece and copies those of the others.
//
// Cost: a round for each cell. Each rank writes its piece once more and reads n pieces.
// If all pieces are lent: one round and the wait until all have left it; each rank reads n pieces.
func (b *board) allgather(x *call, j *job, sign signature) {
	size := j.src.bytes
	big := b.lendable(size)
	own := j.dst.piece(b.me, j.src).p
	if big {
		b.offer(j.src.p, size, 0)
	}
	per := b.chunk(size)
	if !b.postToAll(x, j.src.p, min(per, size), sign) {
		return
	}
	for at := 0; at == 0 || at < size; at += per {
		round := b.round
		if !b.meet(x, round, sign) || at == 0 && big && !b.hearAll(x, round, size) {
			return
		}
		n := min(per, size-at)
		if big && b.allLend() {
			n = size
		} else if next := at + per; next < size && !b.postToAll(x, unsafe.Add(j.src.p, next), min(per, size-next), sign) {
			return
		}
		if n > 0 && own != j.src.p { // while it is in the cache
			moveLarge(unsafe.Add(own, at), unsafe.Add(j.src.p, at), n)
		}
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			moveLarge(unsafe.Add(j.dst.p, r*size+at), b.at(r, round, n, at), n)
			b.usedCell(r, round, n)
		}
		if n == size {
			break
		}
	}
	b.endAll(x)
}

// gather: everybody publishes its piece, root copies them. The others may be some rounds ahead.
//
// Cost: a round for each cell.
// Lent pieces: one round of their ranks, who wait until root has left it, and skip the others.
func (b *board) gather(x *call, j *job, sign signature) {
	size := j.src.bytes
	big := b.lendable(size)
	if b.me == j.root {
		if big {
			b.listen()
		}
		j.dst.piece(b.me, j.src).copyFrom(j.src)
	} else if big {
		b.offer(j.src.p, size, 0)
	}
	per := b.chunk(size)
	for at := 0; at == 0 || at < size; at += per {
		n := min(per, size-at)
		if b.me != j.root {
			if !b.post(x, unsafe.Add(j.src.p, at), n, sign) {
				return
			}
			if b.loans.lends {
				b.lendTo(x, j.root, (size+per-1)/per)
				return
			}
		} else {
			b.round++
			for i := 1; i < b.n; i++ {
				r := (b.me + i) % b.n
				if !b.gatherFrom(x, r, j.dst.p, size, at, n, sign) {
					return
				}
			}
		}
		b.leaveRounds()
		if at == 0 && b.someLend() && !b.kept(x) {
			return
		}
	}
	b.forget()
}

// gatherFrom copies what rank r has published in this round, n bytes from at on of its piece, or all of it if that is lent.
func (b *board) gatherFrom(x *call, r int, dst unsafe.Pointer, size, at, n int, sign signature) bool {
	big := b.lendable(size)
	if big && at > 0 && b.loans.refs[r] != nil {
		return true // done, and nothing is published
	}
	if !b.see(x, r, b.round, sign) || big && at == 0 && !b.hear(x, r, b.round, size) {
		return false
	}
	if big && b.loans.refs[r] != nil {
		moveLarge(unsafe.Add(dst, r*size), b.loans.refs[r], size)
		n = 0
	} else {
		move(unsafe.Add(dst, r*size+at), b.data(r, b.round, n), n)
	}
	b.used(r, b.round, n)
	return true
}
