package collective

import "unsafe"

// alltoall: everybody publishes a part of each piece, and copies what is for it.
//
// Cost: a round for each cell, which holds the same part of all pieces but one's own. Each piece is copied twice.
// If all is lent: one round and the wait until all have left it; each piece is copied once. In place nothing is.
func (b *board) alltoall(x *call, j *job, sign signature) {
	size := j.src.bytes / b.n
	b.exchange(x, j, size, 1, sign, func(at, n int, round uint64) {
		if j.dst.p != j.src.p {
			moveLarge(unsafe.Add(j.dst.p, b.me*size+at), unsafe.Add(j.src.p, b.me*size+at), n)
		}
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			moveLarge(unsafe.Add(j.dst.p, r*size+at), b.pieceAt(r, round, n, b.me*size+at), n)
		}
	})
}

// reduceScatter: everybody publishes a part of each piece, and folds those that are for it, from rank 0 to n-1.
//
// Cost: a round for each cell, which holds the same part of all pieces but one's own.
// If all is lent: one round and the wait until all have left it; nothing is copied.
func (b *board) reduceScatter(x *call, j *job, sign signature) {
	size := j.src.bytes / b.n
	elem := max(1, j.elem())
	b.exchange(x, j, size, elem, sign, func(at, n int, round uint64) {
		if b.allLend() {
			b.foldLent(j, j.dst.p, b.me*size/elem, n/elem, elem)
			return
		}
		for r := range b.xs {
			if r != b.me {
				b.xs[r] = b.pieceAt(r, round, n, b.me*size+at)
			}
		}
		b.xs[b.me] = unsafe.Add(j.src.p, b.me*size+at)
		j.fold.FoldAll(unsafe.Add(j.dst.p, at), b.xs, n/elem)
	})
}

// pieceAt is what rank r has published for this one: n bytes, which begin at that offset of its data if that is lent.
func (b *board) pieceAt(r int, round uint64, n, off int) unsafe.Pointer {
	if b.someLend() && b.loans.refs[r] != nil {
		return unsafe.Add(b.loans.refs[r], off)
	}
	return b.pieceOf(r, round, n)
}

// perPiece is how many bytes of each piece of so many a rank publishes in a round, a multiple of unit.
func (b *board) perPiece(size, unit int) int {
	n := b.chunk(size*(b.n-1)) / (b.n - 1)
	if unit < 64 && n >= 128 {
		n &^= 63
	}
	return max(n/unit, 1) * unit
}

// exchange publishes the pieces of size bytes that src consists of, part of each in a round, and calls pull for what the others have
// published: n bytes, whole units, from at on of each piece. While the others read one round, the next is written. If all is
// lent there is one round.
func (b *board) exchange(x *call, j *job, size, unit int, sign signature, pull func(at, n int, round uint64)) {
	per, p := b.perPiece(size, unit), j.src.p
	big := b.lendable(j.src.bytes)
	if big {
		b.offer(p, j.src.bytes, 0)
		if j.code == opAlltoall && j.dst.p == p {
			b.keep() // what others have not read yet would be overwritten
		}
	}
	if !b.packPieces(x, p, size, 0, min(per, size)) {
		return
	}
	b.publishToAll(sign)
	for at := 0; at == 0 || at < size; at += per {
		round := b.round
		if !b.meet(x, round, sign) || at == 0 && big && !b.hearAll(x, round, j.src.bytes) {
			return
		}
		if big && b.allLend() {
			pull(0, size, round)
			b.used(b.peer(), round, 0)
			break
		}
		if next := at + per; next < size {
			if !b.packPieces(x, p, size, next, min(per, size-next)) {
				return
			}
			b.publishToAll(sign)
		}
		n := min(per, size-at)
		if n > 0 {
			pull(at, n, round)
		}
		b.usedCell(b.peer(), round, n)
	}
	b.endAll(x)
}

// reduceScatterv is reduceScatter for pieces of different lengths: a round for each part of the longest.
func (b *board) reduceScatterv(x *call, j *job, sign signature) {
	elem := max(1, j.elem())
	src := cutUp(j.src, j.out, b.n)
	longest, hash := longestOf(&src, b.n)
	sign |= signature(hash&0xffff|1) << signRoot // not that of equal ones
	per := min(b.perPiece(longest, elem), longest)
	own := src.piece(b.me)
	if !b.packUneven(x, &src, 0, per) {
		return
	}
	b.publishToAll(sign)
	for at := 0; at == 0 || at < longest; at += per {
		round := b.round
		if !b.meet(x, round, sign) {
			b.endOrGiveUp(x)
			return
		}
		if next := at + per; next < longest {
			if !b.packUneven(x, &src, next, per) {
				return
			}
			b.publishToAll(sign)
		}
		if n := min(per, own.bytes-at); n > 0 {
			for r := range b.xs {
				if r != b.me {
					b.xs[r] = b.pieceOf(r, round, per)
				}
			}
			b.xs[b.me] = unsafe.Add(own.p, at)
			j.fold.FoldAll(unsafe.Add(j.dst.p, at), b.xs, n/elem)
		}
		b.used(b.peer(), round, per)
	}
	b.done()
}

// packUneven begins the next round and writes, for each other rank, what there is of its piece from at on: per bytes at most, and per bytes
// apart.
func (b *board) packUneven(x *call, src *cursor, at, per int) bool {
	if !b.begin(x) {
		return false
	}
	to := b.data(b.me, b.round, (b.n-1)*per)
	for i := 1; i < b.n; i++ {
		if p := src.piece((b.me + i) % b.n); p.bytes > at {
			move(unsafe.Add(to, (i-1)*per), unsafe.Add(p.p, at), min(per, p.bytes-at))
		}
	}
	return true
}
