package transport

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/topo"
)

// Apart is ep as if its ranks stood on several nodes: it says so, and refuses the memory of
// ranks on other nodes. Frames still travel as they did. With it one machine stands in
// for several, in tests of what is done differently between nodes.
func Apart(ep Endpoint, nodes *topo.Map) (Endpoint, error) {
	if nodes.Size() != ep.Size() {
		return nil, fmt.Errorf("transport: a placement of %d ranks for a job of %d", nodes.Size(), ep.Size())
	}
	return apart{ep, nodes}, nil
}

type apart struct {
	Endpoint
	nodes *topo.Map
}

func (a apart) Caps() Caps {
	c := a.Endpoint.Caps()
	c.Nodes = a.nodes
	return c
}

const panicHeap = "transport: the heap of a rank on another node"

// Heap panics for another node's rank: the engine knows better than to ask.
func (a apart) Heap(rank int) ([]byte, error) {
	if !a.nodes.SameNode(a.Rank(), rank) {
		panic(panicHeap)
	}
	return a.Endpoint.Heap(rank)
}
