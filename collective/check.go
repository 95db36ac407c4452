package collective

import (
	"errors"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// Misuse by the programmer.
const (
	panicRoot    = "collective: root outside of the communicator"
	panicOp      = "collective: not an operation"
	panicOpType  = "collective: operation does not take this element type"
	panicLength  = "collective: dst and src differ in length"
	panicGather  = "collective: dst must hold one src per rank"
	panicScatter = "collective: src must hold one dst per rank"
	panicOverlap = "collective: dst and src overlap in part"
	panicFunc    = "collective: no function"
)

var (
	// ErrMismatch: ranks are not in the same call, or came with different lengths.
	ErrMismatch = errors.New("ranks disagree about the call")
	// ErrGaveUp: another rank had an error, which it returned, and so could not pass
	// on what this rank was waiting for.
	ErrGaveUp = errors.New("gave up")
)

func checkRoot(c *mpi.Comm, root int) {
	if uint(root) >= uint(c.Size()) {
		panic(panicRoot)
	}
}

// checkPair is for dst and src of the same length, the same slice or apart.
func checkPair(dst, src block) {
	if dst.n != src.n {
		panic(panicLength)
	}
	if dst.p != src.p && dst.overlaps(src) {
		panic(panicOverlap)
	}
}

// checkPieces is for a long block of one short block per rank, where the short one is
// the rank's own piece of the long one or apart from it.
func checkPieces(c *mpi.Comm, long, short block, wrong string) {
	if long.n != c.Size()*short.n {
		panic(wrong)
	}
	if long.overlaps(short) && long.piece(c.Rank(), short).p != short.p {
		panic(panicOverlap)
	}
}
