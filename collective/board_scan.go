package collective

import "unsafe"

// scan: everybody publishes, and folds what comes from rank 0 up to itself, or, if it leaves itself out, to the one below.
// Lower ranks may be some rounds ahead.
//
// Cost: a round for each cell. Rank r reads r+1 vectors.
func (b *board) scan(x *call, j *job, sign signature) {
	elem := max(1, j.elem())
	per, with := b.cell/elem, b.me+1
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
