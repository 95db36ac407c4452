package mpi

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/engine"
)

// Numbers of the standard MPI ABI.
const (
	AnySource = -1
	AnyTag    = -2
	ProcNull  = -3
	Undefined = -32766 // colour of a rank that joins none of Split's communicators

	// MaxTag is the largest tag.
	MaxTag = 1<<31 - 1
)

// Comm is a communicator: an ordered group of ranks and a space of its own for
// their messages. Its methods and all operations on it may be called from many
// goroutines; collective calls must come in the same order on every rank.
type Comm struct {
	// What a message needs, at hand.
	eng    *engine.Engine
	p2p    uint32  // context of messages
	state  *uint32 // 0 usable, see commState
	ranks  []int32 // rank in this communicator -> rank of the node; nil: the same
	rank   int
	size   int
	ctx    context.Context // bounds every blocking call; nil: none
	shared *commShared
}

// commState bits.
const (
	commRevoked = 1 << iota
	commFreed
)

type commShared struct {
	proc    *process
	id      uint32 // context without plane
	usable  uint32
	inverse []int32 // rank of the node -> rank here, -1 none; nil: the same
	members []int32 // as ranks, never nil
	acked   atomic.Int32
	owned   bool // this rank gave the id and takes it back

	mu      sync.Mutex
	name    string
	counter *engine.Counter
	noCount bool
}

// Planes of a communicator: spaces for messages that never match each other.
const (
	planeUser = iota
	planeCollective
	planeInternal
	planes = 4
)

func newComm(p *process, id uint32, members []int32, rank int, name string) *Comm {
	s := &commShared{proc: p, id: id, members: members, name: name}
	c := &Comm{eng: p.eng, p2p: id*planes + planeUser, state: &s.usable, rank: rank, size: len(members), shared: s}
	for i, m := range members {
		if int(m) != i {
			c.ranks = members
			break
		}
	}
	if c.ranks != nil {
		s.inverse = make([]int32, p.eng.Size())
		for i := range s.inverse {
			s.inverse[i] = -1
		}
		for i, m := range members {
			s.inverse[m] = int32(i)
		}
	}
	p.addComm(c)
	return c
}

// Rank is the caller's rank, 0 <= Rank < Size.
func (c *Comm) Rank() int { return c.rank }

// Size is the number of ranks.
func (c *Comm) Size() int { return c.size }

// Name is for messages: "world", or what SetName or the maker gave.
func (c *Comm) Name() string {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	return c.shared.name
}

// SetName names the communicator on this rank.
func (c *Comm) SetName(name string) {
	c.shared.mu.Lock()
	c.shared.name = name
	c.shared.mu.Unlock()
}

// Context ends when the job is aborted or told to end (SIGTERM), or with the
// context given to WithContext. The first call makes the process outlive SIGTERM
// until the program returns, or golaunch's patience ends.
func (c *Comm) Context() context.Context {
	if c.ctx != nil {
		return c.ctx
	}
	return c.shared.proc.context()
}

// WithContext is the same communicator with a bound on every blocking call:
// when ctx ends, the call returns its cause, wrapped in an Error that names what was
// pending. An operation that no peer had matched is taken back; the rest of a message that was
// under way is dropped. The buffer is the caller's again in any case. A collective call (Dup, Split, a barrier) that
// ends so leaves the ranks at different points: make no other on that communicator.
func (c *Comm) WithContext(ctx context.Context) *Comm {
	d := *c
	d.ctx = ctx
	return &d
}

// Group is the communicator's group.
func (c *Comm) Group() Group {
	g := make([]int32, c.size)
	copy(g, c.shared.members)
	return Group{g}
}

// to checks a destination and gives its rank on the node; ok is false for ProcNull.
func (c *Comm) to(dst int) (node int32, ok bool) {
	if uint(dst) >= uint(c.size) {
		if dst == ProcNull {
			return 0, false
		}
		panic(panicRank)
	}
	if c.ranks != nil {
		return c.ranks[dst], true
	}
	return int32(dst), true
}

// from is to for a source, which may be AnySource.
func (c *Comm) from(src int) (node int32, ok bool) {
	if src == AnySource {
		return engine.AnySource, true
	}
	return c.to(src)
}

// rankOf is the rank here of a rank of the node.
func (c *Comm) rankOf(node int32) int {
	if c.shared.inverse == nil || node < 0 || int(node) >= len(c.shared.inverse) {
		return int(node)
	}
	return int(c.shared.inverse[node])
}

// check refuses a communicator that can't be used.
func (c *Comm) check(op string, peer, tag int) error {
	if atomic.LoadUint32(c.state) == 0 && c.ctx == nil {
		return nil
	}
	return c.checkSlow(op, peer, tag)
}

func (c *Comm) checkSlow(op string, peer, tag int) error {
	if s := atomic.LoadUint32(c.state); s != 0 {
		if s&commFreed != 0 {
			panic(panicFreed)
		}
		return c.fail(op, peer, tag, ErrRevoked)
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.fail(op, peer, tag, context.Cause(c.ctx))
	}
	return nil
}

func checkTag(tag int) {
	if uint(tag) > MaxTag {
		panic(panicTag)
	}
}

func checkRecvTag(tag int) {
	if uint(tag) > MaxTag && tag != AnyTag {
		panic(panicTag)
	}
}

// Engine is what package collective stands on. No compatibility promise.
func (c *Comm) Engine() *engine.Engine { return c.eng }

// Plane is the context of the collectives and the members as ranks of the node. No compatibility promise.
func (c *Comm) Plane() (ctx uint32, members []int32) {
	return c.shared.id*planes + planeCollective, c.shared.members
}

// Check is the usability check of a collective call. No compatibility promise.
func (c *Comm) Check(op string) error { return c.check(op, ProcNull, AnyTag) }

// Fail makes the error of a collective call. No compatibility promise.
func (c *Comm) Fail(op string, err error) error { return c.fail(op, ProcNull, AnyTag, err) }

// Bound is the context that bounds blocking calls, or nil. No compatibility promise.
func (c *Comm) Bound() context.Context { return c.ctx }

// Counter is the communicator's barrier in shared memory, or nil if it has
// none. Only the goroutine that is in a collective call may use it. No compatibility promise.
func (c *Comm) Counter() *engine.Counter {
	s := c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counter == nil && !s.noCount {
		leader, i := splitID(s.id)
		n, ok := c.eng.NewCounter(leader, i)
		if !ok {
			s.noCount = true
			return nil
		}
		s.counter = &n
	}
	return s.counter
}

// Free gives the communicator up. It is collective in the sense that every rank should call
// it, and local in that it does not wait. Operations on it afterwards panic.
func (c *Comm) Free() error {
	if atomic.OrUint32(c.state, commFreed)&commFreed != 0 {
		panic(panicFreed)
	}
	c.shared.proc.removeComm(c)
	return nil
}

// Abort ends the whole job: golaunch prints why and which rank, and every rank
// ends. In a process it does not return.
func (c *Comm) Abort(code int, why string) error {
	return c.shared.proc.abort(code, fmt.Sprintf("Abort(%d): %s", code, why))
}
