package collective_test

import (
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// Benchmarks with ranks as processes: what a job sees.

func repeat(call func(c *mpi.Comm) error) func(c *mpi.Comm, iters int) error {
	return func(c *mpi.Comm, iters int) error {
		for range iters {
			if err := call(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func BenchmarkBarrier(b *testing.B) {
	for _, n := range []int{2, 4} {
		b.Run(fmt.Sprintf("ranks=%d", n), func(b *testing.B) {
			mpitest.BenchProcesses(b, n, repeat(collective.Barrier))
		})
	}
}

func BenchmarkAllreduce(b *testing.B) {
	for _, bytes := range []int{8, 1 << 10, 1 << 16, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", bytes), func(b *testing.B) {
			b.SetBytes(int64(bytes))
			x := make([]float64, bytes/8)
			mpitest.BenchProcesses(b, 2, repeat(func(c *mpi.Comm) error {
				return collective.Allreduce(c, x, x, collective.Max)
			}))
		})
	}
}
