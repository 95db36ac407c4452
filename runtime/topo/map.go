package topo

import (
	"fmt"
	"strings"
)

// The panics of this package. Misuse by the programmer, each a constant.
const (
	panicNoRanks   = "topo: a job has at least one rank"
	panicLocalRank = "topo: local rank outside of 0 ... localSize-1"
)

// A Node is a place whose ranks share memory.
type Node struct {
	Name  string // for people; need not be unique
	Slots int    // ranks it takes before it counts as full, usually its usable processors
	CPUs  []int  // the processors that its ranks may run on, as the node numbers them; nil if not known
}

// A Map is the placement of ranks 0 ... Size-1 on nodes 0 ... NumNodes-1. It never
// changes. Its methods panic, as an index does, on ranks and nodes that it has not.
type Map struct {
	nodes  []Node
	nodeOf []int // rank -> node
	local  []int // rank -> local rank
	ranks  []int // all ranks, by node and then ascending
	first  []int // node -> where its ranks begin in ranks; one more entry for the end
}

// newMap makes the map in which rank r stands on node nodeOf[r], which is checked to
// exist. It keeps both slices.
func newMap(nodes []Node, nodeOf []int) *Map {
	m := &Map{
		nodes:  nodes,
		nodeOf: nodeOf,
		local:  make([]int, len(nodeOf)),
		ranks:  make([]int, len(nodeOf)),
		first:  make([]int, len(nodes)+1),
	}
	size := make([]int, len(nodes))
	for r, n := range nodeOf {
		m.local[r] = size[n]
		size[n]++
	}
	for n, k := range size {
		m.first[n+1] = m.first[n] + k
	}
	for r, n := range nodeOf {
		m.ranks[m.first[n]+m.local[r]] = r
	}
	return m
}

// Size returns the number of ranks.
func (m *Map) Size() int { return len(m.nodeOf) }

// NumNodes returns the number of nodes, those without a rank included.
func (m *Map) NumNodes() int { return len(m.nodes) }

// Node returns node n. Its CPUs are shared with the map: read only.
func (m *Map) Node(n int) Node { return m.nodes[n] }

// NodeOf returns the node of a rank.
func (m *Map) NodeOf(rank int) int { return m.nodeOf[rank] }

// LocalRank returns the place of a rank among those of its node, from 0.
func (m *Map) LocalRank(rank int) int { return m.local[rank] }

// LocalSize returns the number of ranks on node n.
func (m *Map) LocalSize(n int) int { return m.first[n+1] - m.first[n] }

// LocalRanks returns the ranks on node n, ascending: local rank i is entry i. The
// slice is the map's own: read only.
func (m *Map) LocalRanks(n int) []int {
	return m.ranks[m.first[n]:m.first[n+1]:m.first[n+1]]
}

// Leader returns the lowest rank on node n, or -1 if it has none.
func (m *Map) Leader(n int) int {
	if m.LocalSize(n) == 0 {
		return -1
	}
	return m.ranks[m.first[n]]
}

// SameNode reports whether two ranks share memory.
func (m *Map) SameNode(a, b int) bool { return m.nodeOf[a] == m.nodeOf[b] }

// String lists the nodes and their ranks: "a: 0-3; b: 4-5".
func (m *Map) String() string {
	var b strings.Builder
	for n := range m.nodes {
		if n > 0 {
			b.WriteString("; ")
		}
		name := m.nodes[n].Name
		if name == "" {
			name = fmt.Sprintf("node %d", n)
		}
		ranks := FormatCPUList(m.LocalRanks(n))
		if ranks == "" {
			ranks = "none"
		}
		b.WriteString(name + ": " + ranks)
	}
	return b.String()
}
