package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Gather puts src of every rank into dst of rank root, that of rank i at
// dst[i*len(src)]. All src have the same length, and root's dst holds one per rank. In place, root's src
// is its own piece of dst. Other ranks' dst is not looked at.
//
// Cost: root receives n-1 messages, one after the other in rank order.
func Gather[T any](c *mpi.Comm, dst, src []T, root int) error {
	var j job
	gatherJob(&j, c, dst, src, root)
	return j.do(c)
}

func gatherJob[T any](j *job, c *mpi.Comm, dst, src []T, root int) {
	checkRoot(c, root)
	j.code, j.dst, j.src, j.root = opGather, blockOf(dst), blockOf(src), root
	switch {
	case ownRoot(c, root):
		checkPieces(c, j.dst, j.src, panicGather)
	case root == mpi.Root:
		checkFar(c, j.dst, block{}, panicGather)
	}
}

func (x *call) gather(j *job) {
	if x.rank != j.root {
		x.send(j.root, j.src)
		return
	}
	j.dst.piece(j.root, j.src).copyFrom(j.src)
	for i := range x.size {
		if i != j.root {
			x.recv(i, j.dst.piece(i, j.src))
		}
	}
}
