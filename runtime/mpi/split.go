package mpi

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	return c.divide("Split", color, key, fmt.Sprintf("%s/%d", c.Name(), color))
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

func (c *Comm) divide(op string, color, key int, name string) (*Comm, error) {
	p := c.shared.proc
	id := p.takeID()
	votes, err := gatherAll(c, vote{int32(color), int32(key), id, c.shared.members[c.rank]})
	if err != nil { // the others may have our vote and use the id: it is given up
		return nil, c.fail(op, ProcNull, AnyTag, err)
	}
	for i, v := range votes { // they index the node's memory from here on
		if leader, _ := splitID(v.id); v.node != c.shared.members[i] || v.id != noID && leader != int(v.node) {
			p.returnID(id)
			return nil, c.fail(op, i, AnyTag, fmt.Errorf("%w: the vote of rank %d is another's", ErrCorrupt, i))
		}
	}
	var mine []vote
	for _, v := range votes {
		if v.color == int32(color) {
			mine = append(mine, v)
		}
	}
	if color == Undefined {
		p.returnID(id)
		return nil, nil
	}
	slices.SortStableFunc(mine, func(a, b vote) int { return cmp.Compare(a.key, b.key) })
	members := make([]int32, len(mine))
	leader, rank := mine[0], 0
	for i, v := range mine {
		members[i] = v.node
		if v.node == c.shared.members[c.rank] {
			rank = i
		}
		if v.node < leader.node {
			leader = v
		}
	}
	if leader.id != id {
		p.returnID(id)
	}
	if leader.id == noID {
		return nil, c.fail(op, ProcNull, AnyTag, fmt.Errorf("rank %d: %w", c.rankOf(leader.node), errNoContext))
	}
	d := newComm(p, leader.id, members, rank, name)
	d.ctx = c.ctx
	d.shared.owned = leader.id == id
	return d, nil
}

// Dup makes a communicator of the same ranks with a message space of its own.
func (c *Comm) Dup() (*Comm, error) {
	if err := c.checkIntra("Dup"); err != nil {
		return nil, err
	}
	return c.divide("Dup", 0, c.rank, c.Name()+"'")
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
