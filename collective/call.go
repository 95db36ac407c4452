package collective

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// code names a collective in tags and errors.
type code int32

const (
	opBarrier code = iota
	opBcast
	opReduce
	opAllreduce
	opGather
	opScatter
	opAllgather
)

var codeNames = [...]string{"Barrier", "Bcast", "Reduce", "Allreduce", "Gather", "Scatter", "Allgather"}

// The tag of a message between ranks in a collective:
//
//	bits 0-3   code
//	bit  4     spoiled: an empty message in place of one that the sender could not make
//	bit  5     of a spoiled one: the culprit gave up, otherwise it is dead
//	bits 6-30  of a spoiled one: the culprit, a rank of the communicator
//
// Messages are received with any tag, in the order in which they were sent, so
// that a sender in another call is an error and not a wait for ever.
const (
	codeMask    = 1<<4 - 1
	tagSpoiled  = 1 << 4
	tagGaveUp   = 1 << 5
	tagCulprit  = 6
	culpritMask = 1<<(31-tagCulprit) - 1
)

// call is one rank's part of one collective. An algorithm goes through all of
// its sends and receives even after an error: sends then carry the bad news instead of
// data, and the living stay in step.
type call struct {
	comm    *mpi.Comm
	eng     *engine.Engine
	bound   context.Context
	plane   uint32
	members []int32
	rank    int
	size    int
	code    code
	spoiled int32 // tag of spoiled messages once data is missing, else 0
	err     error // the first
}

// begin refuses a communicator that can't be used.
func begin(c *mpi.Comm, op code) (call, error) {
	if err := c.Check(codeNames[op]); err != nil {
		return call{}, err
	}
	x := call{comm: c, eng: c.Engine(), bound: c.Bound(), rank: c.Rank(), size: c.Size(), code: op}
	x.plane, x.members = c.Plane()
	return x, nil
}

// end is what the collective returns.
func (x *call) end() error {
	if x.err == nil {
		return nil
	}
	return x.comm.Fail(codeNames[x.code], x.err)
}

func (x *call) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// spoil notes that data is missing because of a rank.
func (x *call) spoil(culprit int, gaveUp bool, err error) {
	x.fail(err)
	if x.spoiled == 0 {
		x.spoiled = int32(x.code) | tagSpoiled | int32(culprit)<<tagCulprit
		if gaveUp {
			x.spoiled |= tagGaveUp
		}
	}
}

// send sends b to rank dst and waits until b may be used again.
func (x *call) send(dst int, b block) { x.finish(dst, x.start(dst, b)) }

// start begins to send b. The request, nil if it is done already, goes to finish.
func (x *call) start(dst int, b block) *engine.Req {
	tag, bytes := int32(x.code), b.bytes
	if x.spoiled != 0 {
		tag, bytes = x.spoiled, 0
	}
	if x.eng.TrySend(x.plane, x.members[dst], tag, b.p, bytes) {
		return nil
	}
	return x.eng.StartSend(engine.OpSend, x.plane, x.members[dst], tag, engine.Data{P: b.p, N: bytes})
}

// finish waits for a send. Its failure spoils nothing: who depends on a dead
// receiver finds out from that.
func (x *call) finish(dst int, r *engine.Req) {
	if r == nil {
		return
	}
	if _, err := x.eng.Complete(x.bound, r); err != nil {
		x.fail(fmt.Errorf("sending to rank %d: %w", dst, err))
	}
}

// recv receives exactly b from rank src.
func (x *call) recv(src int, b block) {
	var st engine.Status
	if !x.eng.TryRecv(x.plane, x.members[src], engine.AnyTag, b.p, b.bytes, &st) {
		var err error
		r := x.eng.StartRecv(engine.OpRecv, x.plane, x.members[src], engine.AnyTag, engine.Data{P: b.p, N: b.bytes})
		if st, err = x.eng.Complete(x.bound, r); err != nil {
			x.lost(src, b, err)
			return
		}
	}
	if st.Tag != int32(x.code) || st.Bytes != b.bytes {
		x.wrong(src, b, st)
	}
}

// lost is a receive that failed.
func (x *call) lost(src int, b block, err error) {
	var long *engine.TruncatedError
	switch {
	case errors.As(err, &long):
		x.spoil(x.rank, true, fmt.Errorf("%w: rank %d has sent %d bytes, want %d: %w", ErrMismatch, src, long.Message, b.bytes, engine.ErrTruncated))
	case errors.Is(err, engine.ErrRankFailed):
		x.spoil(src, false, fmt.Errorf("waiting for rank %d: %w", src, err))
	default:
		x.spoil(x.rank, true, fmt.Errorf("waiting for rank %d: %w", src, err))
	}
}

// wrong is a message that is not the data that was expected.
func (x *call) wrong(src int, b block, st engine.Status) {
	theirs := code(st.Tag & codeMask)
	switch {
	case theirs != x.code && int(theirs) < len(codeNames):
		x.spoil(x.rank, true, fmt.Errorf("%w: rank %d is in %s", ErrMismatch, src, codeNames[theirs]))
	case st.Tag&tagSpoiled == 0:
		x.spoil(x.rank, true, fmt.Errorf("%w: rank %d has sent %d bytes, want %d", ErrMismatch, src, st.Bytes, b.bytes))
	default:
		culprit, gaveUp := int(st.Tag>>tagCulprit&culpritMask), st.Tag&tagGaveUp != 0
		cause := engine.ErrRankFailed
		if gaveUp {
			cause = ErrGaveUp
		}
		x.spoil(culprit, gaveUp, fmt.Errorf("rank %d: %w", culprit, cause))
	}
}

// nothing is the block of a message without data.
func nothing() block { return block{p: unsafe.Pointer(&void)} }

var void byte
