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
// If all is lent: one round and the wait until all have left it; each rank reads n vectors. Where it would be overwritten
// by the result: see combineLent.
func (b *board) allreduceFlat(x *call, j *job, sign signature) {
	elem := max(1, j.elem())
	per, m := max(1, b.chunk(j.src.bytes)/elem), j.src.n
	big := b.n == 2 && b.lendable(j.src.bytes)
	if big {
		b.offerFlat(j)
	}
	if !b.postToAll(x, j.src.p, min(per, m)*elem, sign) {
		return
	}
	for at := 0; at == 0 || at < m; at += per {
		round := b.round
		if !b.meet(x, round, sign) {
			return
		}
		if at == 0 && big {
			if done := b.allreduceLent(x, j, elem, sign); done {
				return
			}
		}
		if next := at + per; next < m && !b.postToAll(x, unsafe.Add(j.src.p, next*elem), min(per, m-next)*elem, sign) {
			return
		}
		n := min(per, m-at)
		b.foldRound(j, unsafe.Add(j.dst.p, at*elem), unsafe.Add(j.src.p, at*elem), n, n*elem, round, at*elem)
	}
	b.endAll(x)
}

// offerFlat is offer for allreduceFlat. Data in place is copied to cells nevertheless, unless it turns out that both ranks can lend.
func (b *board) offerFlat(j *job) {
	if j.dst.p != j.src.p {
		b.offer(j.src.p, j.src.bytes, 0)
		return
	}
	b.offer(j.src.p, j.src.bytes, inPlace)
	b.loans.lends = false
}

// allreduceLent reads the forms of two ranks' vectors, and does the whole operation if both can lend. Else what is in place is in cells.
func (b *board) allreduceLent(x *call, j *job, elem int, sign signature) (done bool) {
	l, peer := &b.loans, b.peer()
	before := l.places
	if !b.hearAll(x, b.round, j.src.bytes) {
		return true
	}
	switch {
	case b.allLend() && l.places > 0:
		b.combineLent(x, j, true, sign)
		return true
	case b.allLend():
		b.foldLent(j, j.dst.p, 0, j.src.n, elem)
		b.used(peer, b.round, 0)
		b.settle(x)
		return true
	case l.places > 0: // of a single one that could lend
		who := b.me
		if before == 0 {
			who = peer
		}
		l.refs[who], l.seen = nil, 0
	}
	return false
}

// allreduceSliced: each rank folds one slice of the vector and publishes the result.
//
// Cost: two rounds for each cell. Each rank writes its vector twice and reads it three times, whatever n.
// If all is lent: see combineLent.
//
// Source: S. Jain, R. Kaleem, M. Balmana, A. Langer, D. Durnov, A. Sannikov, M. Garzaran, "Framework for scalable
// intra-node collective operations using shared memory", SC 2018.
func (b *board) allreduceSliced(x *call, j *job, sign signature) {
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
			b.combineLent(x, j, true, sign)
			return
		}
		if !b.publishFolded(x, true, sign) {
			return
		}
		dst := unsafe.Add(j.dst.p, at*elem)
		b.ownSlice(dst, mine, n, elem) // more than two ranks
		if !b.pullSlices(x, dst, n, elem, sign) {
			return
		}
	}
	b.known = b.round - 1
	b.forget() // who has published its last slice has read what was lent
}

