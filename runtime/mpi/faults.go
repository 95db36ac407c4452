package mpi

import (
	"slices"
	"sync/atomic"
)

// Faults says what a dead rank means.
type Faults int

const (
	// Abort: the job ends. The default.
	Abort Faults = iota
	// Return: operations that need the dead rank return ErrRankFailed, the others go on.
	Return
)

type options struct {
	faults Faults
	trace  bool
	check  bool
	nodes  string
}

// Option changes how Run, RunLocal and Init set the runtime up.
type Option func(*options)

// WithFaults chooses what a dead rank means to the job. All ranks should choose the same.
func WithFaults(f Faults) Option { return func(o *options) { o.faults = f } }

// WithNodes makes the ranks of one machine believe that they stand on several nodes, between which no memory is
// shared: "2x4" is 2 nodes of 4 ranks, "4+2+1" nodes of 4, 2 and 1 ranks, and "0,1,0,1" gives each rank's
// node. The number of ranks must be right. All ranks must choose the same. It is for tests and for looking at how a program would
// behave; see mpitest.RunTopo.
func WithNodes(placement string) Option { return func(o *options) { o.nodes = placement } }

// Failed are the ranks of c that are known to be dead, ascending; of an intercommunicator, those of the remote group.
func (c *Comm) Failed() []int {
	return c.among(c.eng.Failed())
}

// among are the ranks here of those ranks of the node that belong to c, ascending.
func (c *Comm) among(nodes []int32) []int {
	var out []int
	for _, node := range nodes {
		if r := c.rankOf(node); r >= 0 && r < int(c.peers) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// AckFailed takes note of the ranks of c that are dead: receives from AnySource work again. It returns Failed.
func (c *Comm) AckFailed() []int {
	nodes := c.eng.Failed()
	c.shared.acked.Store(int32(len(nodes)))
	return c.among(nodes)
}

// comm finds the communicator of a context, or nil.
func (p *process) comm(ctx uint32) *Comm {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.comms[ctx/planes]
}

// member runs with the engine's token: is a rank of the node in the communicator of ctx?
func (p *process) member(ctx uint32, node int32) bool {
	c := p.comm(ctx)
	if c == nil {
		return true
	}
	r := c.rankOf(node)
	return r >= 0 && r < int(c.peers)
}

// acked runs with the engine's token: how many deaths has the user of ctx's communicator taken note of?
func (p *process) acked(ctx uint32) int {
	if c := p.comm(ctx); c != nil {
		return int(c.shared.acked.Load())
	}
	return 0
}

// Revoke makes the communicator useless on all its ranks: every operation on
// it, pending or later, returns ErrRevoked. It is how a rank that has found a failure gets the
// others out of calls that would wait for ranks which no longer take part.
func (c *Comm) Revoke() error {
	if atomic.LoadUint32(c.state)&commFreed != 0 {
		panic(panicFreed)
	}
	if atomic.OrUint32(c.state, commRevoked)&commRevoked != 0 {
		return nil
	}
	id := c.shared.id * planes
	c.eng.Revoke(id+planeUser, c.shared.everybody())
	for plane := planeUser + 1; plane < planesUsed; plane++ {
		c.eng.Revoke(id+uint32(plane), nil)
	}
	return nil
}

// revokedByPeer runs with the engine's token.
func (p *process) revokedByPeer(ctx uint32) {
	id := ctx / planes
	for plane := range uint32(planesUsed) {
		p.eng.MarkRevoked(id*planes + plane)
	}
	p.mu.Lock()
	c := p.comms[id]
	if c == nil {
		p.early[id] = true
	}
	p.mu.Unlock()
	if c != nil && atomic.OrUint32(c.state, commRevoked)&commRevoked == 0 {
		p.eng.Forward(id*planes+planeUser, c.shared.everybody())
	}
}

func (p *process) addComm(c *Comm) {
	id := c.shared.id
	p.mu.Lock()
	p.comms[id] = c
	if p.early[id] {
		delete(p.early, id)
		atomic.OrUint32(c.state, commRevoked)
	}
	p.mu.Unlock()
}

func (p *process) removeComm(c *Comm) {
	id := c.shared.id
	goesOn := p.leave(c)
	c.shared.detach()
	revoked := atomic.LoadUint32(c.state)&commRevoked != 0
	if !goesOn && !revoked {
		c.leaveBlock()
	}
	p.mu.Lock()
	delete(p.comms, id)
	p.mu.Unlock()
	// An id comes back into use only after all others were used, long after the
	// last message of its old communicator; that of a revoked one never does.
	if c.shared.owned && !revoked {
		p.returnID(id)
		p.returnBlock(c.shared.block, c.size)
	}
}
