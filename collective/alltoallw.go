package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Alltoallw is Alltoall for pieces of any shape, one layout per rank: what send[i] selects of src goes
// to rank i, what comes from rank i goes to where recv[i] selects it in dst. At gives a layout its place:
//
//	send[i] = layout.Vector(rows, cols, width).At(i * cols) // rank i's columns of a matrix
//
// What rank i sends to rank k has as many bytes as k receives from i: the shapes may differ. Contiguous(0) is nothing. What is received
// overlaps neither itself nor what is sent; dst and src may be one slice.
//
// In place, dst and src are the same slice, with the same layouts for both: what a rank sends to
// another has the length of what it gets from it.
//
// Cost: as Alltoall; pieces with gaps are packed on their way, without scratch (in place, with).
func Alltoallw[T any](c *mpi.Comm, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) error {
	var j job
	alltoallwJob(&j, c, dst, recv, src, send)
	return j.do(c)
}

func alltoallwJob[T any](j *job, c *mpi.Comm, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) {
	j.code, j.dst, j.src = opAlltoallw, blockOf(dst), blockOf(src)
	j.in = spreadLayouts(c, j.dst, recv)
	j.out = spreadLayouts(c, j.src, send)
	for _, l := range recv {
		if l.Overlaps() {
			panic(panicShape)
		}
	}
	if c.Inter() {
		return
	}
	in, out := cutUp(j.dst, j.in, c.Size()), cutUp(j.src, j.out, c.Size())
	if in.size(c.Rank()) != out.size(c.Rank()) {
		panic(panicSelf)
	}
}
