package collective

import (
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/topo"
)

// On several nodes a collective can be done in parts: some on every node, some between nodes. Each part is a collective of
// its own, of a team of the communicator's ranks, by whatever is best for that team. There are two forms.
//
//	leaders  one rank of each node, its head, acts for the others: on the nodes, between the heads, on the nodes again.
//	         Least messages between nodes: for short vectors.
//	slices   the vector is cut into as many slices as the smallest node has ranks, its lanes. Local rank i of each
//	         node works on slice i with local rank i of the other nodes. Every rank sends between nodes at once, which
//	         fills links that one core can't: for long vectors.
//
// # Matching
//
// A team needs no communicator. Its messages travel on the plane of the call, and are received by source, in the order in
// which they were sent. Two ranks of one node share no team but that of the node, two ranks of different nodes
// at most one per part; every rank does its parts in the same order; and in each part the algorithm pairs sends and receives
// of two ranks in order. So does the whole. All parts have the code of the call in their tags: ranks in
// different calls find out as ever.
//
// The ranks of a node have a board of their own for their parts, one for blocking calls and one for those in the lane. All of
// them take the same parts to it, so they count its rounds alike.
//
// # Order of folds
//
// First the ranks of a node, in rank order, then the nodes, in the order of their lowest ranks. Where each node's ranks follow each other
// that is rank order; where not, operations that don't commute are done without parts.
//
// # Failure
//
// A part begins with what the one before has left: whoever misses data sends the news of it instead, and so on to
// all who wait for it. Nobody leaves out a part.
//
// Source: J. L. Träff, S. Hunold, "Decomposing Collectives for Exploiting Multi-Lane Communication", IEEE CLUSTER 2020.
type nodes struct {
	at    *topo.Map
	here  int  // this rank's node
	lanes int  // ranks of the smallest node
	mixed bool // the ranks of a node don't follow each other
	count int

	team  team    // of this node
	heads [2]team // one rank of each node; of blocking calls, and of those in the lane
	moved [2]int  // the node whose head in heads is not its lowest rank
	lane  team    // this rank's place on every node, if it is a lane
	lists [2]lists
}

// lists are counts and displacements of the parts of one call.
type lists struct {
	slices         []int // of the ranks of this node
	counts, displs []int // of nodes
}

// team is some ranks of a communicator that do a part of a collective.
type team struct {
	state   // what it keeps: plans
	members []int32
	ranks   []int32 // in the communicator
	rank    int     // this rank's in the team
	nodes   int     // that it is on: one, or one for each rank
}

// oneNode is for communicators whose ranks all share memory.
var oneNode = &nodes{count: 1, lanes: 1}

// nodes is where the ranks of the communicator are.
func (x *call) nodes() *nodes {
	s := stateOf(x.comm)
	if n := s.nodes.Load(); n != nil {
		return n
	}
	n := oneNode
	if !x.comm.OneNode() {
		n = x.findNodes(x.comm.Nodes())
	}
	s.nodes.CompareAndSwap(nil, n)
	return s.nodes.Load()
}

// findNodes needs no messages: every rank knows where all are. Memory: O(nodes + ranks of this node).
func (x *call) findNodes(m *topo.Map) *nodes {
	n := &nodes{at: m, here: m.NodeOf(x.rank), lanes: x.size, mixed: !m.Contiguous(), count: m.NumNodes()}
	for i := range n.count {
		n.lanes = min(n.lanes, m.LocalSize(i))
	}
	local := m.LocalRank(x.rank)
	n.team.fill(x, m.LocalSize(n.here), local, func(i int) int { return m.LocalRanks(n.here)[i] })
	n.team.nodes = 1
	for i := range n.heads {
		n.heads[i].fill(x, n.count, n.here, m.Leader)
		n.lists[i] = lists{make([]int, m.LocalSize(n.here)), make([]int, n.count), make([]int, n.count)}
	}
	if local < n.lanes {
		n.lane.fill(x, n.count, n.here, func(i int) int { return m.LocalRanks(i)[local] })
	}
	return n
}

// fill makes a team of the ranks that a function names.
func (t *team) fill(x *call, size, rank int, who func(i int) int) {
	t.members, t.ranks, t.rank, t.nodes = make([]int32, size), make([]int32, size), rank, size
	for i := range size {
		t.put(x, i, who(i))
	}
}

func (t *team) put(x *call, i, rank int) { t.ranks[i], t.members[i] = int32(rank), x.members[rank] }

// state is what the ranks of the call keep together.
func (x *call) state() *state {
	if x.team != nil {
		return &x.team.state
	}
	return stateOf(x.comm)
}

// rankOf is the rank in the communicator of a rank of the call, as it is called in news.
func (x *call) rankOf(r int) int {
	if x.team != nil {
		return int(x.team.ranks[r])
	}
	return x.base + r
}

