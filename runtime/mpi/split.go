package mpi

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/golaunch/golaunch/runtime/segment"
)

// A context id is given by the leader (lowest rank) of the new communicator:
//
//	bits 0-13   the leader's own count
//	bits 14-28  the leader's rank on the node
//
// so ids of communicators that share a rank never collide, and two that Split makes
// at once differ as well.
const idBits = 14

func splitID(id uint32) (leader, count int) { return int(id >> idBits), int(id & (1<<idBits - 1)) }

var errNoContext = errors.New("more than 16384 communicators led by one rank at once")

// noID is the vote of a rank that has no id left. It hurts only those whom it would lead.
const noID = 1<<32 - 1

// takeID reserves an id led by this rank, or gives noID.
func (p *process) takeID() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.nextID
	switch {
	case n < 1<<idBits:
		p.nextID++
	case len(p.freeIDs) > 0:
		n = p.freeIDs[0]
		p.freeIDs = p.freeIDs[1:]
	default:
		return noID
	}
	return uint32(p.eng.Rank())<<idBits | n
}

func (p *process) returnID(id uint32) {
	if id == noID {
		return
	}
	p.mu.Lock()
	p.freeIDs = append(p.freeIDs, id&(1<<idBits-1))
	p.mu.Unlock()
}

// internal is the same communicator on the plane of its own administration.
func (c *Comm) internal() *Comm {
	d := *c
	d.p2p = c.shared.id*planes + planeInternal
	return &d
}

// vote is what a rank contributes to the making of a communicator.
type vote struct {
	color, key int32
	id         uint32
	node       int32
	block      int32
}

// Split makes a communicator of all ranks that give the same colour, ordered by
// key and then by rank. Ranks with colour Undefined get nil. Every rank of c must call it.
func (c *Comm) Split(color, key int) (*Comm, error) {
	if err := c.checkIntra("Split"); err != nil {
		return nil, err
	}
	if color != int(int32(color)) || key != int(int32(key)) {
		panic(panicColor)
	}
	return c.divide("Split", color, key, c.Name()+"/"+strconv.Itoa(color))
}

// checkIntra is check for what makes other communicators of c.
func (c *Comm) checkIntra(op string) error {
	if c.shared.remote != nil {
		panic(panicInter)
	}
	return c.check(op, ProcNull, AnyTag)
}

const panicInter = "mpi: not for an intercommunicator"

const panicColor = "mpi: colour and key must fit in 32 bits"

// divide makes the communicator of those ranks that vote for the same colour, ordered by key.
func (c *Comm) divide(op string, color, key int, name string) (*Comm, error) {
	p := c.shared.proc
	mine := vote{int32(color), int32(key), p.takeID(), c.shared.members[c.rank], p.takeBlock()}
	giveBack := func() {
		p.returnID(mine.id)
		p.returnBlock(mine.block, 0)
	}
	votes, err := c.vote(mine)
	if err != nil { // the others may have our vote and use the id: it is given up
		return nil, c.fail(op, ProcNull, AnyTag, err)
	}
	ours := 0
	for i, v := range votes { // they index the node's memory from here on
		if !v.of(c.shared.members[i]) {
			giveBack()
			return nil, c.failVote(op, i)
		}
		if v.color == mine.color {
			ours++
		}
	}
	if color == Undefined {
		giveBack()
		return nil, nil
	}
	order := make([]uint64, 0, ours) // key and rank: sorted, those with the same key stay in the order of their ranks
	leader := mine
	for i, v := range votes {
		if v.color == mine.color {
			order = append(order, uint64(uint32(v.key)^1<<31)<<32|uint64(i))
			if v.node < leader.node {
				leader = v
			}
		}
	}
	slices.Sort(order)
	members := make([]int32, ours)
	rank := 0
	for i, o := range order {
		r := int(uint32(o))
		members[i] = votes[r].node
		if r == c.rank {
			rank = i
		}
	}
	if leader.node != mine.node {
		giveBack()
	}
	return c.child(op, leader, members, rank, name)
}

