package collective

import "unsafe"

// The blocks of a node's ranks, side by side, are the node's block. Where its ranks follow each other it lies in dst as it is, otherwise
// blocks are collected in scratch, node by node, and copied to their places at the end.

// byNode is where the blocks of all ranks are collected.
func (n *nodes) byNode(j *job) (all block, s *scratch) {
	if n.mixed {
		return borrow(j.dst)
	}
	return j.dst, nil
}

// nodeBlock is the block of node i in all. each is the block of a rank; before is how many ranks are on the nodes before.
func (n *nodes) nodeBlock(all, each block, i, before int) block {
	k := n.at.LocalSize(i)
	return block{unsafe.Add(all.p, before*each.bytes), k * each.n, k * each.bytes}
}

// before is how many ranks are on the nodes before this one.
func (n *nodes) before() (sum int) {
	for i := range n.here {
		sum += n.at.LocalSize(i)
	}
	return sum
}

// sortOut copies the blocks of ranks from node order to rank order.
func (x *call) sortOut(n *nodes, dst, all, each block) {
	if !n.mixed || x.spoiled != 0 {
		return
	}
	k := 0
	for i := range n.count {
		for _, r := range n.at.LocalRanks(i) {
			dst.piece(r, each).copyFrom(all.piece(k, each))
			k++
		}
	}
}

// allgatherLeaders: each node to its head, the heads with each other, each head to its node.
//
// Cost: an Allgather among the heads, of a node's block each; on each node a Gather before it and a Bcast of everything after.
func (x *call) allgatherLeaders(n *nodes, j *job) {
	heads, member := n.headsFor(x, 0)
	all, s := n.byNode(j)
	defer s.giveBack()
	mine := n.nodeBlock(all, j.src, n.here, n.before())
	x.part(&n.team, job{code: opGather, dst: mine, src: j.src})
	if member {
		l := &n.lists[x.kind.place()]
		for i := range l.counts {
			l.counts[i] = n.at.LocalSize(i) * j.src.n
		}
		x.part(heads, job{code: opAllgatherv, dst: all, src: mine, in: spread{counts: &l.counts[0]}})
	}
	x.part(&n.team, job{code: opBcast, dst: all})
	x.sortOut(n, j.dst, all, j.src)
}

// allgatherSlices: each node collects its block; lane i sends slice i of it to the other nodes, where the ranks of a node give each other
// theirs.
//
// Cost, with k lanes: each sends 1/k of what Allgather among the nodes takes. On a node an Allgather for each node.
func (x *call) allgatherSlices(n *nodes, j *job) {
	all, s := n.byNode(j)
	defer s.giveBack()
	mine := n.nodeBlock(all, j.src, n.here, n.before())
	x.part(&n.team, job{code: opAllgather, dst: mine, src: j.src})
	if n.isLane() {
		l := &n.lists[x.kind.place()]
		before, own := 0, block{}
		for i := range n.count {
			b := n.nodeBlock(all, j.src, i, before)
			c := n.own(b, n.cut(x, b))
			l.counts[i], l.displs[i] = c.n, int(uintptr(c.p)-uintptr(all.p))/j.src.elem()
			if i == n.here {
				own = c
			}
			before += n.at.LocalSize(i)
		}
		x.part(&n.lane, job{code: opAllgatherv, dst: all, src: own, in: spread{counts: &l.counts[0], displs: &l.displs[0]}})
	}
	before := 0
	for i := range n.count {
		if i != n.here {
			b := n.nodeBlock(all, j.src, i, before)
			at := n.cut(x, b)
			x.part(&n.team, job{code: opAllgatherv, dst: b, src: n.own(b, at), in: at})
		}
		before += n.at.LocalSize(i)
	}
	x.sortOut(n, j.dst, all, j.src)
}
