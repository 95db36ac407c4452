package collective

import (
	"fmt"
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/engine"
)

// A signature says what a rank does: those of ranks that do the same are equal.
//
//	bits 0-7    code
//	bits 8-23   operation and kind of elements
//	bits 24-39  root
//	bits 40-62  bytes of one rank's part, folded if there are more than fit
//	bit  63     they were folded
//
// Where ranks have pieces of different lengths, some bits are for other things:
//
//	Allgatherv             8-39   hash of all lengths; 40-63 are 0
//	ReduceScatter          24-39  hash of all lengths, 0 if they are equal
//	Gatherv, Scatterv      40-63  0: see about
//	Alltoallv, Alltoallw   40-63  0
//
// Who has nothing to publish, as it misses data itself, signs gaveUp.
type signature uint64

const gaveUp = signature(0xff)

const (
	signOp    = 8
	signRoot  = 24
	signBytes = 40
	maxBytes  = 1<<23 - 1
)

// signPieces is sign without a length.
func (j *job) signPieces() signature {
	return signature(uint64(j.code) | uint64(j.fold.name&0xffff)<<signOp | uint64(j.root&0xffff)<<signRoot)
}

func (j *job) sign() signature {
	n := uint64(j.size())
	if n > maxBytes {
		n = (n^n>>23^n>>46)&maxBytes | (maxBytes + 1)
	}
	return j.signPieces() | signature(n<<signBytes)
}

// differ fails with the difference between what rank r has signed in a round and this rank's signature.
func (b *board) differ(x *call, r int, round uint64, theirs, mine signature) bool {
	other, r0 := code(theirs&0xff), x.rankOf(r)
	wrong := func(format string, args ...any) bool {
		b.fail(x, fmt.Errorf("%w: "+format, append([]any{ErrMismatch}, args...)...))
		return false
	}
	switch {
	case theirs == gaveUp:
		b.fail(x, fmt.Errorf("rank %d: %w", r0, ErrGaveUp))
		return false
	case int(other) >= len(codeNames) || atomic.LoadUint64((*uint64)(b.place(r, round))) != round:
		b.fail(x, fmt.Errorf("%w: the flag of rank %d holds nonsense", engine.ErrCorrupt, r0))
		return false
	case other != code(mine&0xff):
		return wrong("rank %d is in %s", r0, codeNames[other])
	}
	return wrong("%s", unlike(r0, theirs, mine))
}

// unlike says how what rank r has signed differs from this rank's signature, of the same code.
func unlike(r int, theirs, mine signature) string {
	c := code(mine & 0xff)
	root := uint16(theirs>>signRoot) == uint16(mine>>signRoot)
	op := uint16(theirs>>signOp) == uint16(mine>>signOp)
	bytes := theirs>>signBytes == mine>>signBytes
	switch {
	case c == opAllgatherv || c == opReduceScatter && op && bytes:
		return fmt.Sprintf("rank %d has other counts", r)
	case !root && c != opReduceScatter:
		return fmt.Sprintf("rank %d has root %d, want %d", r, uint16(theirs>>signRoot), uint16(mine>>signRoot))
	case !op:
		return fmt.Sprintf("rank %d has another operation or type of elements", r)
	case (theirs|mine)>>63 == 0:
		return fmt.Sprintf("rank %d has %d bytes, want %d", r, theirs>>signBytes, mine>>signBytes)
	}
	return fmt.Sprintf("rank %d has another length", r)
}