// apart says that the ranks of the call don't all share memory.
func (x *call) apart() bool {
	if x.team != nil {
		return x.team.nodes > 1
	}
	return x.nodes().count > 1
}

// place says to tune where the ranks of the call are.
func (x *call) place(c *tune.Case) {
	if x.team != nil {
		c.Nodes, c.Lanes = x.team.nodes, 1
		return
	}
	n := x.nodes()
	c.Nodes, c.Lanes, c.Mixed = n.count, n.lanes, n.mixed
}

// as is the call of a team.
func (x *call) as(t *team) call {
	y := *x
	y.team, y.members, y.rank, y.size, y.shared = t, t.members, t.rank, len(t.members), t.seat(x.kind).board
	return y
}

// part does j as a part of the call, with the ranks of a team.
func (x *call) part(t *team, j job) {
	y := x.as(t)
	j.plain(y.size)
	y.run(&j)
	x.err, x.spoiled = y.err, y.spoiled
}

// plain takes the simpler operation, for which there are more algorithms, if all pieces are equal.
func (j *job) plain(ranks int) {
	counts, simple := j.in.counts, opAllgather
	switch j.code {
	case opAllgatherv:
	case opGatherv:
		simple = opGather
	case opScatterv:
		counts, simple = j.out.counts, opScatter
	default:
		return
	}
	if j.in.displs != nil || j.out.displs != nil {
		return
	}
	for i := range ranks {
		if nth(counts, i) != nth(counts, 0) {
			return
		}
	}
	j.code, j.in, j.out = simple, spread{}, spread{}
}

// open makes the node's board at the first call. At its beginning, when nothing can have gone wrong yet: all ranks of
// the node come to the same.
func (n *nodes) open(x *call) {
	if n.team.seat(x.kind).looked {
		return
	}
	y := x.as(&n.team)
	y.board(&n.team.state)
	x.err, x.spoiled = y.err, y.spoiled
}

// compare finds out whether the ranks of the node do the same. What goes on the board and what by messages depends on
// lengths: ranks with different ones could wait for each other in different places.
func (n *nodes) compare(x *call, j *job) {
	y := x.as(&n.team)
	if y.shared != nil && y.shared.err == nil {
		y.shared.barrier(&y, j.sign())
		x.err, x.spoiled = y.err, y.spoiled
	}
}

// which of two places a call of a kind works in.
func (k kind) place() int {
	if k == blocking {
		return 0
	}
	return 1
}

// headsFor is the team of one rank from each node: root from its own, the lowest from the others.
func (n *nodes) headsFor(x *call, root int) (heads *team, member bool) {
	i := x.kind.place()
	t, q := &n.heads[i], n.at.NodeOf(root)
	t.put(x, n.moved[i], n.at.Leader(n.moved[i]))
	t.put(x, q, root)
	n.moved[i] = q
	return t, int(t.ranks[n.here]) == x.rank
}

// head is the local rank of this node's head.
func (n *nodes) head(root int) int {
	if n.at.NodeOf(root) == n.here {
		return n.at.LocalRank(root)
	}
	return 0
}

// cut says how the slices of a vector are spread over the ranks of this node: one to each lane, side by side.
func (n *nodes) cut(x *call, b block) spread {
	l := n.lists[x.kind.place()].slices
	unit := evenly(b.n, n.lanes, b.elem())
	for i := range n.lanes {
		l[i] = min((i+1)*unit, b.n) - min(i*unit, b.n)
	}
	clear(l[n.lanes:])
	return spread{counts: &l[0]}
}

// own is this rank's slice of b. It is empty for a rank that is no lane.
func (n *nodes) own(b block, at spread) block {
	c := cutUp(b, at, len(n.team.members))
	return c.piece(n.team.rank)
}

// isLane reports whether this rank works on a slice.
func (n *nodes) isLane() bool { return n.lane.members != nil }

// byLeaders does j with one rank of each node acting for all.
func (x *call) byLeaders(j *job) {
	n := x.nodes()
	if n.open(x); x.err != nil {
		return
	}
	switch j.code {
	case opBarrier:
		x.barrierLeaders(n)
	case opBcast:
		x.bcastLeaders(n, j)
	case opReduce:
		x.reduceLeaders(n, j)
	case opAllreduce:
		x.allreduceLeaders(n, j)
	case opAllgather:
		x.allgatherLeaders(n, j)
	}
}

// bySlices does j with all ranks at work between nodes.
func (x *call) bySlices(j *job) {
	n := x.nodes()
	if n.open(x); x.err != nil {
		return
	}
	n.compare(x, j)
	switch j.code {
	case opBcast:
		x.bcastSlices(n, j)
	case opReduce:
		x.reduceSlices(n, j)
	case opAllreduce:
		x.allreduceSlices(n, j)
	case opAllgather:
		x.allgatherSlices(n, j)
	}
}
