package collective

import "unsafe"

// scatter: root publishes part of each piece, each rank copies its own. Root may be some rounds ahead.
//
// Cost: a round for each cell, which holds the same part of all pieces but root's own.
// Lent data: one round and the wait until all have left it; copied once.
func (b *board) scatter(x *call, j *job, sign signature) {
	size, per := j.dst.bytes, b.chunk(j.dst.bytes*(b.n-1))/(b.n-1)
	big := b.lendable(size * b.n)
	if b.me == j.root {
		if big {
			b.offer(j.src.p, j.src.bytes, 0)
		}
	} else if big {
		b.listen()
	}
	for at := 0; at == 0 || at < size; at += per {
		n := min(per, size-at)
		if b.me == j.root {
			if !b.packPieces(x, j.src.p, size, at, n) {
				return
			}
			b.publish(sign)
			if at == 0 { // the others have begun
				j.dst.copyFrom(j.src.piece(b.me, j.dst))
			}
			if b.loans.lends {
				b.settle(x)
				return
			}
		} else {
			b.round++
			if !b.see(x, j.root, b.round, sign) {
				return
			}
			if at == 0 && big {
				if !b.hear(x, j.root, b.round, size*b.n) {
					return
				}
				if ref := b.loans.refs[j.root]; ref != nil {
					moveLarge(j.dst.p, unsafe.Add(ref, b.me*size), size)
					b.used(j.root, b.round, 0)
					b.settle(x)
					return
				}
			}
			move(unsafe.Add(j.dst.p, at), b.pieceOf(j.root, b.round, n), n)
			b.used(j.root, b.round, n)
		}
		b.leaveRounds()
	}
}

// packPieces begins a round and copies, for each other rank, n bytes from at on of its piece. Pieces of size bytes lie side by
// side at p. Those that are lent stay where they are.
func (b *board) packPieces(x *call, p unsafe.Pointer, size, at, n int) bool {
	if !b.begin(x) {
		return false
	}
	if !b.loans.lends {
		to := b.data(b.me, b.round, (b.n-1)*n)
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			move(unsafe.Add(to, (i-1)*n), unsafe.Add(p, r*size+at), n)
		}
	}
	return true
}

// pieceOf is what rank r has packed for this one by packPieces.
func (b *board) pieceOf(r int, round uint64, n int) unsafe.Pointer {
	i := (b.me - r + b.n) % b.n
	return unsafe.Add(b.data(r, round, (b.n-1)*n), (i-1)*n)
}
