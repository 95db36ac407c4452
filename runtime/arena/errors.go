package arena

import (
	"errors"
	"fmt"
)

// What can go wrong. Errors of this package wrap one of these.
var (
	// ErrNoSpace: no free run of pages is long enough, or no descriptor is left.
	ErrNoSpace = errors.New("no space in the arena")
	// ErrDead: the block moved on since the handle was made: it was moved,
	// accepted, freed or reclaimed, or is not in the state the call needs.
	ErrDead = errors.New("dead handle")
	// ErrHandle: the handle cannot be one of this region (owner, block or bytes).
	ErrHandle = errors.New("bad handle")
	// ErrCorrupt: shared words contradict each other; somebody overwrote them.
	ErrCorrupt = errors.New("region is damaged")
	// ErrRegion: the memory is not, or cannot be, a region.
	ErrRegion = errors.New("arena: bad region")
	// ErrRank: a rank number is out of range or has no part in this move.
	ErrRank = errors.New("wrong rank")
	// ErrClosed: the heap was closed.
	ErrClosed = errors.New("heap is closed")
)

// Error says which operation on which handle failed, and why.
type Error struct {
	Op     string // "bytes", "release", "accept", "free"
	Handle Handle
	Why    string // what was found instead
	Err    error  // ErrDead, ErrHandle, ErrCorrupt or ErrRank
}

func (e *Error) Error() string {
	return fmt.Sprintf("arena: %s %v: %v: %s", e.Op, e.Handle, e.Err, e.Why)
}

func (e *Error) Unwrap() error { return e.Err }

// fault is the outcome of a check, kept as a number so that the fast path makes
// no error value.
type fault uint8

const (
	okay fault = iota
	badOwner
	badBlock
	badRange
	dead
	corrupt
	badRank
)

// fail turns a fault into an error. ctl is the control word that was looked at
// (0 when none was).
func (v *View) fail(op string, h Handle, f fault, ctl uint64) error {
	e := &Error{Op: op, Handle: h}
	switch f {
	case badOwner:
		e.Err, e.Why = ErrHandle, fmt.Sprintf("this heap belongs to rank %d", v.owner)
	case badBlock:
		e.Err, e.Why = ErrHandle, fmt.Sprintf("the table has %d blocks", v.blocks)
	case badRange:
		e.Err, e.Why = ErrHandle, "the block is shorter"
	case dead:
		e.Err = ErrDead
		e.Why = fmt.Sprintf("the block is at generation %d, %v", ctlGen(ctl), ctlState(ctl))
	case badRank:
		e.Err = ErrRank
		e.Why = fmt.Sprintf("the block moves from rank %d to rank %d", ctlHolder(ctl), ctlPeer(ctl))
	default:
		e.Err, e.Why = ErrCorrupt, "its descriptor makes no sense"
	}
	return e
}
