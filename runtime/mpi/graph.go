package mpi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"unsafe"
)

// Graph is a communicator with a directed graph on its ranks, of which each rank knows its own edges.
//
//	ring, err := world.GraphAdjacent([]mpi.Neighbor{{Rank: left}}, []mpi.Neighbor{{Rank: right}}, false)
//
// It is a Topology: messages of the neighbourhood collectives go along the edges. Of several edges from one rank
// to another, the first at its end matches the first at its beginning, and so on.
type Graph struct {
	*Comm
	sources, destinations []Neighbor
	near                  Neighborhood
}

// Neighbor is the other end of an edge. What a weight means is the program's affair.
type Neighbor struct{ Rank, Weight int }

// Edge is an edge of a graph of ranks.
type Edge struct{ From, To, Weight int }

// GraphAdjacent makes a communicator of the ranks of c from what each knows of its own edges: sources are the ranks
// from which edges come, destinations those to which they go, in any order, several times if there are several
// edges. reorder allows ranks to be numbered otherwise than in c, to place neighbours on the same node; at present they keep
// their numbers.
//
// Every rank of c must call it. If not every edge is named at both its ends, it fails on all ranks.
//
// Cost: ceil(log2 n) rounds for that check, and as many to make the communicator.
func (c *Comm) GraphAdjacent(sources, destinations []Neighbor, reorder bool) (*Graph, error) {
	if err := c.checkIntra("GraphAdjacent"); err != nil {
		return nil, err
	}
	// Each edge adds to the sum at its beginning what it takes away at its end.
	var sum uint64
	for _, e := range destinations {
		c.checkMember(e.Rank)
		sum += edgeSum(c.rank, e.Rank)
	}
	for _, e := range sources {
		c.checkMember(e.Rank)
		sum -= edgeSum(e.Rank, c.rank)
	}
	sums, err := gatherAll(c, sum)
	if err != nil {
		return nil, c.fail("GraphAdjacent", ProcNull, AnyTag, err)
	}
	sum = 0
	for _, s := range sums {
		sum += s
	}
	if sum != 0 {
		return nil, c.fail("GraphAdjacent", ProcNull, AnyTag, fmt.Errorf("%w: an edge is named at one of its ends only", errDisagree))
	}
	return c.graph("GraphAdjacent", slices.Clone(sources), slices.Clone(destinations))
}

func (c *Comm) checkMember(rank int) {
	if uint(rank) >= uint(c.size) {
		panic(panicRank)
	}
}

