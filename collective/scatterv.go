package collective

import (
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Scatterv is Scatter for dst of different lengths: the counts[i] elements of rank root's src from displs[i] on, or, with displs
// nil, those behind rank i-1's, go to dst of rank i. The pieces may overlap. In place, root's dst is its own piece
// of src. Other ranks' src, counts and displs are not looked at.
//
// Cost: root sends n-1 messages, 32 at a time.
func Scatterv[T any](c *mpi.Comm, dst []T, src []T, counts, displs []int, root int) error {
	var j job
	scattervJob(&j, c, dst, src, counts, displs, root)
	return j.do(c)
}

func scattervJob[T any](j *job, c *mpi.Comm, dst []T, src []T, counts, displs []int, root int) {
	checkRoot(c, root)
	j.code, j.dst, j.root = opScatterv, blockOf(dst), root
	if root == mpi.Root || ownRoot(c, root) {
		j.src = blockOf(src)
		j.out = spreadAll(c, j.src, counts, displs)
	}
	if ownRoot(c, root) {
		checkOwn(c, cutUp(j.src, j.out, c.Size()), j.dst)
	}
}

func (x *call) scatterv(j *job) {
	if x.rank != j.root {
		x.recv(j.root, j.dst)
		return
	}
	src := cutUp(j.src, j.out, x.size)
	var reqs [window]*engine.Req
	for first := 0; first < x.size; first += window {
		last := min(first+window, x.size)
		for i := first; i < last; i++ {
			if b := src.piece(i); i != j.root {
				reqs[i-first] = x.start(i, b)
			}
		}
		for i := first; i < last; i++ {
			if i != j.root {
				x.finish(i, reqs[i-first])
			}
		}
	}
	// At the end: in place, with pieces that overlap, this is part of what others get.
	j.dst.copyFrom(src.piece(j.root))
}
