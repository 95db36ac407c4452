package collective

// barrierLeaders: each node meets, then the heads, who let their nodes go.
//
// Cost: ceil(log2 nodes) messages one after the other between nodes, one per node and round; on a node a Barrier and a Bcast.
func (x *call) barrierLeaders(n *nodes) {
	x.part(&n.team, job{code: opBarrier})
	if heads, member := n.headsFor(x, 0); member {
		x.part(heads, job{code: opBarrier})
	}
	x.part(&n.team, job{code: opBcast, dst: nothing()})
}
