package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allgather puts src of every rank into dst of every rank, that of rank i at
// dst[i*len(src)]. All src have the same length, and dst holds one per rank. In place, src is the rank's own piece of
// dst.
func Allgather[T any](c *mpi.Comm, dst, src []T) error {
	var j job
	allgatherJob(&j, c, dst, src)
	return j.do(c)
}

func allgatherJob[T any](j *job, c *mpi.Comm, dst, src []T) {
	j.code, j.dst, j.src = opAllgather, blockOf(dst), blockOf(src)
	if c.Inter() {
		checkFar(c, j.dst, j.src, panicGather)
	} else {
		checkPieces(c, j.dst, j.src, panicGather)
	}
}

// allgather passes pieces round a ring: each rank gives to the right what came from the left.
//
// Cost: n-1 rounds of one message per rank; every piece crosses every link but one once.
func (x *call) allgather(j *job) {
	j.dst.piece(x.rank, j.src).copyFrom(j.src)
	right, left := (x.rank+1)%x.size, (x.rank-1+x.size)%x.size
	for i := range x.size - 1 {
		out, in := (x.rank-i+x.size)%x.size, (x.rank-i-1+x.size)%x.size
		// Not send: with everybody sending first, large messages would wait for ever.
		r := x.start(right, j.dst.piece(out, j.src))
		x.recv(left, j.dst.piece(in, j.src))
		x.finish(right, r)
	}
}
