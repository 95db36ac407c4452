package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Reduce combines src of every rank, element by element and in rank order, into
// dst of rank root. All src and root's dst have the same length, and root's may be the same slice.
// Other ranks' dst is not looked at.
func Reduce[T any](c *mpi.Comm, dst, src []T, op Op, root int) error {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op), root)
	return j.do(c)
}

// ReduceFunc is Reduce with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func ReduceFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, root int, opts ...FuncOption) error {
	var j job
	reduceJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...), root)
	return j.do(c)
}

func reduceJob(j *job, c *mpi.Comm, dst, src block, f fold, root int) {
	checkRoot(c, root)
	if ownRoot(c, root) {
		checkPair(dst, src)
	}
	j.code, j.dst, j.src, j.fold, j.root = opReduce, dst, src, f, root
}

func (x *call) reduceTo(j *job) {
	acc := j.src
	switch {
	case x.rank == j.root:
		acc = j.dst
		acc.copyFrom(j.src)
	case x.folds():
		var s *scratch
		acc, s = borrow(j.src)
		defer s.giveBack()
		acc.copyFrom(j.src)
	}
	x.reduce(acc, j.fold)
	if j.root != 0 {
		switch x.rank {
		case 0:
			x.send(j.root, acc)
		case j.root:
			x.recv(0, j.dst)
		}
	}
}

// reduce folds everybody's acc into that of rank 0, up a binomial tree: in
// the round of distance d, a rank takes in the d ranks that follow those that it has already.
//
//	0 <- 1    2 <- 3    4 <- 5    6 <- 7
//	0 <- 2              4 <- 6
//	0 <- 4
//
// The tree hangs at rank 0 whatever the root: one that hangs at root would fold in an
// order that depends on it. For another root that is one message more.
//
// Cost: ceil(log2 n) messages and folds one after the other on the longest path, n-1 of each in all.
func (x *call) reduce(acc block, f fold) {
	var in block
	if x.folds() {
		var s *scratch
		in, s = borrow(acc)
		defer s.giveBack()
	}
	for d := 1; d < x.size; d *= 2 {
		if x.rank&d != 0 {
			x.send(x.rank-d, acc)
			return
		}
		if x.rank+d < x.size {
			x.recv(x.rank+d, in)
			if x.spoiled == 0 {
				f.Fold(acc.p, in.p, acc.n)
			}
		}
	}
}

// folds reports whether this rank takes anything in.
func (x *call) folds() bool { return x.rank&1 == 0 && x.rank+1 < x.size }
