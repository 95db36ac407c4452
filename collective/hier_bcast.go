package collective

// bcastLeaders: root to the heads of the other nodes, each head to its node. Root is the head of its own.
//
// Cost: a Bcast among as many ranks as there are nodes, and one on each node, which wait for each other.
func (x *call) bcastLeaders(n *nodes, j *job) {
	if heads, member := n.headsFor(x, j.root); member {
		x.part(heads, job{code: opBcast, dst: j.dst, root: n.at.NodeOf(j.root)})
	}
	x.part(&n.team, job{code: opBcast, dst: j.dst, root: n.head(j.root)})
}

// bcastSlices: root deals slices to the lanes of its node, each lane sends its slice to the other nodes, where the ranks of a node
// give each other theirs.
//
// Cost, with k lanes: each sends 1/k of what Bcast among the nodes takes. Two more parts on the nodes, which move the vector
// twice there.
func (x *call) bcastSlices(n *nodes, j *job) {
	at := n.cut(x, j.dst)
	own := n.own(j.dst, at)
	home := n.at.NodeOf(j.root)
	if n.here == home {
		x.part(&n.team, job{code: opScatterv, dst: own, src: j.dst, out: at, root: n.at.LocalRank(j.root)})
	}
	if n.isLane() {
		x.part(&n.lane, job{code: opBcast, dst: own, root: home})
	}
	x.part(&n.team, job{code: opAllgatherv, dst: j.dst, src: own, in: at})
}
