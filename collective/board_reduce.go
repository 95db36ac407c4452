package collective

import "unsafe"

// reduce: everybody publishes, root folds, from rank 0 to n-1. The others may be some rounds ahead.
//
// Cost: a round for each cell. Root reads n times the data.
// Lent data: one round and the wait until root has left it; nothing is copied.
func (b *board) reduce(x *call, j *job, sign signature) {
	if b.n > 2 && j.src.bytes > b.flatMost() {
		b.reduceSliced(x, j, sign)
		return
	}
	elem := max(1, j.elem())
	per := max(1, b.chunk(j.src.bytes)/elem)
	big := b.n == 2 && b.lendable(j.src.bytes)
	if big {
		if b.me == j.root {
			b.listen()
		} else {
			b.offer(j.src.p, j.src.bytes, 0)
		}
	}
	for at := 0; at == 0 || at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		src := unsafe.Add(j.src.p, at*elem)
		if b.me != j.root {
			if !b.post(x, src, n*elem, sign) {
				return
			}
			if b.loans.lends {
				b.settle(x)
				return
			}
		} else {
			b.round++
			if !b.seeAll(x, b.round, sign) || at == 0 && big && !b.hearAll(x, b.round, j.src.bytes) {
				return
			}
			if big && b.someLend() { // the only other rank
				b.loans.refs[b.me] = j.src.p
				b.foldLent(j, j.dst.p, 0, j.src.n, elem)
				b.used(b.peer(), b.round, 0)
				b.settle(x)
				return
			}
			b.foldRound(j, unsafe.Add(j.dst.p, at*elem), src, n, n*elem, b.round, at*elem)
		}
		b.leaveRounds()
	}
}

// foldRound folds what all have published in a round, this rank's from mine, into dst: n elements, bytes in all. Of lent data these begin at
// byte off.
func (b *board) foldRound(j *job, dst, mine unsafe.Pointer, n, bytes int, round uint64, off int) {
	for r := range b.xs {
		b.xs[r] = b.at(r, round, bytes, off)
	}
	b.xs[b.me] = mine
	j.fold.FoldAll(dst, b.xs, n)
	b.usedCell(b.peer(), round, bytes)
}

// reduceSliced: each rank folds one slice of the vector, and root gathers them.
//
// Cost: two rounds for each cell. Each rank writes its vector once and reads it once, root twice more.
// If all is lent: see combineLent.
func (b *board) reduceSliced(x *call, j *job, sign signature) {
	elem := j.elem()
	per := b.cell / elem
	if b.lendable(j.src.bytes) {
		b.offer(j.src.p, j.src.bytes, 0)
	}
	for at := 0; at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		mine, ok := b.foldSlice(x, j, at, n, elem, sign)
		if !ok {
			return
		}
		if mine == nil {
			b.combineLent(x, j, b.me == j.root, sign)
			return
		}
		if !b.publishFolded(x, false, sign) {
			return
		}
		if b.me == j.root {
			dst := unsafe.Add(j.dst.p, at*elem)
			b.ownSlice(dst, mine, n, elem) // more than two ranks
			if !b.pullSlices(x, dst, n, elem, sign) {
				return
			}
		}
		// Who has published its last slice has read what was lent.
		if at+per >= j.src.n && b.someLend() && !b.seeAll(x, b.round, sign) {
			return
		}
		b.leaveRounds()
	}
	b.forget()
}
