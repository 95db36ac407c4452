// Package engine moves messages: it owns the channels of a rank, matches what
// arrives with what was posted, and is the one place where progress is made. Package
// mpi and package collective stand on it. It works on raw memory,
// layouts and 64-bit counts, without generics, and makes no compatibility promise.
//
// # Who runs it
//
// Nobody but its callers: there is no progress goroutine. A call takes the
// token, does what it can and either returns or waits. Of the goroutines that wait, one makes
// progress for all (it polls, then yields, then sleeps on the rank's park word);
// the others sleep on Go channels until their request is done or the role is handed to them.
//
// # Peers, ranks and contexts
//
// Ranks here are ranks of the node, or of nodes that only the placement sets apart (Shares). A context is 32 bits that package mpi gives
// to a communicator; the engine knows of it only that it may be revoked.
//
// # Failure
//
// A peer whose channel holds nonsense, or of which golaunch says that it is
// dead, is failed: what it had sent before is still received, everything else that needs it ends with an
// error. An abort of the job ends everything.
package engine

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/match"
	"github.com/golaunch/golaunch/runtime/proto"
	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/topo"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/fence"
	"github.com/golaunch/golaunch/runtime/wire"
)

// Wildcards, with the numbers of the standard MPI ABI.
const (
	AnySource = match.AnySource
	AnyTag    = match.AnyTag
)

// Errors of operations. Package mpi wraps them with who, what and where.
var (
	ErrTruncated  = errors.New("message is longer than the buffer")
	ErrRankFailed = errors.New("rank failed")
	ErrRevoked    = errors.New("communicator was revoked")
	ErrAborted    = errors.New("job was aborted")
	ErrCancelled  = errors.New("operation was cancelled")
	ErrCorrupt    = errors.New("shared memory holds nonsense")
	ErrWithdrawn  = errors.New("sender withdrew the message")
	ErrClosed     = errors.New("runtime is finalised")
	ErrMoved      = errors.New("message carries a buffer, not data")
)

// Engine is the runtime of one rank.
type Engine struct {
	// The hot line: everything a short call needs.
	tok    token
	rank   int32
	size   int32
	inline int // largest inline message
	peers  []*peer
	q      *match.Queues[*Req, *message]

	ep     transport.Endpoint
	job    *segment.Job
	park   *uint32
	limits proto.Limits
	caps   transport.Caps

	progressor bool      // a goroutine makes progress; protected by the token, as all below
	parked     bool      // and sleeps on the park word
	asleep     int       // goroutines that sleep on it, or did and don't have the token back
	recalled   bool      // recaller is set
	sleepers   []*waiter // those who wait for it to finish their requests
	freeW      *waiter
	watched    []*Req // requests that no message finishes: words, probes
	lead       *waiter
	lanes      int     // lanes in use
	open       []*peer // peers whose channel to us is in use
	doors      []uint64
	busy       []*peer // peers with sends to push
	offered    []*Req  // sends that wait for an answer in a descriptor
	selves     reqList // sends of this rank to itself that nobody has received
	free       *Req
	freeMsg    *message
	pool       pool
	epoch      uint64
	aborted    error
	closed     bool
	revoked    map[uint32]bool // contexts
	onRevoke   func(ctx uint32)
	member     func(ctx uint32, rank int32) bool
	acked      func(ctx uint32) int
	onEpoch    func()
	onStall    func()
	partings   []*Req       // waits of CompleteWith
	deaths     []int32      // failed ranks in the order they were noticed
	deathCount atomic.Int32 // len(deaths), for everybody
	turns      uint32       // of progress
	spells     uint32       // calls of AwaitSoon
	completed  uint64       // operations completed, for the stall warning
	idleTests  uint32
	dump       atomic.Uint32
	rec        ring.Record
	traced     map[*Req][]uintptr // where requests were begun; nil unless asked for

	heapMu sync.Mutex
	heap   *arena.Heap
	views  []atomic.Pointer[arena.View]

	wait     waitPolicy
	recaller *time.Timer
}

