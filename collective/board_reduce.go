package collective

import "unsafe"

// reduce: everybody publishes, root folds, from rank 0 to n-1. The others may be some rounds ahead.
//
// Cost: a round for each cell. Root reads n times the data.
func (b *board) reduce(x *call, j *job, sign signature) {
	if b.n > 2 && j.src.bytes > b.flatMost() {
		b.reduceSliced(x, j, sign)
		return
	}
	elem := max(1, j.elem())
	per := b.cell / elem
	for at := 0; at == 0 || at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		src := unsafe.Add(j.src.p, at*elem)
		if b.me != j.root {
			if !b.post(x, src, n*elem, sign) {
				return
			}
		} else {
			b.round++
			if !b.seeAll(x, b.round, sign) {
				return
			}
			b.foldRound(j, unsafe.Add(j.dst.p, at*elem), src, n, n*elem, b.round)
		}
		b.leaveRounds()
	}
}

// foldRound folds what all have published in a round, this rank's from mine, into dst: n elements, bytes in all.
func (b *board) foldRound(j *job, dst, mine unsafe.Pointer, n, bytes int, round uint64) {
	for r := range b.xs {
		b.xs[r] = b.data(r, round, bytes)
	}
	b.xs[b.me] = mine
	j.fold.FoldAll(dst, b.xs, n)
	b.used(b.peer(), round, bytes)
}

// reduceSliced: each rank folds one slice of the vector, and root gathers them.
//
// Cost: two rounds for each cell. Each rank writes its vector once and reads it once, root twice more.
func (b *board) reduceSliced(x *call, j *job, sign signature) {
	elem := j.elem()
	per := b.cell / elem
	for at := 0; at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		mine, ok := b.foldSlice(x, j, unsafe.Add(j.src.p, at*elem), n, elem, sign)
		if !ok {
			return
		}
		b.publish(sign)
		if b.me == j.root {
			dst := unsafe.Add(j.dst.p, at*elem)
			lo, hi := slice(n, b.n, b.me)
			move(unsafe.Add(dst, lo*elem), mine, (hi-lo)*elem)
			for i := 1; i < b.n; i++ {
				if r := (b.me + i) % b.n; !b.pullSlice(x, r, dst, n, elem, sign) {
					return
				}
			}
		}
		b.leaveRounds()
	}
}
