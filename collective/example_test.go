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

// The least value, and the rank that has it.
func ExampleLoc() {
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		r := world.Rank()
		least := []collective.Loc[float64]{{Value: float64((r - 2) * (r - 2)), Index: r}}
		err := collective.Allreduce(world, least, least, collective.MinLoc)
		if err == nil && r == 0 {
			fmt.Println(least[0])
		}
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: {0 2}
}

// The same numbers on 1, 2, 3 and 4 ranks: plain sums differ, these don't.
func ExampleAccumulator() {
	numbers := []float64{1e10, 0.1, 0.2, 0.3, -1e10, 0.4, 0.5, 0.6}
	for n := 1; n <= 4; n++ {
		err := mpi.RunLocal(n, func(world *mpi.Comm) error {
			var mine collective.Accumulator
			for i := world.Rank(); i < len(numbers); i += n {
				mine.Add(numbers[i])
			}
			sum := []collective.Accumulator{mine}
			err := collective.Allreduce(world, sum, sum, collective.SumReproducible)
			if err == nil && world.Rank() == 0 {
				fmt.Println(sum[0].Float64())
			}
			return err
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 2.1
	// 2.1
	// 2.1
	// 2.1
}

// Every rank has some lines, and learns where the first of them stands among all.
func ExampleExscan() {
	err := mpi.RunLocal(3, func(world *mpi.Comm) error {
		lines := []int{10 * (world.Rank() + 1)}
		first := []int{0} // rank 0's stays
		if err := collective.Exscan(world, first, lines, collective.Sum); err != nil {
			return err
		}
		all := make([]int, world.Size())
		if err := collective.Allgather(world, all, first); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println(all)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: [0 10 30]
}

// Ranks hand numbers to those who are to have them. They tell each other first how many will come.
func ExampleAlltoallv() {
	err := mpi.RunLocal(3, func(world *mpi.Comm) error {
		n, r := world.Size(), world.Rank()
		var send []int // number x goes to rank x%n
		sendCounts := make([]int, n)
		for to := range n {
			for x := 10 * r; x < 10*r+4; x++ {
				if x%n == to {
					send = append(send, x)
					sendCounts[to]++
				}
			}
		}
		recvCounts := make([]int, n)
		if err := collective.Alltoall(world, recvCounts, sendCounts); err != nil {
			return err
		}
		total := 0
		for _, k := range recvCounts {
			total += k
		}
		recv := make([]int, total)
		if err := collective.Alltoallv(world, recv, recvCounts, nil, send, sendCounts, nil); err != nil {
			return err
		}
		if r == 1 {
			fmt.Println(recv)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: [1 10 13 22]
}

// Each rank of a ring of four tells both neighbours its number.
func ExampleNeighborAllgather() {
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		ring, err := world.Cart([]int{4}, []bool{true}, false)
		if err != nil {
			return err
		}
		near := make([]int, 2)
		if err := collective.NeighborAllgather(ring, near, []int{ring.Rank()}); err != nil {
			return err
		}
		if ring.Rank() == 0 {
			fmt.Println("rank 0 is between", near[0], "and", near[1])
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: rank 0 is between 3 and 1
}