// peer is the state towards one other rank.
type peer struct {
	tx      *ring.Tx // nil until used
	rx      *ring.Rx
	park    *uint32
	rank    int32
	err     error // not nil: failed
	corrupt error // what was found in its channel
	pend    reqList
	lane    reqList // see lane.go
	laneKey uint64
	grants  reqList // granted sends whose parts leave
	far     bool    // on another node: it shares channels with us, but no arena and no counters
	queued  bool    // on Engine.busy
	opened  bool    // on Engine.open
	descs   descs   // of our sends
	in      []*Req  // receives granted, by the sender's descriptor; as long as needed so far
	inGen   []uint32
	cur     *Req     // the receive that takes the eager message in parts under way
	curMsg  *message // or the unexpected message that it becomes
	curGot  int
	curLen  int
	control []control // records that found no room
}

// Config is what an engine is made of.
type Config struct {
	Endpoint transport.Endpoint
	// OnRevoke is called, with the token held, when a peer revoked ctx. OnEpoch likewise after
	// a death or an abort was noticed. OnStall is called when every rank of the node has waited for two
	// heartbeats. They must not block nor call back.
	OnRevoke func(ctx uint32)
	// Member says whether a rank of the node belongs to the communicator of ctx, Acked how many of the deaths
	// (in the order of Failed) its user has taken note of: operations from AnySource go on without those.
	// They are called with the token held, after deaths only. Without them everybody is a member and no death is known.
	Member  func(ctx uint32, rank int32) bool
	Acked   func(ctx uint32) int
	OnEpoch func()
	OnStall func()
	// Trace notes where every request is begun, for Report: about a microsecond each.
	Trace bool
}

// New makes the engine of the endpoint's rank.
func New(c Config) (*Engine, error) {
	ep := c.Endpoint
	n := ep.Size()
	e := &Engine{
		rank: int32(ep.Rank()), size: int32(n),
		peers: make([]*peer, n), q: match.New[*Req, *message](n),
		ep: ep, job: ep.Job(), park: ep.Job().Park(ep.Rank()), caps: ep.Caps(),
		limits:  proto.LimitsFor(ep.Shape().MaxInline(), ep.Shape().MaxBulk()),
		doors:   make([]uint64, ep.Job().DoorWords()),
		revoked: map[uint32]bool{}, onRevoke: c.OnRevoke, onEpoch: c.OnEpoch, onStall: c.OnStall,
		views:  make([]atomic.Pointer[arena.View], n),
		member: c.Member, acked: c.Acked,
	}
	if e.member == nil {
		e.member = func(uint32, int32) bool { return true }
	}
	if e.acked == nil {
		e.acked = func(uint32) int { return 0 }
	}
	if c.Trace {
		e.traced = map[*Req][]uintptr{}
	}
	e.inline = e.limits.Inline
	e.tok.needed = firstBias
	e.tok.canBias = fence.Register(fence.Process)
	e.wait.init(e.caps, n)
	if n > e.caps.Processors {
		// Every answer costs a change of context: save the one of asking first.
		e.limits.Eager = ep.Shape().MaxBulk()
	}
	for i := range e.peers {
		e.peers[i] = &peer{rank: int32(i), park: e.job.Park(i), far: !e.Shares(i)}
	}
	return e, nil
}

// Rank is this rank's number on the node, Size how many there are.
func (e *Engine) Rank() int { return int(e.rank) }
func (e *Engine) Size() int { return int(e.size) }

// Nodes says on which node each rank stands; nil: all on one.
func (e *Engine) Nodes() *topo.Map { return e.caps.Nodes }

// Shares says whether this rank shares memory with another: arenas, counters.
func (e *Engine) Shares(rank int) bool {
	return e.caps.Nodes == nil || e.caps.Nodes.SameNode(int(e.rank), rank)
}

// Job is the words that the node's ranks share.
func (e *Engine) Job() *segment.Job { return e.job }

// Limits are the sizes at which the protocol changes.
func (e *Engine) Limits() proto.Limits { return e.limits }

// connect makes the channel to a peer on first use.
func (e *Engine) connect(p *peer) error {
	b, err := e.ep.Channel(int(p.rank), int(e.rank))
	if err != nil {
		return err
	}
	if p.tx, err = ring.NewTx(b, e.ep.Shape()); err != nil {
		return err
	}
	p.tx.Weak(e.caps.Weak)
	e.job.Knock(int(p.rank), int(e.rank))
	return nil
}

