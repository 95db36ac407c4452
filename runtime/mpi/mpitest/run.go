package mpitest

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// Run runs fn on n ranks that are goroutines, so that -race sees everything, and
// fails t if one returns an error or panics.
func Run(t testing.TB, n int, fn func(world *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	if err := mpi.RunLocal(n, fn, opts...); err != nil {
		t.Fatalf("%d ranks: %v", n, err)
	}
}
