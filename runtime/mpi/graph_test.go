package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// randomEdges are edges of a graph of n ranks, some of them several times or from a rank to itself, and who names each.
func randomEdges(n int, seed uint64) (edges []mpi.Edge, namers []int) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for i := range rng.IntN(4 * n) {
		edges = append(edges, mpi.Edge{From: rng.IntN(n), To: rng.IntN(n), Weight: i * 3})
		namers = append(namers, rng.IntN(n))
		if rng.IntN(4) == 0 {
			edges = append(edges, mpi.Edge{From: edges[len(edges)-1].From, To: edges[len(edges)-1].To, Weight: -i})
			namers = append(namers, rng.IntN(n))
		}
	}
	return edges, namers
}

// adjacent lists a rank's own edges, in the order of those who name them.
func adjacent(edges []mpi.Edge, namers []int, n, rank int) (in, out []mpi.Neighbor) {
	for namer := range n {
		for i, e := range edges {
			if namers[i] == namer && e.To == rank {
				in = append(in, mpi.Neighbor{Rank: e.From, Weight: e.Weight})
			}
			if namers[i] == namer && e.From == rank {
				out = append(out, mpi.Neighbor{Rank: e.To, Weight: e.Weight})
			}
		}
	}
	return in, out
}

func checkGraph(g *mpi.Graph, in, out []mpi.Neighbor) error {
	if !slices.Equal(g.Sources(), in) || !slices.Equal(g.Destinations(), out) {
		return fmt.Errorf("rank %d: %v and %v, want %v and %v", g.Rank(), g.Sources(), g.Destinations(), in, out)
	}
	n := g.Neighborhood()
	if len(n.Sources) != len(in) || len(n.Destinations) != len(out) || n.Comm != g.Comm {
		return fmt.Errorf("neighbourhood %v", n)
	}
	for i, s := range in {
		if n.Sources[i] != s.Rank {
			return fmt.Errorf("source %d is rank %d", i, n.Sources[i])
		}
	}
	for i, d := range out {
		if n.Destinations[i] != d.Rank {
			return fmt.Errorf("destination %d is rank %d", i, n.Destinations[i])
		}
	}
	return nil
}

func graphs(world *mpi.Comm, seed uint64) error {
	n := world.Size()
	edges, namers := randomEdges(n, seed)
	in, out := adjacent(edges, namers, n, world.Rank())
	var mine []mpi.Edge
	for i, e := range edges {
		if namers[i] == world.Rank() {
			mine = append(mine, e)
		}
	}
	g, err := world.Graph(mine, seed%2 == 0)
	if err != nil {
		return err
	}
	if err := checkGraph(g, in, out); err != nil {
		return fmt.Errorf("Graph of %v, named by %v: %w", edges, namers, err)
	}
	d, err := g.Dup()
	if err != nil {
		return err
	}
	if err := checkGraph(d.WithContext(context.Background()), in, out); err != nil {
		return fmt.Errorf("Dup: %w", err)
	}
	a, err := world.GraphAdjacent(in, out, false)
	if err != nil {
		return err
	}
	if err := checkGraph(a, in, out); err != nil {
		return fmt.Errorf("GraphAdjacent: %w", err)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return errors.Join(circle(world, g.Comm, all), circle(world, a.Comm, all), a.Free(), d.Free(), g.Free())
}

func TestGraph(t *testing.T) {
	for n := 1; n <= 9; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			mpitest.Run(t, n, func(world *mpi.Comm) error {
				for seed := range uint64(8) {
					if err := graphs(world, seed); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func TestGraphProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 5, func(world *mpi.Comm) error { return graphs(world, 3) })
}

// An edge that is named at one end only is an error on every rank, and the communicator goes on.
func TestGraphDisagree(t *testing.T) {
	mpitest.Run(t, 4, func(world *mpi.Comm) error {
		for _, extra := range []struct{ in, out []mpi.Neighbor }{
			{in: []mpi.Neighbor{{Rank: 3}}},
			{out: []mpi.Neighbor{{Rank: 3}}},
			{in: []mpi.Neighbor{{Rank: 2}}, out: []mpi.Neighbor{{Rank: 2}}},
		} {
			in, out := []mpi.Neighbor{{Rank: (world.Rank() + 3) % 4}}, []mpi.Neighbor{{Rank: (world.Rank() + 1) % 4}}
			if world.Rank() == 1 {
				in, out = append(in, extra.in...), append(out, extra.out...)
			}
			g, err := world.GraphAdjacent(in, out, false)
			if g != nil || err == nil || !strings.Contains(err.Error(), "mpi: GraphAdjacent on world: ranks disagree about the topology: ") {
				return fmt.Errorf("%+v: %v", extra, err)
			}
		}
		return circle(world, world, []int{0, 1, 2, 3})
	})
}
