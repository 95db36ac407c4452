package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allgatherv is Allgather for src of different lengths: the counts[i] elements of rank i go to dst[displs[i]] of every rank, or,
// with displs nil, behind those of rank i-1. The pieces must not overlap. All ranks give the same
// counts; displs may differ. In place, src is the rank's own piece of dst.
func Allgatherv[T any](c *mpi.Comm, dst []T, counts, displs []int, src []T) error {
	var j job
	allgathervJob(&j, c, dst, counts, displs, src)
	return j.do(c)
}

func allgathervJob[T any](j *job, c *mpi.Comm, dst []T, counts, displs []int, src []T) {
	j.code, j.dst, j.src = opAllgatherv, blockOf(dst), blockOf(src)
	j.in = spreadApart(c, j.dst, counts, displs)
	if c.Inter() {
		checkApart(cutUp(j.dst, j.in, c.Peers()), cursor{b: j.src, each: j.src}, c.Peers())
	} else {
		checkOwn(c, cutUp(j.dst, j.in, c.Size()), j.src)
	}
}

// allgatherv passes pieces round a ring: each rank gives to the right what came from the left.
//
// Cost: n-1 rounds of one message per rank; every piece crosses every link but one once. A round
// lasts as long as the longest piece takes.
func (x *call) allgatherv(j *job) {
	dst := cutUp(j.dst, j.in, x.size)
	out := dst.piece(x.rank)
	out.copyFrom(j.src)
	right, left := (x.rank+1)%x.size, (x.rank-1+x.size)%x.size
	for i := range x.size - 1 {
		in := dst.piece((x.rank - i - 1 + x.size) % x.size)
		// Not send: with everybody sending first, large messages would wait for ever.
		r := x.start(right, out)
		x.recv(left, in)
		x.finish(right, r)
		out = in
	}
}
