package mpi

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/segment"
)

// A communicator whose ranks share memory has a block of words there, one of its leader's, and by these finds more memory that
// rank 0 makes when it is first needed. Offsets in bytes; every word is atomic, and what a place says is checked:
//
//	0    arrive   arrivals at the barrier without a board (engine.Counter); by all
//	4    voted    arrivals at the ballot; by all
//	8    left     ranks that have freed the communicator; by each of them, last
//	16   places   3 x 16: the length in bytes | note << 48, then where it is; by rank 0, the second publishes the first
//	64   gen      of the barrier
//	72   ballot   number of the last ballot that all have come to; by the last to come, publishes all votes
//
// Where a place is: generation in the arena of rank 0 << 32 | block + 1, or 1<<32 - 1: there is no memory.
const (
	blockVoted  = 4
	blockLeft   = 8
	blockPlaces = 16
	blockBallot = 72
	blockBytes  = 128

	noMemory = 1<<32 - 1
	noBlock  = -1
)

// Places of a communicator. No compatibility promise.
const (
	PlaceVotes = iota
	PlaceBlocking
	PlaceStarted
)

// words is the communicator's block, or nil if it has none.
func (c *Comm) words() unsafe.Pointer {
	s := c.shared
	if s.block == noBlock || !c.OneNode() {
		return nil
	}
	leader, _ := splitID(s.id)
	return c.eng.Job().Block(leader, int(s.block))
}

// OneNode says whether all ranks share memory.
func (c *Comm) OneNode() bool { return c.eng.Nodes() == nil || c.Nodes().NumNodes() == 1 }

// Common is memory that all ranks of a communicator share. No compatibility promise.
type Common struct {
	Mem   []byte
	Block arena.Handle
	View  *arena.View
	Note  uint16 // of who made it
}

// Need is what is wanted of common memory.
type Need struct {
	Bytes int
	Zero  int    // the first that must be zero
	Note  uint16 // that all ranks get
}

// Free gives the memory back. One rank does it, after all others have read for the last time.
func (m *Common) Free() {
	_ = m.View.Free(m.Block) // it fails only if the block's words were damaged
}

// HasPlaces reports whether Common works. All ranks get the same answer. No compatibility promise.
func (c *Comm) HasPlaces() bool { return c.words() != nil }

// Common finds what rank 0 makes of this call, which every rank makes once. What the others need does not matter. nil: rank 0 has no
// memory. ctx and aside are for the wait, as in engine.Await. No compatibility promise.
func (c *Comm) Common(place int, need Need, ctx uint32, aside *engine.Aside) (*Common, error) {
	length := (*uint64)(unsafe.Add(c.words(), blockPlaces+16*place))
	where := (*uint64)(unsafe.Add(c.words(), blockPlaces+16*place+8))
	if c.rank == 0 {
		m := c.MakeCommon(need)
		at := uint64(noMemory)
		if m != nil {
			atomic.StoreUint64(length, m.Block.Len|uint64(m.Note)<<48)
			at = uint64(m.Block.Gen)<<32 | uint64(m.Block.Block+1)
		}
		atomic.StoreUint64(where, at)
		c.wakeOthers()
		return m, nil
	}
	if err := c.await(where, 1, ctx, aside); err != nil {
		return nil, err
	}
	at := atomic.LoadUint64(where)
	if at == noMemory {
		return nil, nil
	}
	l := atomic.LoadUint64(length)
	return c.FindCommon(arena.Handle{Owner: uint32(c.shared.members[0]), Block: uint32(at) - 1, Gen: uint32(at >> 32), Len: l & (1<<48 - 1)}, uint16(l>>48))
}

// await returns when a word has reached upTo.
func (c *Comm) await(w *uint64, upTo uint64, ctx uint32, aside *engine.Aside) error {
	for range c.eng.Looks() {
		if atomic.LoadUint64(w) >= upTo {
			return nil
		}
	}
	if aside == nil && c.eng.AwaitSoon(w, upTo) {
		return nil
	}
	return c.eng.Await(c.ctx, ctx, c.shared.members, w, upTo, aside)
}

// FindCommon finds memory that another rank has made. The handle came from there. No compatibility promise.
func (c *Comm) FindCommon(h arena.Handle, note uint16) (*Common, error) {
	v, err := c.eng.View(int(h.Owner))
	if err != nil {
		return nil, err
	}
	mem, err := v.Bytes(h)
	if err != nil {
		return nil, fmt.Errorf("%w: memory of another rank: %w", ErrCorrupt, err)
	}
	return &Common{mem, h, v, note}, nil
}

// MakeCommon makes memory in this rank's arena, or gives nil. The block is nobody's, as it outlives whoever
// leaves first. No compatibility promise.
func (c *Comm) MakeCommon(need Need) *Common {
	h, err := c.eng.Heap()
	if err != nil {
		return nil
	}
	block, mem, err := h.Alloc(need.Bytes)
	if err != nil {
		return nil
	}
	clear(mem[:need.Zero])
	if block, err = h.Release(block, arena.MaxRank); err == nil {
		block, err = h.Accept(block, arena.MaxRank)
	}
	if err != nil {
		return nil
	}
	return &Common{mem, block, &h.View, need.Note}
}

// wakeOthers wakes those who sleep for a word that this rank has written.
func (c *Comm) wakeOthers() {
	for i, m := range c.shared.members {
		if i != c.rank {
			c.eng.Job().Wake(int(m))
		}
	}
}

// usedBlock is a block that this rank has led a communicator with.
type usedBlock struct {
	index int32
	size  uint32 // ranks that had to leave it
}

// takeBlock reserves one of this rank's blocks that nobody looks at any more, or gives noBlock.
func (p *process) takeBlock() int32 {
	if p.job.FaultsReturn() {
		return noBlock
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, u := range p.freeBlocks {
		b := p.job.Block(p.eng.Rank(), int(u.index))
		if atomic.LoadUint32((*uint32)(unsafe.Add(b, blockLeft))) == u.size {
			p.freeBlocks = append(p.freeBlocks[:i], p.freeBlocks[i+1:]...)
			for at := 0; at < blockBytes; at += 8 {
				atomic.StoreUint64((*uint64)(unsafe.Add(b, at)), 0)
			}
			return u.index
		}
	}
	if p.nextBlock < segment.Blocks {
		p.nextBlock++
		return p.nextBlock - 1
	}
	return noBlock
}

// returnBlock gives a block back that size ranks leave, or have not seen if size is 0.
func (p *process) returnBlock(i int32, size int) {
	if i == noBlock {
		return
	}
	p.mu.Lock()
	if size == 0 && i == p.nextBlock-1 {
		p.nextBlock--
	} else {
		p.freeBlocks = append(p.freeBlocks, usedBlock{i, uint32(size)})
	}
	p.mu.Unlock()
}

// leaveBlock is the last that this rank does with the communicator's words. The last of all ranks frees what belongs to it.
func (c *Comm) leaveBlock() {
	w := c.words()
	if w == nil {
		return
	}
	s := c.shared
	votes := s.ballot
	left := atomic.AddUint32((*uint32)(unsafe.Add(w, blockLeft)), 1)
	if left == uint32(c.size) && votes != nil && votes.common != nil {
		votes.common.Free()
	}
}
