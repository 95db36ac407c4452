package mpitest

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/topo"
)

// RunTopo is Run for ranks on several nodes: "2x4" is 2 nodes of 4 ranks each, "4+2+1"
// nodes of 4, 2 and 1 ranks, "0,1,0,1" names the node of each rank. Between nodes shared memory is
// refused: SplitNode gives the ranks of a node, a buffer that moves to another node is sent, and
// collectives use shared words and arenas inside of a node only.
func RunTopo(t testing.TB, placement string, fn func(world *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	n := ranksOf(t, placement)
	if err := mpi.RunLocal(n, fn, withNodes(placement, opts)...); err != nil {
		t.Fatalf("%s: %v", placement, err)
	}
}

// RunTopoProcesses is RunProcesses for ranks on several nodes, see RunTopo.
func RunTopoProcesses(t testing.TB, placement string, fn func(world *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	RunProcesses(t, ranksOf(t, placement), fn, withNodes(placement, opts)...)
}

// BenchTopo is Bench for ranks on several nodes, see RunTopo.
func BenchTopo(b *testing.B, placement string, fn func(world *mpi.Comm, iters int) error, opts ...mpi.Option) {
	b.Helper()
	Bench(b, ranksOf(b, placement), fn, withNodes(placement, opts)...)
}

func ranksOf(t testing.TB, placement string) int {
	t.Helper()
	m, err := topo.ParseNodes(placement)
	if err != nil {
		t.Fatal(err)
	}
	return m.Size()
}

func withNodes(placement string, opts []mpi.Option) []mpi.Option {
	return append(opts[:len(opts):len(opts)], mpi.WithNodes(placement))
}
