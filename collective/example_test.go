package collective_test

import (
	"fmt"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Every rank works on its piece of root's data, and all learn the total.
func Example() {
	err := mpi.RunLocal(3, func(world *mpi.Comm) error {
		const root = 0
		var numbers []float64
		if world.Rank() == root {
			numbers = []float64{1, 2, 3, 4, 5, 6}
		}
		mine := make([]float64, 2)
		if err := collective.Scatter(world, mine, numbers, root); err != nil {
			return err
		}
		sum := []float64{mine[0]*mine[0] + mine[1]*mine[1]}
		if err := collective.Allreduce(world, sum, sum, collective.Sum); err != nil { // in place
			return err
		}
		if world.Rank() == 2 {
			fmt.Println(sum[0])
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: 91
}

// An operation of one's own, on a type of one's own: the place of the largest value.
func ExampleAllreduceFunc() {
	type best struct {
		score float64
		rank  int
	}
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		r := world.Rank()
		b := []best{{float64(r * (5 - r)), r}}
		err := collective.AllreduceFunc(world, b, b, func(acc, x best) best {
			if x.score > acc.score {
				return x
			}
			return acc // the first of equals
		})
		if err == nil && r == 0 {
			fmt.Println(b[0])
		}
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: {6 2}
}
