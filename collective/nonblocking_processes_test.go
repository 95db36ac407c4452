package collective_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestStartedProcesses is TestManyStarted with ranks that are processes.
func TestStartedProcesses(t *testing.T) {
	for _, procs := range []string{"1", "2"} {
		for _, n := range []int{2, 5} {
			t.Run(fmt.Sprintf("GOMAXPROCS=%s/%d", procs, n), func(t *testing.T) {
				t.Setenv("GOMAXPROCS", procs)
				mpitest.RunProcesses(t, n, func(world *mpi.Comm) error { return manyStarted(world, 4) })
			})
		}
	}
}

// TestOverlapProcesses: the last rank computes, without a call, until the others have their results, which they tell by files.
func TestOverlapProcesses(t *testing.T) {
	const env = "COLLECTIVE_TEST_RESULTS"
	for _, procs := range []string{"1", "2"} {
		t.Run("GOMAXPROCS="+procs, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", procs)
			if os.Getenv(env) == "" {
				t.Setenv(env, t.TempDir())
			}
			mpitest.RunProcesses(t, 3, func(c *mpi.Comm) error {
				sum := make([]int, 10)
				r, err := collective.Iallreduce(c, sum, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, collective.Sum)
				if err != nil {
					return err
				}
				file := func(rank int) string { return filepath.Join(os.Getenv(env), fmt.Sprint(rank)) }
				if c.Rank() == 2 {
					for rank := range 2 {
						for _, err := os.Stat(file(rank)); err != nil; _, err = os.Stat(file(rank)) {
							compute()
						}
					}
				}
				if err := r.Wait(); err != nil {
					return err
				}
				if sum[9] != 27 {
					return fmt.Errorf("sum %v", sum)
				}
				return os.WriteFile(file(c.Rank()), nil, 0o600)
			})
		})
	}
}

var result float64

// compute is about a millisecond of work.
func compute() {
	x := 1.0
	for range 1 << 18 {
		x = x*0.999 + 0.5
	}
	result = x
}