// of reports whether a rank of the node can have cast the vote.
func (v vote) of(node int32) bool {
	leader, _ := splitID(v.id)
	return v.node == node && (v.id == noID || leader == int(node)) && v.block >= noBlock && v.block < segment.Blocks
}

func (c *Comm) failVote(op string, rank int) error {
	return c.fail(op, rank, AnyTag, fmt.Errorf("%w: the vote of rank %d is another's", ErrCorrupt, rank))
}

// child is the communicator that a leader has given the id for.
func (c *Comm) child(op string, leader vote, members []int32, rank int, name string) (*Comm, error) {
	p, owned := c.shared.proc, leader.node == c.shared.members[c.rank]
	if leader.id == noID {
		if owned {
			p.returnBlock(leader.block, 0)
		}
		return nil, c.fail(op, ProcNull, AnyTag, fmt.Errorf("rank %d: %w", c.rankOf(leader.node), errNoContext))
	}
	d := newComm(p, leader.id, members, rank, name)
	d.ctx = c.ctx
	d.shared.owned, d.shared.block = owned, leader.block
	return d, nil
}

// vote tells all ranks this one's vote. What it returns is good until the next vote.
func (c *Comm) vote(mine vote) ([]vote, error) {
	b, err := ballotOf(c)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return gatherAll(c, mine)
	}
	if err := b.cast(c, mine); err != nil {
		return nil, err
	}
	s := c.shared
	if s.scratch == nil {
		s.scratch = make([]vote, c.size)
	}
	b.votes(c, s.scratch)
	return s.scratch, nil
}

// Dup makes a communicator of the same ranks with a message space of its own.
func (c *Comm) Dup() (*Comm, error) {
	if err := c.checkIntra("Dup"); err != nil {
		return nil, err
	}
	return c.dup("Dup", c.Name()+"'")
}

// dup is divide for all ranks in their order: only the leader's vote counts, and is read.
func (c *Comm) dup(op, name string) (*Comm, error) {
	p, members := c.shared.proc, c.shared.members
	first := c.shared.first()
	mine := vote{0, int32(c.rank), noID, members[c.rank], noBlock}
	if first == c.rank {
		mine.id, mine.block = p.takeID(), p.takeBlock()
	}
	b, err := ballotOf(c)
	leader := vote{}
	switch {
	case err != nil:
	case b == nil:
		var votes []vote
		if votes, err = gatherAll(c, mine); err == nil {
			leader = votes[first]
		}
	default:
		if err = b.cast(c, mine); err == nil {
			leader = *b.place(c, first)
		}
	}
	if err != nil { // the others may have our vote and use the id: it is given up
		return nil, c.fail(op, ProcNull, AnyTag, err)
	}
	if !leader.of(members[first]) {
		return nil, c.failVote(op, first)
	}
	d, err := c.child(op, leader, members, c.rank, name)
	if err == nil {
		d.shared.nodes.Store(c.shared.nodes.Load())
	}
	return d, err
}

// first is the rank that comes first on the node.
func (s *commShared) first() int {
	first := 0
	for i, m := range s.members {
		if m < s.members[first] {
			first = i
		}
	}
	return first
}

// SplitNode makes a communicator of the ranks that share memory with this one.
func (c *Comm) SplitNode() (*Comm, error) {
	if err := c.checkIntra("SplitNode"); err != nil {
		return nil, err
	}
	return c.divide("SplitNode", c.Nodes().NodeOf(c.rank), c.rank, c.Name()+"/node")
}

// Create makes a communicator of the ranks in g, which must all be in c, in
// g's order; the others get nil. Every rank of c must call it with the same group.
func (c *Comm) Create(g Group) (*Comm, error) {
	if err := c.checkIntra("Create"); err != nil {
		return nil, err
	}
	color, key := Undefined, 0
	for i, r := range g.ranks {
		if j := c.rankOf(r); j < 0 || j >= c.size {
			panic(panicNotMember)
		} else if j == c.rank {
			color, key = 0, i
		}
	}
	return c.divide("Create", color, key, c.Name()+"/group")
}
