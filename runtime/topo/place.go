package topo

import (
	"fmt"
	"math"
)

// Single places n ranks on one node.
func Single(n int) *Map {
	if n < 1 {
		panic(panicNoRanks)
	}
	return newMap([]Node{{Slots: n}}, make([]int, n))
}

// Explicit places rank r on node nodeOf[r]. Both slices are copied.
func Explicit(nodes []Node, nodeOf []int) (*Map, error) {
	if len(nodeOf) == 0 {
		return nil, fmt.Errorf("topo: no ranks to place on %d nodes", len(nodes))
	}
	for r, n := range nodeOf {
		if n < 0 || n >= len(nodes) {
			return nil, fmt.Errorf("topo: rank %d is placed on node %d of %d", r, n, len(nodes))
		}
	}
	return newMap(append([]Node(nil), nodes...), append([]int(nil), nodeOf...)), nil
}

// slots checks what is to be placed where, and returns the slots of all nodes.
func slots(n int, nodes []Node) (total int, err error) {
	if n < 1 {
		return 0, fmt.Errorf("topo: %d ranks to place, at least 1 is needed", n)
	}
	for i, nd := range nodes {
		if nd.Slots < 0 || nd.Slots > math.MaxInt-total {
			return 0, fmt.Errorf("topo: node %d (%s) has %d slots", i, nd.Name, nd.Slots)
		}
		total += nd.Slots
	}
	if total == 0 {
		return 0, fmt.Errorf("topo: %d ranks to place, and none of %d nodes has a slot", n, len(nodes))
	}
	return total, nil
}

// Block places n ranks node after node: each takes ranks in a row, as many as it has
// slots. If all slots do not suffice, they are dealt out again, and again, in the same
// order, and each node takes what it got in all as one row. Cost: O(n + nodes).
func Block(n int, nodes []Node) (*Map, error) {
	total, err := slots(n, nodes)
	if err != nil {
		return nil, err
	}
	rounds, rest := n/total, n%total
	nodeOf := make([]int, 0, n)
	for i, nd := range nodes {
		last := min(rest, nd.Slots) // what the node gets of the last, incomplete round
		rest -= last
		for range rounds*nd.Slots + last {
			nodeOf = append(nodeOf, i)
		}
	}
	return newMap(append([]Node(nil), nodes...), nodeOf), nil
}

// Cyclic places n ranks on the nodes in turn, one at a time, passing over those whose
// slots are taken. If all slots do not suffice, all are free again and it goes on in the same
// way. Cost: O(n + nodes).
func Cyclic(n int, nodes []Node) (*Map, error) {
	if _, err := slots(n, nodes); err != nil {
		return nil, err
	}
	nodeOf := make([]int, 0, n)
	open := make([]int, 0, len(nodes)) // nodes with a free slot
	for len(nodeOf) < n {
		open = open[:0]
		for i, nd := range nodes {
			if nd.Slots > 0 {
				open = append(open, i)
			}
		}
		for sweep := 1; len(open) > 0 && len(nodeOf) < n; sweep++ {
			still := open[:0]
			for _, i := range open {
				if len(nodeOf) == n {
					break
				}
				nodeOf = append(nodeOf, i)
				if nodes[i].Slots > sweep {
					still = append(still, i)
				}
			}
			open = still
		}
	}
	return newMap(append([]Node(nil), nodes...), nodeOf), nil
}