// foldSlice takes two rounds: in the first, everybody publishes n elements of its vector, from element at on, in the second, its slice of
// the result, which lies at mine. It is for the caller to publish it. If all vectors turn out to be lent there is no second round, and mine
// is nil.
func (b *board) foldSlice(x *call, j *job, at, n, elem int, sign signature) (mine unsafe.Pointer, ok bool) {
	if !b.begin(x) {
		return nil, false
	}
	src := unsafe.Add(j.src.p, at*elem)
	lo, hi := slice(n, b.n, b.me)
	if !b.loans.lends {
		cell := b.data(b.me, b.round, n*elem)
		move(cell, src, lo*elem) // one's own slice stays where it is
		if hi < n {
			move(unsafe.Add(cell, hi*elem), unsafe.Add(src, hi*elem), (n-hi)*elem)
		}
	}
	b.publishToAll(sign)
	if !b.meet(x, b.round, sign) {
		return nil, false
	}
	b.known = b.round - 1 // nobody publishes before it has read all of the round before
	if at == 0 && b.lendable(j.src.bytes) {
		if !b.hearAll(x, b.round, j.src.bytes) {
			return nil, false
		}
		if b.allLend() {
			return nil, true
		}
	}
	for r := range b.xs {
		b.xs[r] = unsafe.Add(b.at(r, b.round, n*elem, at*elem), lo*elem)
	}
	b.xs[b.me] = unsafe.Add(src, lo*elem)
	if !b.begin(x) {
		return nil, false
	}
	mine = b.data(b.me, b.round, (hi-lo)*elem)
	j.fold.FoldAll(mine, b.xs, hi-lo)
	return mine, true
}

// publishFolded publishes what was folded, from data that may have been lent, for all or for root alone. Nobody but a crowd has been waited
// for then.
func (b *board) publishFolded(x *call, all bool, sign signature) bool {
	if b.someLend() && !b.kept(x) {
		b.publish(gaveUp)
		return false
	}
	if !all {
		b.publish(sign)
		return true
	}
	b.publishToAll(sign)
	return !b.crowded() || b.meet(x, b.round, sign)
}

// combineLent: all ranks lend. Each folds one slice of the vector straight from everybody's memory and publishes the result; who wants the
// result collects the slices. Slice after slice may be written over what was lent: whoever has published his has read it.
//
// Cost: a round for every n cells. Each rank reads and writes the vector once while folding, and copies it if it wants the result.
func (b *board) combineLent(x *call, j *job, wants bool, sign signature) {
	elem := j.elem()
	per := b.cell / elem * b.n
	for at := 0; at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		if !b.begin(x) {
			return
		}
		lo, hi := slice(n, b.n, b.me)
		mine := b.data(b.me, b.round, (hi-lo)*elem)
		b.foldLent(j, mine, at+lo, hi-lo, elem)
		dst := unsafe.Add(j.dst.p, at*elem)
		if wants {
			b.ownSlice(dst, mine, n, elem)
		}
		if !b.publishFolded(x, j.code == opAllreduce, sign) {
			return
		}
		last := at+per >= j.src.n
		if wants && !b.pullSlices(x, dst, n, elem, sign) || !wants && last && !b.seeAll(x, b.round, sign) {
			return
		}
		if j.code != opAllreduce {
			b.leaveRounds()
		} else {
			b.known = max(b.known, b.round-1) // nobody publishes before it has read all of the round before
		}
	}
	b.forget()
}

// ownSlice copies this rank's slice from mine to its place in dst, n elements. With two ranks it must be done before the slice is
// published: see used.
func (b *board) ownSlice(dst, mine unsafe.Pointer, n, elem int) {
	lo, hi := slice(n, b.n, b.me)
	move(unsafe.Add(dst, lo*elem), mine, (hi-lo)*elem)
}

// pullSlices collects the slices that the others have published in this round in dst, n elements.
func (b *board) pullSlices(x *call, dst unsafe.Pointer, n, elem int, sign signature) bool {
	for i := 1; i < b.n; i++ {
		r := (b.me + i) % b.n
		if !b.see(x, r, b.round, sign) {
			return false
		}
		lo, hi := slice(n, b.n, r)
		move(unsafe.Add(dst, lo*elem), b.data(r, b.round, (hi-lo)*elem), (hi-lo)*elem)
		b.used(r, b.round, (hi-lo)*elem)
	}
	return true
}

// slice is the part of n elements that rank r of size folds.
func slice(n, size, r int) (lo, hi int) { return n * r / size, n * (r + 1) / size }
