package collective

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	opNeighborAllgather
	opNeighborAllgatherv
	opNeighborAlltoall
	opNeighborAlltoallv
	opNeighborAlltoallw
	opGatherv
	opScatterv
	opAllgatherv
	opAlltoall
	opAlltoallv
	opAlltoallw
	opReduceScatter
	opReduceScatterBlock
	opScan
	opExscan
	opBoard
)

var codeNames = [...]string{"Barrier", "Bcast", "Reduce", "Allreduce", "Gather", "Scatter", "Allgather",
	"NeighborAllgather", "NeighborAllgatherv", "NeighborAlltoall", "NeighborAlltoallv", "NeighborAlltoallw",
	"Gatherv", "Scatterv", "Allgatherv", "Alltoall", "Alltoallv", "Alltoallw", "ReduceScatter", "ReduceScatterBlock", "Scan", "Exscan",
	"the setup of shared memory"}

// startedNames are what the functions are called that start an operation, or prepare it.
var startedNames = func() (names [2][len(codeNames)]string) {
	for i, n := range codeNames {
		names[0][i] = "I" + strings.ToLower(n[:1]) + n[1:]
		names[1][i] = n + "Init"
	}
	return names
}()

// name is what the function is called that was called.
func (c code) name(k kind) string {
	if k == blocking {
		return codeNames[c]
	}
	return startedNames[k-nonblocking][c]
}

// The tag of a message between ranks in a collective:
//
//	bits 0-5   code
//	bit  6     spoiled: an empty message in place of one that the sender could not make
//	bit  7     of a spoiled one: the culprit gave up, otherwise it is dead
//	bits 8-30  of a spoiled one: the culprit, a rank of the communicator (see inter.go for those of two groups)
//
// Messages are received with any tag, in the order in which they were sent, so
// that a sender in another call is an error and not a wait for ever.
const (
	codeMask    = 1<<6 - 1
	tagSpoiled  = 1 << 6
	tagGaveUp   = 1 << 7
	tagCulprit  = 8
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
	base    int // what rank 0 of members is called in news: 0, but for intercommunicators
	own     int // what this rank is called in news
	code    code
	kind    kind
	team    *team         // of whose ranks rank, size and members speak; nil: the communicator's
	shared  *board        // or nil
	aside   *engine.Aside // of the goroutine that runs it, if that is a worker
	spoiled int32         // tag of spoiled messages once data is missing, else 0
	err     error         // the first
}

// begin refuses a communicator that can't be used.
func begin(c *mpi.Comm, op code) (call, error) {
	if err := c.Check(codeNames[op]); err != nil {
		return call{}, err
	}
	return newCall(c, op), nil
}

func newCall(c *mpi.Comm, op code) call {
	x := call{comm: c, eng: c.Engine(), bound: c.Bound(), rank: c.Rank(), size: c.Size(), own: c.Rank(), code: op}
	x.plane, x.members = c.Plane()
	return x
}

// end is what the collective returns.
func (x *call) end() error {
	if x.err == nil {
		return nil
	}
	return x.comm.Fail(x.code.name(x.kind), x.err)
}

func (x *call) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// spoil notes that data is missing because of a rank of the communicator.
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
	if _, err := x.complete(r); err != nil {
		x.fail(fmt.Errorf("sending to %s: %w", x.who(x.rankOf(dst)), err))
	}
}

// note tells reports which call waits.
func (x *call) note() {
	if x.kind == blocking && x.code != opBoard {
		stateOf(x.comm).waited.Store(int32(x.code) + 1)
	}
}

// complete waits for a request of the engine.
func (x *call) complete(r *engine.Req) (engine.Status, error) {
	x.note()
	if x.aside != nil {
		return x.eng.CompleteAside(x.bound, r, x.aside)
	}
	return x.eng.Complete(x.bound, r)
}

// recv receives exactly b from rank src.
func (x *call) recv(src int, b block) {
	var st engine.Status
	if x.aside != nil || !x.eng.TryRecv(x.plane, x.members[src], engine.AnyTag, b.p, b.bytes, &st) {
		var err error
		r := x.eng.StartRecv(engine.OpRecv, x.plane, x.members[src], engine.AnyTag, engine.Data{P: b.p, N: b.bytes})
		if st, err = x.complete(r); err != nil {
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
	src = x.rankOf(src)
	switch {
	case errors.As(err, &long):
		x.spoil(x.own, true, fmt.Errorf("%w: %s has sent %d bytes, want %d: %w", ErrMismatch, x.who(src), long.Message, b.bytes, engine.ErrTruncated))
	case errors.Is(err, engine.ErrRankFailed):
		x.spoil(src, false, fmt.Errorf("waiting for %s: %w", x.who(src), err))
	default:
		x.spoil(x.own, true, fmt.Errorf("waiting for %s: %w", x.who(src), err))
	}
}

// wrong is a message that is not the data that was expected.
func (x *call) wrong(src int, b block, st engine.Status) {
	theirs := code(st.Tag & codeMask)
	src = x.rankOf(src)
	switch {
	case theirs != x.code && int(theirs) < len(codeNames):
		x.spoil(x.own, true, fmt.Errorf("%w: %s is in %s", ErrMismatch, x.who(src), codeNames[theirs]))
	case st.Tag&tagSpoiled == 0:
		x.spoil(x.own, true, fmt.Errorf("%w: %s has sent %d bytes, want %d", ErrMismatch, x.who(src), st.Bytes, b.bytes))
	default:
		culprit, gaveUp := int(st.Tag>>tagCulprit&culpritMask), st.Tag&tagGaveUp != 0
		cause := engine.ErrRankFailed
		if gaveUp {
			cause = ErrGaveUp
		}
		x.spoil(culprit, gaveUp, fmt.Errorf("%s: %w", x.who(culprit), cause))
	}
}

// nothing is the block of a message without data.
func nothing() block { return block{p: unsafe.Pointer(&void)} }

var void byte
