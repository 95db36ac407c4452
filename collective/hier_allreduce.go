package collective

// allreduceLeaders: each node to its head, the heads with each other, each head to its node.
//
// Cost: an Allreduce among as many ranks as there are nodes; on each node a Reduce before it and a Bcast after.
func (x *call) allreduceLeaders(n *nodes, j *job) {
	heads, member := n.headsFor(x, 0)
	x.part(&n.team, job{code: opReduce, dst: j.dst, src: j.src, fold: j.fold})
	if member {
		x.part(heads, job{code: opAllreduce, dst: j.dst, src: j.dst, fold: j.fold})
	}
	x.part(&n.team, job{code: opBcast, dst: j.dst})
}

// allreduceSlices: the ranks of a node combine one slice each, lane i and its like on the other nodes combine slice i, and the ranks of a
// node give each other the results.
//
// Cost, with k lanes: each sends 1/k of what Allreduce among the nodes takes. On a node a ReduceScatter before it and an Allgather after.
func (x *call) allreduceSlices(n *nodes, j *job) {
	at := n.cut(x, j.src)
	own := n.own(j.dst, at)
	x.part(&n.team, job{code: opReduceScatter, dst: own, src: j.src, out: at, fold: j.fold})
	if n.isLane() {
		x.part(&n.lane, job{code: opAllreduce, dst: own, src: own, fold: j.fold})
	}
	x.part(&n.team, job{code: opAllgatherv, dst: j.dst, src: own, in: at})
}
