package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allreduce combines src of every rank, element by element and in rank order,
// into dst of every rank. All have the same length; dst and src may be the same slice.
// Every rank gets the same bits.
func Allreduce[T any](c *mpi.Comm, dst, src []T, op Op) error {
	j := allreduceJob(blockOf(dst), blockOf(src), foldOf[T](op))
	return j.do(c)
}

// AllreduceFunc is Allreduce with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func AllreduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) error {
	j := allreduceJob(blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.do(c)
}

func allreduceJob(dst, src block, f fold) job {
	checkPair(dst, src)
	return job{code: opAllreduce, dst: dst, src: src, fold: f}
}

// allreduce is a Reduce to rank 0 and a Bcast from there.
//
// Cost: 2 ceil(log2 n) messages one after the other.
func (x *call) allreduce(j *job) {
	j.dst.copyFrom(j.src)
	x.reduce(j.dst, j.fold)
	x.bcast(j.dst, 0)
}
