package collective

import (
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Scan combines src of the ranks up to and with the caller, element by element and in rank order, into
// dst: rank 0 gets its own src, rank 1 that of ranks 0 and 1 ... All have the same length; dst
// and src may be the same slice.
func Scan[T any](c *mpi.Comm, dst, src []T, op Op) error {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.do(c)
}

// ScanFunc is Scan with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func ScanFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) error {
	var j job
	scanJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.do(c)
}

func scanJob(j *job, c *mpi.Comm, dst, src block, f fold) {
	checkOneGroup(c)
	checkPair(dst, src)
	j.code, j.dst, j.src, j.fold = opScan, dst, src, f
}

// scan: in the round of distance d a rank holds the sum over the d ranks that end with it. It sends that d ranks up, and puts
// what comes from d ranks below in front.
//
// Cost: ceil(log2 n) rounds of one message and one fold per rank; scratch for dst twice.
//
// Source: W. D. Hillis, G. L. Steele, "Data parallel algorithms", Communications of the ACM 29 (1986).
func (x *call) scan(j *job) {
	sum := j.src
	var in, spare block
	if x.rank > 0 {
		both, s := borrow(block{n: 2 * j.src.n, bytes: 2 * j.src.bytes})
		defer s.giveBack()
		in, spare = both.piece(0, j.src), both.piece(1, j.src)
	}
	for d := 1; d < x.size; d *= 2 {
		if x.shift(d, sum, in) {
			if x.spoiled == 0 {
				j.fold.Fold(in.p, sum.p, sum.n)
			}
			sum, in, spare = in, spare, in // from now on, spare is sum
		}
	}
	j.dst.copyFrom(sum)
}

// shift sends out to the rank that is d higher and receives in from the one that is d lower, where
// there are such ranks. It reports whether there is a lower one.
func (x *call) shift(d int, out, in block) bool {
	var r *engine.Req
	if x.rank+d < x.size {
		r = x.start(x.rank+d, out)
	}
	if x.rank >= d {
		x.recv(x.rank-d, in)
	}
	if x.rank+d < x.size {
		x.finish(x.rank+d, r)
	}
	return x.rank >= d
}
