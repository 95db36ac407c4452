package collective_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// inParts are placements and ways in which collectives are done in parts.
func inParts(t *testing.T, fn func(t *testing.T, at string, n int)) {
	places := map[string]int{"2x3": 6, "3+2+1": 6, "0,1,0,1": 4}
	switch {
	case os.Getenv("GOLAUNCH_LONG") != "":
		places = map[string]int{"2x4": 8, "3x2": 6, "4+2+1": 7, "0,1,0,1": 4, "0,1,2,2,1,0,1": 7}
	case invariants.Enabled || testing.Short():
		places = map[string]int{"2x2": 4}
	}
	for at, n := range places {
		for _, way := range []string{
			"barrier:leaders,bcast:leaders,reduce:leaders,allreduce:leaders,allgather:leaders",
			"bcast:slices,reduce:slices,allreduce:slices,allgather:slices",
		} {
			t.Run(at+"/"+way, func(t *testing.T) {
				t.Setenv(tune.Variable, way)
				fn(t, at, n)
			})
		}
	}
}

// TestNodesDead is TestForcedDead on several nodes: the dead rank is a head or not, a lane or not.
func TestNodesDead(t *testing.T) {
	inParts(t, func(t *testing.T, at string, n int) {
		for dead := range n {
			withDead(t, n, dead, func(c *mpi.Comm) error { return afterDeath(c, n, dead) }, mpi.WithNodes(at))
		}
	})
}

// A rank dies between two calls of a long row of them. Who finds out revokes the communicator, and nobody hangs.
func TestNodesDeathUnderWay(t *testing.T) {
	inParts(t, func(t *testing.T, at string, n int) {
		for dead := range n {
			err := mpi.RunLocal(n, func(c *mpi.Comm) error {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				c = c.WithContext(ctx)
				x, long := make([]byte, 10000), make([]byte, n*10000)
				for round := 0; ; round++ {
					if c.Rank() == dead && round == 3+dead {
						return errDead
					}
					err := collective.Allreduce(c, x, x, collective.Max)
					if err == nil {
						err = collective.Bcast(c, x, round%n)
					}
					if err == nil {
						err = collective.Allgather(c, long, x)
					}
					if err == nil {
						continue
					}
					c.Revoke()
					if !errors.Is(err, mpi.ErrRankFailed) && !errors.Is(err, mpi.ErrRevoked) && !errors.Is(err, collective.ErrGaveUp) {
						return fmt.Errorf("rank %d: %w", c.Rank(), err)
					}
					return nil
				}
			}, mpi.WithFaults(mpi.Return), mpi.WithNodes(at))
			if want := fmt.Sprintf("rank %d: %v", dead, errDead); err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
}

// A rank comes with another length. Somebody says so before the deadline.
func TestNodesMismatch(t *testing.T) {
	inParts(t, func(t *testing.T, at string, n int) {
		for odd := range n {
			err := mpi.RunLocal(n, func(c *mpi.Comm) error {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				x := make([]int, 100)
				if c.Rank() == odd {
					x = x[:99]
				}
				return collective.Allreduce(c.WithContext(ctx), x, x, collective.Sum)
			}, mpi.WithNodes(at))
			if !errors.Is(err, collective.ErrMismatch) && !errors.Is(err, collective.ErrGaveUp) {
				t.Errorf("rank %d with another length: %v", odd, err)
			}
		}
	})
}

// The nodes come with different lengths. Everybody gets an error: heads and lanes from between the nodes, the others from them.
func TestNodesDisagree(t *testing.T) {
	for _, way := range []string{"allreduce:leaders", "allreduce:slices", "allgather:leaders", "allgather:slices"} {
		for _, started := range []bool{false, true} {
			t.Setenv(tune.Variable, way)
			mpitest.RunTopo(t, "2x3", func(c *mpi.Comm) error {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				c = c.WithContext(ctx)
				x := make([]int64, 300+3*(c.Rank()/3))
				long := make([]int64, c.Size()*len(x))
				var r *collective.Request
				var err error
				switch gather := strings.HasPrefix(way, "allg"); {
				case gather && started:
					r, err = collective.Iallgather(c, long, x)
				case gather:
					err = collective.Allgather(c, long, x)
				case started:
					r, err = collective.Iallreduce(c, x, x, collective.Sum)
				default:
					err = collective.Allreduce(c, x, x, collective.Sum)
				}
				if r != nil {
					err = r.Wait()
				}
				if !errors.Is(err, collective.ErrMismatch) && !errors.Is(err, collective.ErrGaveUp) {
					return fmt.Errorf("rank %d by %s, started %v: %w", c.Rank(), way, started, err)
				}
				return nil
			})
		}
	}
}

// The culprit is named by its rank in the communicator, however far away it is.
func TestNodesCulprit(t *testing.T) {
	const n, dead = 6, 4
	for _, alg := range []string{"leaders", "slices"} {
		t.Setenv(tune.Variable, "allreduce:"+alg)
		withDead(t, n, dead, func(c *mpi.Comm) error {
			x := make([]int, 100)
			err := collective.Allreduce(c, x, x, collective.Sum)
			if err == nil || !strings.Contains(err.Error(), "rank 4: ") {
				return fmt.Errorf("by %s: %w, want rank 4", alg, err)
			}
			return nil
		}, mpi.WithNodes("2x3"))
	}
}
