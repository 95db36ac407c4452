package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Alltoallv is Alltoall for pieces of different lengths: sendCounts[i] elements from src[sendDispls[i]] on go to rank i,
// recvCounts[i] elements come from rank i to dst[recvDispls[i]]. With displs nil, pieces lie side by side. What rank i sends to
// rank k is as long as what k receives from i. The pieces of dst overlap neither each other nor those of src.
//
// In place, dst and src are the same slice, with the same counts and displacements for both: what a rank sends to
// another has the length of what it gets from it.
//
// Cost: as Alltoall. Pieces of length 0 are messages as well.
func Alltoallv[T any](c *mpi.Comm, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) error {
	var j job
	alltoallvJob(&j, c, dst, recvCounts, recvDispls, src, sendCounts, sendDispls)
	return j.do(c)
}

func alltoallvJob[T any](j *job, c *mpi.Comm, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) {
	j.code, j.dst, j.src = opAlltoallv, blockOf(dst), blockOf(src)
	j.in = spreadApart(c, j.dst, recvCounts, recvDispls)
	j.out = spreadAll(c, j.src, sendCounts, sendDispls)
	if !c.Inter() {
		if recvCounts[c.Rank()] != sendCounts[c.Rank()] {
			panic(panicSelf)
		}
		if j.inPlace(c.Size()) {
			return
		}
	}
	checkApart(cutUp(j.dst, j.in, c.Peers()), cutUp(j.src, j.out, c.Peers()), c.Peers())
}
