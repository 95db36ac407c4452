package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allreduce combines src of every rank, element by element and in rank order,
// into dst of every rank. All have the same length; dst and src may be the same slice.
// Every rank gets the same bits.
func Allreduce[T any](c *mpi.Comm, dst, src []T, op Op) error {
	return allreduce(c, blockOf(dst), blockOf(src), foldOf[T](op))
}

// AllreduceFunc is Allreduce with a function of the caller's: associative, not
// necessarily commutative. acc holds what comes from lower ranks than x.
func AllreduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T) error {
	if fn == nil {
		panic(panicFunc)
	}
	return allreduce(c, blockOf(dst), blockOf(src), foldFunc(fn))
}

// allreduce is a Reduce to rank 0 and a Bcast from there.
//
// Cost: 2 ceil(log2 n) messages one after the other.
func allreduce(c *mpi.Comm, dst, src block, f fold) error {
	checkPair(dst, src)
	x, err := begin(c, opAllreduce)
	if err != nil {
		return err
	}
	dst.copyFrom(src)
	x.reduce(dst, f)
	x.bcast(dst, 0)
	return x.end()
}
