package collective

// reduceLeaders: each node to its head, the heads to root, which is the head of its node.
//
// Cost: a Reduce on each node and one among as many ranks as there are nodes. Scratch for a vector on the other heads.
func (x *call) reduceLeaders(n *nodes, j *job) {
	heads, member := n.headsFor(x, j.root)
	var sum block
	switch {
	case x.rank == j.root:
		sum = j.dst
	case member:
		var s *scratch
		sum, s = borrow(j.src)
		defer s.giveBack()
	}
	x.part(&n.team, job{code: opReduce, dst: sum, src: j.src, fold: j.fold, root: n.head(j.root)})
	if member {
		x.part(heads, job{code: opReduce, dst: sum, src: sum, fold: j.fold, root: n.at.NodeOf(j.root)})
	}
}

// reduceSlices: the ranks of a node combine one slice each, lane i of root's node gets slice i of the result from the other nodes,
// and root collects the slices.
//
// Cost, with k lanes: each sends or receives 1/k of what Reduce among the nodes takes. On a node a ReduceScatter; on root's a Gather as
// well. Scratch for a slice.
func (x *call) reduceSlices(n *nodes, j *job) {
	at := n.cut(x, j.src)
	home := n.at.NodeOf(j.root)
	own := n.own(j.src, at)
	if x.rank == j.root {
		own = n.own(j.dst, at)
	} else {
		var s *scratch
		own, s = borrow(own)
		defer s.giveBack()
	}
	x.part(&n.team, job{code: opReduceScatter, dst: own, src: j.src, out: at, fold: j.fold})
	if n.isLane() {
		x.part(&n.lane, job{code: opReduce, dst: own, src: own, fold: j.fold, root: home})
	}
	if n.here == home {
		x.part(&n.team, job{code: opGatherv, dst: j.dst, src: own, in: at, root: n.at.LocalRank(j.root)})
	}
}
