package collective

import (
	"errors"
	"sync/atomic"
	"unsafe"
)

// scan: everybody publishes, and folds what comes from rank 0 up to itself, or, if it leaves itself out, to the one below.
// Lower ranks may be some rounds ahead.
//
// Cost: a round for each cell. Rank r reads r+1 vectors.
func (b *board) scan(x *call, j *job, sign signature) {
	if b.crowded() && j.src.bytes > chainLink {
		b.scanChain(x, j, sign)
		return
	}
	elem := max(1, j.elem())
	per, with := max(1, b.chunk(j.src.bytes)/elem), b.me+1
	if j.code == opExscan {
		with = b.me
	}
	for at := 0; at == 0 || at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		src := unsafe.Add(j.src.p, at*elem)
		if !b.post(x, src, n*elem, sign) {
			return
		}
		for r := range b.me {
			if !b.see(x, r, b.round, sign) {
				return
			}
			b.xs[r] = b.data(r, b.round, n*elem)
		}
		b.xs[b.me] = src
		if with > 0 {
			j.fold.FoldAll(unsafe.Add(j.dst.p, at*elem), b.xs[:with], n)
		}
		if b.me > 0 {
			b.used(b.peer(), b.round, n*elem)
		}
		b.leaveRounds()
	}
}

// scanChain: a rank takes what the ranks below it make together from the one just below, and publishes that with its own.
//
// Cost: a round for each link. Each rank reads two vectors and writes two, whatever n; but rank r begins when r others have
// done their part of a link.
func (b *board) scanChain(x *call, j *job, sign signature) {
	elem := j.elem()
	per := max(1, min(b.cell, chainLink)/elem)
	for at := 0; at < j.src.n; at += per {
		n := min(per, j.src.n-at)
		src, dst := unsafe.Add(j.src.p, at*elem), unsafe.Add(j.dst.p, at*elem)
		if !b.begin(x) {
			return
		}
		mine := b.data(b.me, b.round, n*elem)
		if b.me == 0 {
			move(mine, src, n*elem)
			b.publish(sign)
			if j.code == opScan && dst != src {
				move(dst, src, n*elem)
			}
		} else {
			if !b.seeBelow(x, sign) {
				if !errors.Is(x.err, ErrMismatch) { // else those above, who wait for this rank, find the same or this one's signature
					sign = gaveUp
				}
				b.publish(sign)
				return
			}
			below := b.data(b.me-1, b.round, n*elem)
			if b.me < b.n-1 || j.code == opScan {
				b.xs[0], b.xs[1] = below, src
				j.fold.FoldAll(mine, b.xs[:2], n)
			}
			b.publish(sign)
			if j.code == opScan {
				move(dst, mine, n*elem)
			} else {
				move(dst, below, n*elem)
			}
		}
		b.leaveRounds()
	}
}

// seeBelow waits until all ranks below have published this round of the same operation, where each waits for those below itself.
func (b *board) seeBelow(x *call, sign signature) bool {
	if flag := (*uint64)(b.place(b.me-1, b.round)); atomic.LoadUint64(flag) < b.round && !b.await(x, flag, b.round) {
		return false
	}
	for r := range b.me {
		if !b.see(x, r, b.round, sign) {
			return false
		}
	}
	return true
}

// chainLink is how much goes from rank to rank at once, in bytes.
const chainLink = 128 << 10
