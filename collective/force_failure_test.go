package collective_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// TestForcedDead is TestDeadRank for algorithms with plans. Who may get its result without the dead rank depends on the
// algorithm: it is right, or there is an error that names the dead rank. In any case the living stay in step.
func TestForcedDead(t *testing.T) {
	worlds := []int{2, 5}
	switch {
	case os.Getenv("GOLAUNCH_LONG") != "":
		worlds = []int{2, 3, 4, 5, 7, 8, 13}
	case invariants.Enabled || testing.Short():
		worlds = []int{3}
	}
	for _, force := range []string{
		"bcast:binomial,reduce:binomial,allreduce:doubling,gather:linear,scatter:linear,allgather:ring,barrier:dissemination",
		"bcast:scatter-allgather,reduce:rabenseifner,allreduce:rabenseifner,gather:binomial,scatter:binomial,allgather:doubling",
		"bcast:chain,allreduce:ring,allgather:bruck",
	} {
		t.Setenv(tune.Variable, force)
		for _, n := range worlds {
			for dead := range n {
				t.Run(fmt.Sprintf("%s/%d of %d", force, dead, n), func(t *testing.T) {
					withDead(t, n, dead, func(c *mpi.Comm) error { return afterDeath(c, n, dead) })
				})
			}
		}
	}
}

func afterDeath(c *mpi.Comm, n, dead int) error {
	me := c.Rank()
	for _, k := range []int{0, 10, 40000} {
		mine, sum := pattern(me, k), make([]byte, k)
		for r := range n {
			for i, x := range pattern(r, k) {
				sum[i] += x
			}
		}
		// check wants a right result or an error, and if must, an error.
		check := func(what string, err error, must bool, got, want []byte) error {
			if wrong := outcome(what, err, must, dead); wrong != nil || err != nil {
				return wrong
			}
			return differ(what, got, want)
		}
		for _, root := range []int{dead, (dead + 1) % n, (dead + n/2) % n} {
			buf, long := make([]byte, k), make([]byte, n*k)
			if me == root {
				copy(buf, mine)
			}
			if err := check("Bcast", collective.Bcast(c, buf, root), root == dead, buf, pattern(root, k)); err != nil {
				return err
			}
			if err := check("Reduce", collective.Reduce(c, buf, mine, collective.Sum, root), me == root, nil, nil); err != nil {
				return err
			}
			if err := check("Gather", collective.Gather(c, long, mine, root), me == root, nil, nil); err != nil {
				return err
			}
			if err := check("Scatter", collective.Scatter(c, buf, all(n, k), root), root == dead, buf, mine); err != nil {
				return err
			}
			if err := check("Allreduce", collective.Allreduce(c, buf, mine, collective.Sum), true, nil, nil); err != nil {
				return err
			}
			if err := check("Allgather", collective.Allgather(c, long, mine), true, nil, nil); err != nil {
				return err
			}
			if err := check("Barrier", collective.Barrier(c), true, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Ranks that come with different lengths find out; nobody hangs.
func TestForcedMismatch(t *testing.T) {
	for _, alg := range plan.Algorithms(plan.Allreduce) {
		t.Setenv(tune.Variable, "allreduce:"+alg)
		err := mpi.RunLocal(2, func(c *mpi.Comm) error {
			x := make([]int, 100+c.Rank())
			return collective.Allreduce(c, x, x, collective.Sum)
		})
		if err == nil {
			t.Errorf("%s: no error", alg)
		}
	}
}
