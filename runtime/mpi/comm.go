package mpi

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/topo"
)

// Numbers of the standard MPI ABI.
const (
	AnySource = -1
	AnyTag    = -2
	ProcNull  = -3
	Root      = -4     // the root itself, in a collective call on an intercommunicator
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
	peers  int32   // how many ranks a message can be for: size, or that of the remote group
	state  *uint32 // 0 usable, see commState
	ranks  []int32 // those ranks -> ranks of the node; nil: the same
	rank   int
	size   int
	ctx    context.Context // bounds every blocking call; nil: none
	shared *commShared
	checks bool // WithCheck
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
	inverse []int32 // rank of the node -> rank for messages, -1 none; nil: the same
	members []int32 // as ranks, never nil
	remote  *remote // of an intercommunicator, else nil
	acked   atomic.Int32
	owned   bool  // this rank gave the id and takes it back
	block   int32 // of the leader's, see words; noBlock: none

	mu      sync.Mutex
	name    string
	counter *engine.Counter
	noCount bool

	ballot   *ballot // of the goroutine that is in a collective call
	noBallot bool
	scratch  []vote

	attached atomic.Pointer[Attachment]
	nodes    atomic.Pointer[topo.Map]
}

// Planes of a communicator: spaces for messages that never match each other.
const (
	planeUser = iota
	planeCollective
	planeInternal
	planeNonblocking // collectives that were started and not waited for
	planeMoved       // data of buffers that move between nodes
	planeCheck       // what collectives tell each other before they begin, see WithCheck
	planesUsed

	planes = 8
)

func newComm(p *process, id uint32, members []int32, rank int, name string) *Comm {
	return makeComm(p, id, members, nil, rank, name)
}

func makeComm(p *process, id uint32, members []int32, far *remote, rank int, name string) *Comm {
	s := &commShared{proc: p, id: id, members: members, remote: far, name: name, block: noBlock}
	peers := members
	if far != nil {
		peers = far.members
	}
	c := &Comm{eng: p.eng, p2p: id*planes + planeUser, peers: int32(len(peers)), state: &s.usable, rank: rank, size: len(members), shared: s, checks: p.opts.check}
	for i, m := range peers {
		if int(m) != i {
			c.ranks = peers
			break
		}
	}
	if c.ranks != nil {
		s.inverse = make([]int32, p.eng.Size())
		for i := range s.inverse {
			s.inverse[i] = -1
		}
		for i, m := range peers {
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

// Nodes says which ranks of the communicator share memory: those of one node. Nodes are
// numbered by their lowest ranks. The map is made at the first call, O(Size), and kept.
func (c *Comm) Nodes() *topo.Map {
	if m := c.shared.nodes.Load(); m != nil {
		return m
	}
	m := c.eng.Nodes().Among(c.shared.members)
	c.shared.nodes.Store(m)
	return m
}

// to checks a destination and gives its rank on the node; ok is false for ProcNull.
func (c *Comm) to(dst int) (node int32, ok bool) {
	if uint(dst) >= uint(c.peers) {
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

// rankOf is the rank here, for messages, of a rank of the node.
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

// PlaneNonblocking is the context of the collectives that are started and waited for later. No compatibility promise.
func (c *Comm) PlaneNonblocking() uint32 { return c.shared.id*planes + planeNonblocking }

// Check is the usability check of a collective call. No compatibility promise.
func (c *Comm) Check(op string) error { return c.check(op, ProcNull, AnyTag) }

// CheckStarted is Check for a call that was started before: that the communicator was freed since does not matter.
// No compatibility promise.
func (c *Comm) CheckStarted(op string) error {
	if atomic.LoadUint32(c.state)&commRevoked != 0 {
		return c.fail(op, ProcNull, AnyTag, ErrRevoked)
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.fail(op, ProcNull, AnyTag, context.Cause(c.ctx))
	}
	return nil
}

// Fail makes the error of a collective call. No compatibility promise.
func (c *Comm) Fail(op string, err error) error { return c.fail(op, ProcNull, AnyTag, err) }

// Bound is the context that bounds blocking calls, or nil. No compatibility promise.
func (c *Comm) Bound() context.Context { return c.ctx }

// Counter is the communicator's barrier in shared memory, or nil if it has
// none, as on several nodes. Only the goroutine that is in a collective call may use it. No compatibility promise.
func (c *Comm) Counter() *engine.Counter {
	s := c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counter == nil && !s.noCount {
		leader, _ := splitID(s.id)
		if c.words() == nil {
			s.noCount = true
			return nil
		}
		n, ok := c.eng.NewCounter(leader, int(s.block))
		if !ok {
			s.noCount = true
			return nil
		}
		s.counter = &n
	}
	return s.counter
}

// Attachment is what package collective keeps with a communicator. No compatibility promise.
type Attachment interface {
	Release()
}

// Attached is the communicator's attachment, the same for all copies of c (WithContext), made at the first call. It
// is released when the communicator is freed and in Finalize. No compatibility promise.
func (c *Comm) Attached(create func() Attachment) Attachment {
	s := c.shared
	if a := s.attached.Load(); a != nil {
		return *a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.attached.Load(); a != nil {
		return *a
	}
	a := create()
	s.attached.Store(&a)
	return a
}

// Attachment is what Attached has made, or nil if there is nothing yet or Check is to be asked first: for a short way into the calls
// that are as usual. No compatibility promise.
func (c *Comm) Attachment() Attachment {
	if a := c.shared.attached.Load(); a != nil && atomic.LoadUint32(c.state) == 0 && c.ctx == nil {
		return *a
	}
	return nil
}

// detach releases the attachment.
func (s *commShared) detach() {
	if a := s.attached.Swap(nil); a != nil {
		(*a).Release()
	}
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