// admit opens the channels of the peers that have knocked since.
func (e *Engine) admit() {
	for w := range e.doors {
		news := e.job.Door(int(e.rank), w).Load() &^ e.doors[w]
		for news != 0 {
			bit := bits.TrailingZeros64(news)
			news &= news - 1
			e.doors[w] |= 1 << bit
			if r := w*64 + bit; r < int(e.size) && r != int(e.rank) {
				e.listen(e.peers[r])
			}
		}
	}
}

// listen starts to poll a peer's channel.
func (e *Engine) listen(p *peer) {
	if p.opened {
		return
	}
	p.opened = true
	b, err := e.ep.Channel(int(e.rank), int(p.rank))
	if err == nil {
		p.rx, err = ring.NewRx(b, e.ep.Shape())
	}
	if err != nil {
		e.failPeer(p, err)
		return
	}
	p.rx.Weak(e.caps.Weak)
	e.open = append(e.open, p)
}

// Close ends the engine: later calls fail with ErrClosed. It does not wait.
func (e *Engine) Close() error {
	e.lock()
	defer e.unlock()
	e.closed = true
	e.failAll(ErrClosed)
	for _, p := range e.peers { // their memory goes
		p.tx, p.rx, p.control, p.opened = nil, nil, nil, true
	}
	e.open, e.busy = nil, nil
	var err error
	e.heapMu.Lock()
	if e.heap != nil {
		err = e.heap.Close()
		e.heap = nil
	}
	e.heapMu.Unlock()
	return errors.Join(err, e.ep.Close())
}

// Quiesce makes progress until everything that this rank has sent is in its
// receivers' channels, or its receivers have failed or ended.
func (e *Engine) Quiesce() {
	e.lock()
	for turn := 1; len(e.busy) > 0 || len(e.offered) > 0; turn++ {
		if e.aborted != nil {
			break
		}
		if moved := e.progress(); turn&63 == 0 && e.settle() || !moved {
			if e.tok.contend.Load() != 0 {
				e.letIn()
			}
			e.forsake()
			e.ep.Yield()
		}
	}
	e.unlock()
}

// forsake gives up what is for ranks that have ended: they look at their channels no more, so a full one stays full. That
// happens after a revocation, when some are far ahead of others.
func (e *Engine) forsake() {
	for _, p := range e.peers {
		if p.err != nil || p.rank == e.rank || !e.job.Finalized(int(p.rank)) {
			continue
		}
		e.failTransfers(p, ErrRankFailed)
		p.control = nil
		kept := e.offered[:0]
		for _, r := range e.offered {
			if r.peer == p.rank {
				e.finish(r, ErrRankFailed)
			} else {
				kept = append(kept, r)
			}
		}
		clear(e.offered[len(kept):])
		e.offered = kept
	}
}

// control is a record that has to leave without a request: a refusal, a revocation.
type control struct {
	kind wire.Kind
	w1   uint64
	body [16]byte
	n    int
}

func (e *Engine) sendControl(p *peer, c control) {
	if p.err != nil || p.rank == e.rank {
		return
	}
	if len(p.control) > 0 || p.pend.head != nil || !e.putControl(p, &c) {
		p.control = append(p.control, c)
		e.enqueue(p)
	}
}

func (e *Engine) putControl(p *peer, c *control) bool {
	if p.tx == nil {
		if err := e.connect(p); err != nil {
			e.failPeer(p, err)
			return true
		}
	}
	b := p.tx.Inline(c.n)
	if b == nil {
		return false
	}
	memmove(b, unsafe.Pointer(&c.body), c.n)
	p.tx.Commit(c.kind, c.n, c.w1)
	e.job.Wake(int(p.rank))
	return true
}

func (e *Engine) enqueue(p *peer) {
	if !p.queued {
		p.queued = true
		e.busy = append(e.busy, p)
	}
}

func (e *Engine) peerError(p *peer) error { return &PeerError{int(p.rank), p.corrupt} }

// PeerError names the rank of the node that an operation needs and that is lost. It is ErrRankFailed or,
// when nonsense was found in the rank's channel, ErrCorrupt.
type PeerError struct {
	Rank    int
	Corrupt error // what was found
}

func (p *PeerError) Error() string {
	if p.Corrupt != nil {
		return fmt.Sprintf("%v: %v", ErrCorrupt, p.Corrupt)
	}
	return ErrRankFailed.Error()
}

func (p *PeerError) Unwrap() error {
	if p.Corrupt != nil {
		return ErrCorrupt
	}
	return ErrRankFailed
}
