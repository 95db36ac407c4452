package explain

import (
	"errors"

	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

// errBoard is for what the model doesn't cover.
var errBoard = errors.New("measured, not modelled")

// A Call is a collective that somebody asks about. Every node has PerNode ranks, the last one what is left.
type Call struct {
	Op      plan.Op
	Bytes   int // m of package plan
	Ranks   int
	PerNode int
	Ordered bool
	Machine loggp.Machine
}

// Case is what tune wants to know about the call. On one node there is a board.
func (c *Call) Case() tune.Case {
	nodes := c.nodes()
	lanes := c.PerNode
	if rest := c.Ranks % c.PerNode; rest != 0 {
		lanes = rest
	}
	return tune.Case{Op: c.Op, Bytes: c.Bytes, Ranks: c.Ranks, Nodes: nodes, Lanes: min(lanes, c.Ranks), Ordered: c.Ordered, Board: nodes == 1}
}

func (c *Call) nodes() int { return (c.Ranks + c.PerNode - 1) / c.PerNode }

// Price is what the call costs by a choice.
func (c *Call) Price(by tune.Choice) (loggp.Cost, error) {
	switch by.Algorithm {
	case tune.Board:
		return loggp.Cost{}, errBoard
	case tune.Leaders:
		return c.leaders()
	case tune.Slices:
		return c.slices()
	case tune.Simple:
		if c.Op == plan.Allreduce {
			return sum(c.fixed(plan.Reduce, "binomial", c.Bytes), c.fixed(plan.Bcast, "binomial", c.Bytes))
		}
		by.Algorithm = plan.Algorithms(c.Op)[0] // the loop does as this one does
	}
	return loggp.Job{
		Op: c.Op, Algorithm: by.Algorithm, Segments: by.Segments, Bytes: c.Bytes, Ranks: c.Ranks, PerNode: c.PerNode, Machine: c.Machine,
	}.Cost()
}

// A part is a collective within another: of all ranks of a node, or one of each node.
type part func() (loggp.Cost, error)

// sum is the cost of parts one after the other.
func sum(parts ...part) (loggp.Cost, error) {
	all := loggp.Cost{Method: loggp.Parts}
	for _, p := range parts {
		c, err := p()
		if err != nil {
			return loggp.Cost{}, err
		}
		all.Time += c.Time
		all.Messages += c.Messages
	}
	return all, nil
}

// fixed is a collective of the same ranks by an algorithm.
func (c *Call) fixed(op plan.Op, alg string, bytes int) part {
	d := *c
	d.Op, d.Bytes = op, bytes
	return func() (loggp.Cost, error) { return d.Price(tune.Choice{Algorithm: alg}) }
}

// chosen is a collective by the table, without a board.
func (c *Call) chosen(op plan.Op, bytes int) part {
	d := *c
	d.Op, d.Bytes = op, bytes
	return func() (loggp.Cost, error) {
		k := d.Case()
		k.Board = false
		return d.Price(tune.Choose(k))
	}
}

// times repeats a part.
func times(k int, p part) part {
	return func() (loggp.Cost, error) {
		c, err := p()
		c.Time *= loggp.Time(k)
		c.Messages *= int64(k)
		return c, err
	}
}

// onNode is the ranks of a full node, between one rank of each node. Messages are counted for one node, and one lane.
func (c *Call) onNode() *Call {
	d := *c
	d.Ranks = min(c.PerNode, c.Ranks)
	d.PerNode = d.Ranks
	return &d
}

func (c *Call) between() *Call {
	d := *c
	d.Ranks, d.PerNode = c.nodes(), 1
	return &d
}

// lanes is between while all ranks of a node do the same, each with another slice: a port has PerNode times as much to do.
func (c *Call) lanes() *Call {
	d := c.between()
	d.Machine.Net.G *= loggp.Time(c.PerNode)
	d.Machine.Net.Gap *= loggp.Time(c.PerNode)
	return d
}

// leaders is what package collective does by leaders, see its hier_*.go.
func (c *Call) leaders() (loggp.Cost, error) {
	node, heads, m := c.onNode(), c.between(), c.Bytes
	switch c.Op {
	case plan.Barrier:
		return sum(node.chosen(plan.Barrier, 0), heads.chosen(plan.Barrier, 0), node.fixed(plan.Bcast, "binomial", 0))
	case plan.Bcast:
		return sum(heads.chosen(plan.Bcast, m), node.chosen(plan.Bcast, m))
	case plan.Reduce:
		return sum(node.chosen(plan.Reduce, m), heads.chosen(plan.Reduce, m))
	case plan.Allreduce:
		return sum(node.chosen(plan.Reduce, m), heads.chosen(plan.Allreduce, m), node.chosen(plan.Bcast, m))
	}
	return sum(node.chosen(plan.Gather, m), heads.fixed(plan.Allgather, "ring", m*c.PerNode), node.chosen(plan.Bcast, m*c.Ranks))
}

// slices is what package collective does by slices.
func (c *Call) slices() (loggp.Cost, error) {
	node, lanes, m := c.onNode(), c.lanes(), c.Bytes
	slice := (m + c.PerNode - 1) / c.PerNode
	switch c.Op {
	case plan.Bcast:
		return sum(node.fixed(plan.Scatter, "linear", slice), lanes.chosen(plan.Bcast, slice), node.fixed(plan.Allgather, "ring", slice))
	case plan.Reduce:
		return sum(node.fixed(plan.ReduceScatter, "pairwise", slice), lanes.chosen(plan.Reduce, slice), node.fixed(plan.Gather, "linear", slice))
	case plan.Allreduce:
		return sum(node.fixed(plan.ReduceScatter, "pairwise", slice), lanes.chosen(plan.Allreduce, slice), node.fixed(plan.Allgather, "ring", slice))
	}
	return sum(node.chosen(plan.Allgather, m), lanes.fixed(plan.Allgather, "ring", m), times(c.nodes()-1, node.fixed(plan.Allgather, "ring", m)))
}
