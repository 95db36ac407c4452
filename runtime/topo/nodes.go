package topo

import (
	"fmt"
	"strconv"
	"strings"
)

// maxParsed bounds the ranks that a text may ask for.
const maxParsed = 1 << 20

// ParseNodes reads a placement of ranks on nodes without names:
//
//	2x4        2 nodes of 4 ranks, neighbours in rank together: 0-3; 4-7
//	4+2+1      nodes of 4, 2 and 1 ranks: 0-3; 4-5; 6
//	2x3+1      both: 0-2; 3-5; 6
//	0,1,0,1    rank by rank the number of its node: 0,2; 1,3
//
// In the last form nodes are numbered as they come: each one's lowest rank decides.
func ParseNodes(s string) (*Map, error) {
	if strings.Contains(s, ",") {
		return parseList(s)
	}
	var nodes []Node
	n := 0
	for term := range strings.SplitSeq(s, "+") {
		times, size, multiplied := strings.Cut(term, "x")
		if !multiplied {
			times, size = "1", term
		}
		k, err1 := strconv.Atoi(times)
		p, err2 := strconv.Atoi(size)
		if err1 != nil || err2 != nil || k < 1 || p < 1 {
			return nil, fmt.Errorf("topo: %q in the placement %q: want ranks on a node (4), or nodes and ranks on each (2x4)", term, s)
		}
		if k > maxParsed || p > maxParsed || k*p > maxParsed-n {
			return nil, fmt.Errorf("topo: the placement %q has more than %d ranks", s, maxParsed)
		}
		n += k * p
		for range k {
			nodes = append(nodes, Node{Slots: p})
		}
	}
	return Block(n, nodes)
}

func parseList(s string) (*Map, error) {
	words := strings.Split(s, ",")
	if len(words) > maxParsed {
		return nil, fmt.Errorf("topo: a placement of more than %d ranks", maxParsed)
	}
	nodeOf := make([]int, len(words))
	for r, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("topo: %q in the placement %q: want the number of a node", w, s)
		}
		nodeOf[r] = n
	}
	return byNode(nodeOf, func(int) Node { return Node{} }), nil
}

// byNode is the map of ranks of which r stands on the node that somebody calls
// nodeOf[r]: here nodes are numbered by their lowest ranks. It keeps nodeOf.
func byNode(nodeOf []int, node func(theirs int) Node) *Map {
	number := map[int]int{}
	var nodes []Node
	for r, theirs := range nodeOf {
		n, ok := number[theirs]
		if !ok {
			n = len(nodes)
			number[theirs] = n
			nodes = append(nodes, node(theirs))
		}
		nodeOf[r] = n
	}
	return newMap(nodes, nodeOf)
}

// Among is the map of a communicator: its rank i is rank members[i] of m. Nodes
// without a member are left out, and nodes are numbered by the lowest of their members. m may be nil, which is all ranks
// on one node. Cost: O(members).
func (m *Map) Among(members []int32) *Map {
	if m == nil {
		return Single(len(members))
	}
	nodeOf := make([]int, len(members))
	for i, r := range members {
		nodeOf[i] = m.nodeOf[r]
	}
	return byNode(nodeOf, func(theirs int) Node { return m.nodes[theirs] })
}

// Contiguous reports whether the ranks of every node follow each other without a gap, as
// Block places them. Then what is combined node by node is combined in rank order.
func (m *Map) Contiguous() bool {
	for n := range m.nodes {
		if k := m.LocalSize(n); k > 0 && m.ranks[m.first[n]+k-1]-m.ranks[m.first[n]] != k-1 {
			return false
		}
	}
	return true
}
