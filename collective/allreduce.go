package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allreduce combines src of every rank, element by element and in rank order,
// into dst of every rank. All have the same length; dst and src may be the same slice.
// Every rank gets the same bits.
func Allreduce[T any](c *mpi.Comm, dst, src []T, op Op) error {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.do(c)
}

// AllreduceFunc is Allreduce with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func AllreduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) error {
	var j job
	allreduceJob(&j, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.do(c)
}

func allreduceJob(j *job, dst, src block, f fold) {
	checkPair(dst, src)
	j.code, j.dst, j.src, j.fold = opAllreduce, dst, src, f
}

// allreduce is a Reduce to rank 0 and a Bcast from there.
//
// Cost: 2 ceil(log2 n) messages one after the other.
func (x *call) allreduce(j *job) {
	j.dst.copyFrom(j.src)
	x.reduce(j.dst, j.fold)
	x.bcast(j.dst, 0)
}
