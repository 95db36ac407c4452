package collective_test

import (
	"fmt"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// While the sum of one step is on its way, the next step is computed.
func ExampleIallreduce() {
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		step := func(i int) []int { return []int{i * world.Rank(), i} }
		var sums [3][2]int
		var reqs []*collective.Request
		for i := range sums {
			part := step(i + 1)
			r, err := collective.Iallreduce(world, sums[i][:], part, collective.Sum)
			if err != nil {
				return err
			}
			reqs = append(reqs, r)
		}
		if err := collective.WaitAll(reqs...); err != nil {
			return err
		}
		if world.Rank() == 3 {
			fmt.Println(sums)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: [[6 4] [12 8] [18 12]]
}

// An operation that is done in every step is prepared once.
func ExampleRequest_Start() {
	err := mpi.RunLocal(2, func(world *mpi.Comm) error {
		x, largest := make([]float64, 1), make([]float64, 1)
		r, err := collective.AllreduceInit(world, largest, x, collective.Max)
		if err != nil {
			return err
		}
		for i := range 3 {
			x[0] = float64((i + 1) * (world.Rank() + 1))
			r.Start()
			// ... what needs neither x nor largest
			if err := r.Wait(); err != nil {
				return err
			}
			if world.Rank() == 0 {
				fmt.Println(largest[0])
			}
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2
	// 4
	// 6
}
