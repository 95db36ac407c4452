package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Allgather puts src of every rank into dst of every rank, that of rank i at
// dst[i*len(src)]. All src have the same length, and dst holds one per rank. In place, src is the rank's own piece of
// dst.
//
// Pieces go round a ring: each rank passes on to the right what came from the left.
//
// Cost: n-1 rounds of one message per rank; every piece crosses every link but one once.
func Allgather[T any](c *mpi.Comm, dst, src []T) error {
	to, from := blockOf(dst), blockOf(src)
	checkPieces(c, to, from, panicGather)
	x, err := begin(c, opAllgather)
	if err != nil {
		return err
	}
	to.piece(x.rank, from).copyFrom(from)
	right, left := (x.rank+1)%x.size, (x.rank-1+x.size)%x.size
	for i := range x.size - 1 {
		out, in := (x.rank-i+x.size)%x.size, (x.rank-i-1+x.size)%x.size
		// Not send: with everybody sending first, large messages would wait for ever.
		r := x.start(right, to.piece(out, from))
		x.recv(left, to.piece(in, from))
		x.finish(right, r)
	}
	return x.end()
}
