package collective

import "unsafe"

// alltoall: everybody publishes a part of each piece, and copies what is for it.
//
// Cost: a round for each cell, which holds the same part of all pieces but one's own. Each piece is copied twice.
func (b *board) alltoall(x *call, j *job, sign signature) {
	size := j.src.bytes / b.n
	b.exchange(x, j.src.p, size, b.perPiece(1), sign, func(at, n int, round uint64) {
		if j.dst.p != j.src.p {
			move(unsafe.Add(j.dst.p, b.me*size+at), unsafe.Add(j.src.p, b.me*size+at), n)
		}
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			move(unsafe.Add(j.dst.p, r*size+at), b.pieceOf(r, round, n), n)
		}
	})
}

// reduceScatter: everybody publishes a part of each piece, and folds those that are for it, from rank 0 to n-1.
//
// Cost: a round for each cell, which holds the same part of all pieces but one's own.
func (b *board) reduceScatter(x *call, j *job, sign signature) {
	size := j.src.bytes / b.n
	elem := max(1, j.elem())
	b.exchange(x, j.src.p, size, b.perPiece(elem), sign, func(at, n int, round uint64) {
		for r := range b.xs {
			if r != b.me {
				b.xs[r] = b.pieceOf(r, round, n)
			}
		}
		b.xs[b.me] = unsafe.Add(j.src.p, b.me*size+at)
		j.fold.FoldAll(unsafe.Add(j.dst.p, at), b.xs, n/elem)
	})
}

// perPiece is how many bytes of each piece a cell holds, a multiple of unit.
func (b *board) perPiece(unit int) int {
	n := b.cell / (b.n - 1)
	if unit < 64 && n >= 128 {
		n &^= 63
	}
	return n / unit * unit
}

// exchange publishes the pieces of size bytes that lie at p, per bytes of each in a round, and calls pull for what the others have
// published: n bytes from at on of each piece. While the others read one round, the next is written.
func (b *board) exchange(x *call, p unsafe.Pointer, size, per int, sign signature, pull func(at, n int, round uint64)) {
	if !b.packPieces(x, p, size, 0, min(per, size)) {
		return
	}
	b.publishToAll(sign)
	for at := 0; at == 0 || at < size; at += per {
		round := b.round
		if !b.meet(x, round, sign) {
			return
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
		b.used(b.peer(), round, n)
	}
	b.done()
}
