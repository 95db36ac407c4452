package mpitest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// placements and the nodes that they mean.
var placements = map[string][][]int{
	"1":         {{0}},
	"1x4":       {{0, 1, 2, 3}},
	"2x4":       {{0, 1, 2, 3}, {4, 5, 6, 7}},
	"3x2":       {{0, 1}, {2, 3}, {4, 5}},
	"4+2+1":     {{0, 1, 2, 3}, {4, 5}, {6}},
	"0,1,0,1,2": {{0, 2}, {1, 3}, {4}},
	"3,1,1,3":   {{0, 3}, {1, 2}},
}

func home(nodes [][]int, rank int) (node, local int) {
	for n, ranks := range nodes {
		if i := slices.Index(ranks, rank); i >= 0 {
			return n, i
		}
	}
	return -1, -1
}

// places checks what a rank is told about nodes.
func places(world *mpi.Comm, nodes [][]int) error {
	m := world.Nodes()
	if m.NumNodes() != len(nodes) || m.Size() != world.Size() {
		return fmt.Errorf("placed on %v, want %v", m, nodes)
	}
	for n := range nodes {
		if !slices.Equal(m.LocalRanks(n), nodes[n]) {
			return fmt.Errorf("placed on %v, want %v", m, nodes)
		}
	}
	node, local := home(nodes, world.Rank())
	c, err := world.SplitNode()
	if err != nil {
		return err
	}
	if c.Size() != len(nodes[node]) || c.Rank() != local || c.Nodes().NumNodes() != 1 {
		return fmt.Errorf("rank %d: %s has rank %d of %d on %v, want %d of %v", world.Rank(), c.Name(), c.Rank(), c.Size(), c.Nodes(), local, nodes[node])
	}
	if c.Counter() == nil || (world.Counter() != nil) != (len(nodes) == 1) {
		return fmt.Errorf("rank %d: counter of the node %v, of the world %v", world.Rank(), c.Counter(), world.Counter())
	}
	for r := range world.Size() {
		their, _ := home(nodes, r)
		if world.Engine().Shares(r) != (their == node) {
			return fmt.Errorf("ranks %d and %d share memory: %v", world.Rank(), r, world.Engine().Shares(r))
		}
	}
	// In another order, and without rank 0.
	color := 0
	if world.Rank() == 0 {
		color = mpi.Undefined
	}
	rest, err := world.Split(color, -world.Rank())
	if err != nil || rest == nil {
		return err
	}
	for r := range rest.Size() {
		their, _ := home(nodes, world.Size()-1-r)
		if rest.Nodes().SameNode(rest.Rank(), r) != (their == node) {
			return fmt.Errorf("rank %d: %s is placed on %v", world.Rank(), rest.Name(), rest.Nodes())
		}
	}
	return nil
}

func TestRunTopo(t *testing.T) {
	for placement, nodes := range placements {
		t.Run(placement, func(t *testing.T) {
			mpitest.RunTopo(t, placement, func(world *mpi.Comm) error { return places(world, nodes) })
		})
	}
}

func TestRunTopoProcesses(t *testing.T) {
	mpitest.RunTopoProcesses(t, "3,1,1,3", func(world *mpi.Comm) error {
		if err := places(world, placements["3,1,1,3"]); err != nil {
			return err
		}
		return ferry(world)
	})
}

// ferry passes a buffer round the ring of all ranks, within nodes and between them.
func ferry(world *mpi.Comm) error {
	right, left := (world.Rank()+1)%world.Size(), (world.Rank()+world.Size()-1)%world.Size()
	for _, n := range []int{0, 1, 3000, 300000} {
		b, err := mpi.Alloc[int32](world, n)
		if err != nil {
			return err
		}
		for i := range b.Slice() {
			b.Slice()[i] = int32(i + world.Rank())
		}
		for round := 1; round <= world.Size(); round++ {
			if err := b.Move(world, right, round); err != nil {
				return err
			}
			var st mpi.Status
			if b, st, err = mpi.RecvMove[int32](world, left, round); err != nil {
				return err
			}
			if st.Source != left || st.Tag != round || st.Count() != n || b.Len() != n {
				return fmt.Errorf("received %d elements with %+v, want %d", b.Len(), st, n)
			}
			first := (world.Rank() - round + world.Size()) % world.Size()
			for i, x := range b.Slice() {
				if x != int32(i+first) {
					return fmt.Errorf("element %d of rank %d is %d after %d rounds", i, first, x, round)
				}
			}
		}
		if err := b.Free(); err != nil {
			return err
		}
	}
	return nil
}

func TestMoveBetweenNodes(t *testing.T) {
	for placement := range placements {
		t.Run(placement, func(t *testing.T) { mpitest.RunTopo(t, placement, ferry) })
	}
}

func TestTopoMisfits(t *testing.T) {
	for placement, want := range map[string]string{
		"2x2": "mpi: transport: a placement of 4 ranks for a job of 3",
		"2y2": `mpi: topo: "2y2" in the placement "2y2": want ranks on a node (4), or nodes and ranks on each (2x4)`,
	} {
		err := mpi.RunLocal(3, func(*mpi.Comm) error { return nil }, mpi.WithNodes(placement))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", placement, err, want)
		}
	}
}

func BenchmarkTopo(b *testing.B) {
	mpitest.BenchTopo(b, "2x1", func(world *mpi.Comm, iters int) error {
		for range iters {
			if _, err := mpi.Sendrecv(world, []byte{1}, 1-world.Rank(), 0, []byte{0}, 1-world.Rank(), 0); err != nil {
				return err
			}
		}
		return nil
	})
}
