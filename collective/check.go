package collective

import (
	"errors"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
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
	panicRequest = "collective: request is not active (waited for already)"
	panicStart   = "collective: only a persistent request can be started"
	panicStarted = "collective: persistent request was started twice without Wait"
	panicTwice   = "collective: two goroutines wait for one request"
	panicEqual   = "collective: dst and src must hold one piece of the same length per rank"
	panicCounts  = "collective: want one count, and one displacement or none, per rank"
	panicRange   = "collective: a count or a displacement reaches outside of its slice"
	panicPieces  = "collective: pieces of dst overlap"
	panicShape   = "collective: layout of dst selects an element twice"
	panicLayouts = "collective: want one layout per rank"
	panicShort   = "collective: slice is shorter than its layout"
	panicOwn     = "collective: the count of the own piece differs from the length of the slice"
	panicSelf    = "collective: a rank sends to itself and receives from itself different lengths"
	panicInter   = "collective: not on an intercommunicator"
	panicSum     = "collective: counts don't add up to the length of src"
)

var (
	// ErrMismatch: ranks are not in the same call, or came with different lengths.
	ErrMismatch = errors.New("ranks disagree about the call")
	// ErrGaveUp: another rank had an error, which it returned, and so could not pass
	// on what this rank was waiting for.
	ErrGaveUp = errors.New("gave up")
)

func checkRoot(c *mpi.Comm, root int) {
	if uint(root) >= uint(c.Peers()) && !(c.Inter() && (root == mpi.Root || root == mpi.ProcNull)) {
		panic(panicRoot)
	}
}

// ownRoot reports whether the caller is root, in the group that the collective is about.
func ownRoot(c *mpi.Comm, root int) bool { return c.Rank() == root && !c.Inter() }

// checkOneGroup refuses intercommunicators.
func checkOneGroup(c *mpi.Comm) {
	if c.Inter() {
		panic(panicInter)
	}
}

// checkFar is for a long block of one piece per rank of the remote group, and what the caller brings himself: there is
// no place for that.
func checkFar(c *mpi.Comm, long, short block, wrong string) {
	if long.n%c.Peers() != 0 {
		panic(wrong)
	}
	if long.overlaps(short) {
		panic(panicOverlap)
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

// checkOwn is for a long block of one piece per rank, and a short one that is the rank's own piece of it or apart
// from all pieces.
func checkOwn(c *mpi.Comm, long cursor, short block) {
	if long.piece(c.Rank()).n != short.n {
		panic(panicOwn)
	}
	if !long.b.overlaps(short) {
		return
	}
	for i := range c.Size() {
		if p := long.piece(i); p.overlaps(short) && (i != c.Rank() || p.p != short.p) {
			panic(panicOverlap)
		}
	}
}

// checkApart is for pieces, so many each, none of which may overlap one of the others. Slices that lie apart cost nothing.
func checkApart(in, out cursor, n int) {
	if !in.b.overlaps(out.b) {
		return
	}
	for i := range n {
		for k, b := 0, in.piece(i); k < n; k++ {
			if b.overlaps(out.piece(k)) {
				panic(panicOverlap)
			}
		}
	}
}

// spreadAll checks counts and displacements of one piece of b per rank.
func spreadAll(c *mpi.Comm, b block, counts, displs []int) spread {
	return spreadOver(c.Peers(), b, counts, displs)
}

// spreadOver is spreadAll for so many ranks.
func spreadOver(ranks int, b block, counts, displs []int) spread {
	if len(counts) != ranks || displs != nil && len(displs) != ranks {
		panic(panicCounts)
	}
	end := 0
	for i, n := range counts {
		at := end
		if displs != nil {
			at = displs[i]
		}
		if n < 0 || at < 0 || n > b.n-at {
			panic(panicRange)
		}
		end = at + n
	}
	return spread{counts: unsafe.SliceData(counts), displs: unsafe.SliceData(displs)}
}

// spreadApart is spreadAll for pieces that are written: none may overlap another. If they lie in rank order that costs one look
// at each, else one at each pair, which only checked builds spend.
func spreadApart(c *mpi.Comm, b block, counts, displs []int) spread {
	s := spreadAll(c, b, counts, displs)
	if displs == nil {
		return s
	}
	end, sorted := 0, true
	for i, n := range counts {
		if n > 0 {
			sorted = sorted && displs[i] >= end
			end = displs[i] + n
		}
	}
	if sorted || !invariants.Enabled {
		return s
	}
	for i, n := range counts {
		for k, m := range counts[:i] {
			if n > 0 && m > 0 && displs[i] < displs[k]+m && displs[k] < displs[i]+n {
				panic(panicPieces)
			}
		}
	}
	return s
}

// spreadLayouts checks layouts of one piece of b per rank.
func spreadLayouts(c *mpi.Comm, b block, layouts []mpi.Layout) spread {
	if len(layouts) != c.Peers() {
		panic(panicLayouts)
	}
	for _, l := range layouts {
		if _, ok := l.Measure(b.bytes, b.elem()); !ok {
			panic(panicShort)
		}
	}
	return spread{layouts: unsafe.SliceData(layouts)}
}
