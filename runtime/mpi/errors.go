package mpi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
)

// The causes of an Error, ordered by how much is lost.
var (
	// The operation alone.
	ErrTruncated = engine.ErrTruncated // the message is longer than the buffer; what fits was received
	ErrCancelled = engine.ErrCancelled // Request.Cancel
	ErrWithdrawn = engine.ErrWithdrawn // the sender gave up in the middle of the message
	ErrMoved     = engine.ErrMoved     // a buffer sent by Move met a Recv
	ErrType      = errors.New("element types differ")
	ErrNoSpace   = arena.ErrNoSpace // no room for a buffer

	// The peer.
	ErrRankFailed = engine.ErrRankFailed // it has died
	ErrCorrupt    = engine.ErrCorrupt    // its part of the shared memory holds nonsense

	// The communicator.
	ErrRevoked = engine.ErrRevoked

	// The job.
	ErrAborted = engine.ErrAborted
	ErrClosed  = engine.ErrClosed // after Finalize
)

// Error is what every operation returns when the world, not the program, is to blame.
type Error struct {
	Op   string // "Recv"
	Peer int    // rank in Comm; AnySource, or ProcNull when no rank is concerned
	Tag  int    // AnyTag when none is concerned
	Comm string // name of the communicator
	Err  error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("mpi: ")
	b.WriteString(e.Op)
	switch {
	case e.Peer == ProcNull:
	case e.Peer == AnySource:
		b.WriteString(" from any rank")
	case strings.Contains(e.Op, "ecv") || strings.Contains(e.Op, "robe"):
		fmt.Fprintf(&b, " from rank %d", e.Peer)
	default:
		fmt.Fprintf(&b, " to rank %d", e.Peer)
	}
	if e.Peer != ProcNull {
		if e.Tag == AnyTag {
			b.WriteString(", any tag,")
		} else {
			fmt.Fprintf(&b, ", tag %d,", e.Tag)
		}
	}
	fmt.Fprintf(&b, " on %s: %v", e.Comm, e.Err)
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Misuse by the programmer.
const (
	panicRank      = "mpi: rank outside of the communicator"
	panicTag       = "mpi: tag must be 0 to 2147483647 (or AnyTag for a receive)"
	panicFreed     = "mpi: communicator was freed"
	panicShort     = "mpi: buffer is shorter than its layout"
	panicOverlap   = "mpi: receive layout selects an element twice"
	panicLayouts   = "mpi: more layouts than buffers"
	panicRequest   = "mpi: request is not active (waited for already, or a copy was)"
	panicBuf       = "mpi: buffer was moved or freed"
	panicNegative  = "mpi: negative length"
	panicStarted   = "mpi: persistent request was started twice without Wait"
	panicMessage   = "mpi: probed message was received already"
	panicInit      = "mpi: Init was called twice"
	panicNoInit    = "mpi: not initialised (call Run or Init first)"
	panicNotMember = "mpi: rank is not in the group"
	panicStatuses  = "mpi: fewer statuses or indices than requests"
)

func (c *Comm) fail(op string, peer, tag int, err error) error {
	if err == nil {
		return nil
	}
	var t *engine.TruncatedError
	var lost *engine.PeerError
	switch {
	case errors.As(err, &t):
		peer = c.rankOf(int32(t.Source))
	case errors.As(err, &lost):
		peer = c.rankOf(int32(lost.Rank))
	}
	return &Error{Op: op, Peer: peer, Tag: tag, Comm: c.Name(), Err: err}
}
