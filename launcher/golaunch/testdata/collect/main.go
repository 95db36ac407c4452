// Command collect makes collective calls of all kinds and sizes until it is killed.
package main

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	mpi.Run(func(world *mpi.Comm) error {
		n := world.Size()
		for i := 0; ; i++ {
			k := []int{1, 12, 300, 9000, 70000}[i%5]
			root := i % n
			one, other := make([]float64, k), make([]float64, k)
			all, more := make([]float64, n*k), make([]float64, n*k)
			started, err := collective.Iallreduce(world, other, one, collective.Sum)
			if err != nil {
				return err
			}
			for _, call := range []func() error{
				func() error { return collective.Barrier(world) },
				func() error { return collective.Bcast(world, one, root) },
				func() error { return collective.Allreduce(world, one, one, collective.Max) },
				func() error { return collective.Gather(world, all, one, root) },
				func() error { return collective.Scatter(world, one, all, root) },
				func() error { return collective.Allgather(world, all, one) },
				func() error { return collective.Alltoall(world, more, all) },
				func() error { return collective.ReduceScatterBlock(world, one, all, collective.Sum) },
				func() error { return collective.Scan(world, one, one, collective.Min) },
				started.Wait,
			} {
				if err := call(); err != nil {
					return err
				}
			}
		}
	})
}
