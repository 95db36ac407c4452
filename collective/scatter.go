package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Scatter cuts src of rank root into pieces of len(dst), and puts piece i into dst of rank i. All
// dst have the same length, and root's src holds one per rank. In place, root's
// dst is its own piece of src. Other ranks' src is not looked at.
//
// Cost: root sends n-1 messages, one after the other in rank order.
func Scatter[T any](c *mpi.Comm, dst, src []T, root int) error {
	var j job
	scatterJob(&j, c, dst, src, root)
	return j.do(c)
}

func scatterJob[T any](j *job, c *mpi.Comm, dst, src []T, root int) {
	checkRoot(c, root)
	j.code, j.dst, j.src, j.root = opScatter, blockOf(dst), blockOf(src), root
	switch {
	case ownRoot(c, root):
		checkPieces(c, j.src, j.dst, panicScatter)
	case root == mpi.Root:
		checkFar(c, j.src, block{}, panicScatter)
	}
}

func (x *call) scatter(j *job) {
	if x.rank != j.root {
		x.recv(j.root, j.dst)
		return
	}
	for i := range x.size {
		if i != j.root {
			x.send(i, j.src.piece(i, j.dst))
		}
	}
	j.dst.copyFrom(j.src.piece(j.root, j.dst))
}
