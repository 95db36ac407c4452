package collective

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// wide is what a fold works on in place of the elements: something longer, or the elements in another form. It must not change the result
// whether an operand was widened alone or folded with others first.
type wide struct {
	size  int                                  // bytes per element
	open  func(dst, src unsafe.Pointer, n int) // n elements of the caller's at src to wide ones at dst
	close func(dst, src unsafe.Pointer, n int) // and back
}

// runWide is j on wide elements, in place in scratch.
func (x *call) runWide(j *job) {
	w := j.fold.wide
	n := j.src.n
	if j.code == opReduce && j.root == mpi.Root {
		n = j.dst.n
	}
	mine, s := borrow(block{n: n, bytes: n * w.size})
	defer s.giveBack()
	if j.root != mpi.Root && j.root != mpi.ProcNull {
		w.open(mine.p, j.src.p, mine.n)
	}
	wj := *j
	wj.fold.wide = nil
	wj.src, wj.dst = mine, mine
	gets := true
	switch j.code {
	case opReduce:
		gets = j.root == mpi.Root || x.rank == j.root && !x.comm.Inter()
	case opExscan:
		gets = x.rank > 0
	case opReduceScatter, opReduceScatterBlock:
		own := cutUp(mine, j.out, x.size)
		wj.dst = own.piece(x.rank)
	}
	x.run(&wj)
	if gets && x.err == nil {
		w.close(j.dst.p, wj.dst.p, j.dst.n)
	}
}