// edgeSum tells edges apart: the mixing function of splitmix64.
func edgeSum(from, to int) uint64 {
	z := uint64(from)<<32 + uint64(to) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (c *Comm) graph(op string, sources, destinations []Neighbor) (*Graph, error) {
	d, err := c.divide(op, 0, c.rank, c.Name()+"/graph")
	if err != nil {
		return nil, err
	}
	return newGraph(d, sources, destinations), nil
}

func newGraph(c *Comm, sources, destinations []Neighbor) *Graph {
	order := make([]int, len(sources))
	for i := range order {
		order[i] = i
	}
	return &Graph{c, sources, destinations, Neighborhood{c, ranksOf(sources), ranksOf(destinations), order}}
}

func ranksOf(ns []Neighbor) []int {
	ranks := make([]int, len(ns))
	for i, n := range ns {
		ranks[i] = n.Rank
	}
	return ranks
}

// Sources are the ranks from which edges come to this one.
func (g *Graph) Sources() []Neighbor { return slices.Clone(g.sources) }

// Destinations are the ranks to which edges go from this one.
func (g *Graph) Destinations() []Neighbor { return slices.Clone(g.destinations) }

// Neighborhood is for package collective. No compatibility promise.
func (g *Graph) Neighborhood() *Neighborhood { return &g.near }

// Dup makes the same graph with a message space of its own.
func (g *Graph) Dup() (*Graph, error) {
	c, err := g.Comm.Dup()
	if err != nil {
		return nil, err
	}
	return newGraph(c, g.sources, g.destinations), nil
}

// WithContext is Comm.WithContext for the graph.
func (g *Graph) WithContext(ctx context.Context) *Graph {
	return newGraph(g.Comm.WithContext(ctx), g.sources, g.destinations)
}

// Graph makes a communicator of the ranks of c from edges that are named anywhere: each rank names any edges, its own
// or not, and each edge is named once. A rank's sources and destinations are in the order of the ranks that have
// named them, and of their lists. reorder is as with GraphAdjacent. Every rank of c must call it.
//
// Cost: ceil(log2 n) rounds of one message per rank (two at most) to bring the edges to their ends, and as many to make the communicator.
//
// Source: G. Fox et al., "Solving Problems on Concurrent Processors" vol. 1 (1988), ch. 22, "The Crystal Router".
func (c *Comm) Graph(edges []Edge, reorder bool) (*Graph, error) {
	if err := c.checkIntra("Graph"); err != nil {
		return nil, err
	}
	var ends []edgeEnd
	for i, e := range edges {
		c.checkMember(e.From)
		c.checkMember(e.To)
		ends = append(ends, edgeEnd{e, e.From, c.rank, i, true}, edgeEnd{e, e.To, c.rank, i, false})
	}
	ends, err := c.route(ends)
	if err != nil {
		return nil, c.fail("Graph", ProcNull, AnyTag, err)
	}
	slices.SortFunc(ends, func(a, b edgeEnd) int {
		return cmp.Or(cmp.Compare(a.namer, b.namer), cmp.Compare(a.index, b.index))
	})
	var sources, destinations []Neighbor
	for _, e := range ends {
		if e.begin {
			destinations = append(destinations, Neighbor{e.To, e.Weight})
		} else {
			sources = append(sources, Neighbor{e.From, e.Weight})
		}
	}
	return c.graph("Graph", sources, destinations)
}

// edgeEnd is an edge on its way to the rank at one of its ends.
type edgeEnd struct {
	Edge
	at           int // that rank
	namer, index int // entry index of the list of rank namer
	begin        bool
}

// route brings every end to its rank. The ranks part into halves, and each sends what belongs into the other half
// to a partner there; so on in each half. If one half has a rank more, that one sends to the last of the other.
func (c *Comm) route(ends []edgeEnd) ([]edgeEnd, error) {
	i := c.internal()
	for low, high := 0, c.size; high-low > 1; {
		half := (high - low) / 2
		mid := low + half
		partner, from := c.rank+half, []int{c.rank + half}
		switch {
		case c.rank == mid-1 && high-mid > half:
			from = append(from, high-1)
		case c.rank == high-1 && high-mid > half:
			partner, from = mid-1, nil
		case c.rank >= mid:
			partner, from = c.rank-half, []int{c.rank - half}
		}
		upper := c.rank >= mid
		var stay, leave []edgeEnd
		for _, e := range ends {
			if (e.at >= mid) == upper {
				stay = append(stay, e)
			} else {
				leave = append(leave, e)
			}
		}
		sent := Isend(i, leave, partner, 0)
		for _, r := range from {
			more, err := receiveEnds(i, r)
			if err != nil {
				sent.Cancel()
				sent.Wait()
				return nil, err
			}
			stay = append(stay, more...)
		}
		if _, err := sent.Wait(); err != nil {
			return nil, err
		}
		if ends = stay; upper {
			low = mid
		} else {
			high = mid
		}
	}
	for _, e := range ends {
		if here := e.begin && e.From == c.rank || !e.begin && e.To == c.rank; !here || uint(e.From) >= uint(c.size) || uint(e.To) >= uint(c.size) {
			return nil, fmt.Errorf("%w: rank %d has got an edge from %d to %d", ErrCorrupt, c.rank, e.From, e.To)
		}
	}
	return ends, nil
}

func receiveEnds(c *Comm, src int) ([]edgeEnd, error) {
	m, err := Mprobe(c, src, 0)
	if err != nil {
		return nil, err
	}
	ends := make([]edgeEnd, m.Status.Bytes()/int(unsafe.Sizeof(edgeEnd{})))
	_, err = Mrecv(m, ends)
	return ends, err
}
