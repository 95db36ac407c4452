package collective

import (
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Bcast copies buf of rank root to buf of every rank. All have the same length.
func Bcast[T any](c *mpi.Comm, buf []T, root int) error {
	var j job
	bcastJob(&j, c, buf, root)
	return j.do(c)
}

func bcastJob[T any](j *job, c *mpi.Comm, buf []T, root int) {
	checkRoot(c, root)
	j.code, j.dst, j.root = opBcast, blockOf(buf), root
}

// bcast hands b down a binomial tree. With ranks counted from root, the parent of r is
// r without its lowest bit; children come from the largest subtree to the smallest.
//
//	rank - root   0 -> 4, 2, 1    4 -> 6, 5    2 -> 3    6 -> 7
//
// Cost: ceil(log2 n) messages one after the other on the longest path, n-1 in all; root sends ceil(log2 n).
func (x *call) bcast(b block, root int) {
	r := (x.rank - root + x.size) % x.size
	d := 1
	for d < x.size && r&d == 0 {
		d *= 2
	}
	if r != 0 {
		x.recv((r-d+root)%x.size, b)
	}
	// All at once: a child that is late doesn't hold up the others.
	var reqs [32]*engine.Req
	first := d / 2
	for i, d := 0, first; d > 0; i, d = i+1, d/2 {
		if r+d < x.size {
			reqs[i] = x.start((r+d+root)%x.size, b)
		}
	}
	for i, d := 0, first; d > 0; i, d = i+1, d/2 {
		if r+d < x.size {
			x.finish((r+d+root)%x.size, reqs[i])
		}
	}
}
