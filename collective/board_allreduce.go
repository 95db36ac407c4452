package collective

import "unsafe"

func (b *board) allreduce(x *call, j *job, sign signature) {
	switch {
	case b.crowded() && j.src.bytes <= metMost && j.fold.name != 0: // the user's function is everybody's own
		b.allreduceMet(x, j, sign)
	case b.n == 2 || j.src.bytes <= b.flatMost():
		b.allreduceFlat(x, j, sign)
	default:
		b.allreduceSliced(x, j, sign)
	}
}

// flatMost is the largest vector in bytes that every rank folds as a whole.
func (b *board) flatMost() int { return 2048 }

// allreduceFlat: everybody publishes its vector and folds all of them, from rank 0 to n-1. While the others
// read one cell, the next is written.
//
// Cost: a round for each cell. Each rank writes its vector twice and reads n+1 vectors.
func (b *board) allreduceFlat(x *call, j *job, sign signature) {
	elem := max(1, j.elem())
	per, m := b.cell/elem, j.src.n
	if !b.postToAll(x, j.src.p, min(per, m)*elem, sign) {
		return
	}
	for at := 0; at == 0 || at < m; at += per {
		round := b.round
		if !b.meet(x, round, sign) {
			return
		}
		if next := at + per; next < m && !b.postToAll(x, unsafe.Add(j.src.p, next*elem), min(per, m-next)*elem, sign) {
			return
		}
		n := min(per, m-at)
		b.foldRound(j, unsafe.Add(j.dst.p, at*elem), unsafe.Add(j.src.p, at*elem), n, n*elem, round)
	}
	b.done()
}

// allreduceSliced: each rank folds one slice of the vector and publishes the result.
//
// Cost: two rounds for each cell. Each rank writes its vector twice and reads it three times, whatever n.
//
// Source: S. Jain, R. Kaleem, M. Balmana, A. Langer, D. Durnov, A. Sannikov, M. Garzaran, "Framework for scalable
// intra-node collective operations using shared memory", SC 2018.
func (b *board) allreduceSliced(x *call, j *job, sign signature) {
	elem := j.elem()
	per := b.cell / elem
	for at := 0; at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		src, dst := unsafe.Add(j.src.p, at*elem), unsafe.Add(j.dst.p, at*elem)
		mine, ok := b.foldSlice(x, j, src, n, elem, sign)
		if !ok {
			return
		}
		b.publishToAll(sign)
		if b.crowded() && !b.meet(x, b.round, sign) {
			return
		}
		lo, hi := slice(n, b.n, b.me)
		move(unsafe.Add(dst, lo*elem), mine, (hi-lo)*elem)
		for i := 1; i < b.n; i++ {
			if r := (b.me + i) % b.n; !b.pullSlice(x, r, dst, n, elem, sign) {
				return
			}
		}
	}
	b.known = b.round - 1
}

// foldSlice takes two rounds: in the first, everybody publishes n elements at src, in the second, its slice of the result, which lies
// at mine. It is for the caller to publish it.
func (b *board) foldSlice(x *call, j *job, src unsafe.Pointer, n, elem int, sign signature) (mine unsafe.Pointer, ok bool) {
	if !b.begin(x) {
		return nil, false
	}
	lo, hi := slice(n, b.n, b.me)
	cell := b.data(b.me, b.round, n*elem)
	move(cell, src, lo*elem) // one's own slice stays where it is
	if hi < n {
		move(unsafe.Add(cell, hi*elem), unsafe.Add(src, hi*elem), (n-hi)*elem)
	}
	b.publishToAll(sign)
	if !b.meet(x, b.round, sign) {
		return nil, false
	}
	b.known = b.round - 1 // nobody publishes before it has read all of the round before
	for r := range b.xs {
		b.xs[r] = unsafe.Add(b.data(r, b.round, n*elem), lo*elem)
	}
	b.xs[b.me] = unsafe.Add(src, lo*elem)
	if !b.begin(x) {
		return nil, false
	}
	mine = b.data(b.me, b.round, (hi-lo)*elem)
	j.fold.FoldAll(mine, b.xs, hi-lo)
	return mine, true
}

// pullSlice copies the slice that rank r has published in this round to its place in dst, n elements.
func (b *board) pullSlice(x *call, r int, dst unsafe.Pointer, n, elem int, sign signature) bool {
	if !b.see(x, r, b.round, sign) {
		return false
	}
	lo, hi := slice(n, b.n, r)
	move(unsafe.Add(dst, lo*elem), b.data(r, b.round, (hi-lo)*elem), (hi-lo)*elem)
	return true
}

// slice is the part of n elements that rank r of size folds.
func slice(n, size, r int) (lo, hi int) { return n * r / size, n * (r + 1) / size }
