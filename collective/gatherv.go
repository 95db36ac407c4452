package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Gatherv is Gather for src of different lengths: the counts[i] elements of rank i go to dst[displs[i]] of rank root, or, with
// displs nil, behind those of rank i-1. The pieces must not overlap. In place, root's src is its own piece of dst. Other
// ranks' dst, counts and displs are not looked at.
//
// Cost: root receives n-1 messages, one after the other in rank order.
func Gatherv[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T, root int) error {
	var j job
	gathervJob(&j, c, dst, counts, displs, src, root)
	return j.do(c)
}

func gathervJob[T any](j *job, c *mpi.Comm, dst []T, counts, displs []int, src []T, root int) {
	checkRoot(c, root)
	j.code, j.src, j.root = opGatherv, blockOf(src), root
	if root == mpi.Root || ownRoot(c, root) {
		j.dst = blockOf(dst)
		j.in = spreadApart(c, j.dst, counts, displs)
	}
	if ownRoot(c, root) {
		checkOwn(c, cutUp(j.dst, j.in, c.Size()), j.src)
	}
}

func (x *call) gatherv(j *job) {
	if x.rank != j.root {
		x.send(j.root, j.src)
		return
	}
	dst := cutUp(j.dst, j.in, x.size)
	for i := range x.size {
		if b := dst.piece(i); i != j.root {
			x.recv(i, b)
		} else {
			b.copyFrom(j.src)
		}
	}
}
