package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Exscan combines src of the ranks below the caller, element by element and in rank order, into
// dst: rank 1 gets src of rank 0, rank 2 that of ranks 0 and 1 ... All have the same length; dst
// and src may be the same slice. Nothing is below rank 0, whose dst is not looked at.
func Exscan[T any](c *mpi.Comm, dst, src []T, op Op) error {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.do(c)
}

// ExscanFunc is Exscan with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func ExscanFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) error {
	var j job
	exscanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.do(c)
}

func exscanJob(j *job, c *mpi.Comm, dst, src block, f fold) {
	checkOneGroup(c)
	if c.Rank() > 0 {
		checkPair(dst, src)
	}
	j.code, j.dst, j.src, j.fold = opExscan, dst, src, f
}

// exscan is scan with a second sum that leaves the rank itself out.
//
// Cost: ceil(log2 n) rounds of one message and two folds per rank; scratch for dst four times.
func (x *call) exscan(j *job) {
	if x.rank == 0 {
		for d := 1; d < x.size; d *= 2 {
			x.shift(d, j.src, block{})
		}
		return
	}
	all, s := borrow(block{n: 4 * j.src.n, bytes: 4 * j.src.bytes})
	defer s.giveBack()
	with, in, spare := j.src, all.piece(0, j.src), all.piece(1, j.src) // as in scan
	below, next := all.piece(2, j.src), all.piece(3, j.src)
	for d := 1; d < x.size; d *= 2 {
		if !x.shift(d, with, in) {
			continue
		}
		next.copyFrom(in)
		if x.spoiled != 0 {
			continue
		}
		if d > 1 {
			j.fold.Fold(next.p, below.p, below.n)
		}
		below, next = next, below
		if x.rank+2*d < x.size { // it is sent once more
			j.fold.Fold(in.p, with.p, with.n)
			with, in, spare = in, spare, in
		}
	}
	j.dst.copyFrom(below)
}
