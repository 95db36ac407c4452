package collective_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// pairs are calls of which no two fit together.
var pairs = map[string]func(c *mpi.Comm) error{
	"Barrier": collective.Barrier,
	"Bcast":   func(c *mpi.Comm) error { return collective.Bcast(c, make([]int64, 1), 0) },
	"Reduce": func(c *mpi.Comm) error {
		return collective.Reduce(c, make([]int64, 1), make([]int64, 1), collective.Sum, 0)
	},
	"Allreduce": func(c *mpi.Comm) error {
		return collective.Allreduce(c, make([]int64, 1), make([]int64, 1), collective.Sum)
	},
	"Gather":    func(c *mpi.Comm) error { return collective.Gather(c, make([]int64, 4), make([]int64, 1), 0) },
	"Scatter":   func(c *mpi.Comm) error { return collective.Scatter(c, make([]int64, 1), make([]int64, 4), 0) },
	"Allgather": func(c *mpi.Comm) error { return collective.Allgather(c, make([]int64, 4), make([]int64, 1)) },
	"Alltoall":  func(c *mpi.Comm) error { return collective.Alltoall(c, make([]int64, 4), make([]int64, 4)) },
	"ReduceScatterBlock": func(c *mpi.Comm) error {
		return collective.ReduceScatterBlock(c, make([]int64, 1), make([]int64, 4), collective.Sum)
	},
	"Scan": func(c *mpi.Comm) error { return collective.Scan(c, make([]int64, 1), make([]int64, 1), collective.Sum) },
	"Exscan": func(c *mpi.Comm) error {
		return collective.Exscan(c, make([]int64, 1), make([]int64, 1), collective.Sum)
	},
	"Ibarrier": func(c *mpi.Comm) error { return waitFor(collective.Ibarrier(c)) },
}

// TestCheckedPairs has one rank on two nodes make another call than the others. Without the check that is an error where a
// message of another call arrives, and a wait for ever where none does: a rank in Gather sends, and is done, and who waits for
// it in Bcast can't know. With it every rank gets an error that names both.
func TestCheckedPairs(t *testing.T) {
	for usual, f := range pairs {
		odd := 0
		for other, g := range pairs {
			if usual == other {
				continue
			}
			odd = (odd + 1) % 4
			mpitest.RunTopo(t, "2x2", func(c *mpi.Comm) error {
				ctx, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				call := f
				if c.Rank() == odd {
					call = g
				}
				err := call(c.WithContext(ctx))
				if !errors.Is(err, collective.ErrMismatch) || !strings.Contains(err.Error(), " "+usual) || !strings.Contains(err.Error(), " "+other) {
					return fmt.Errorf("%s, and %s on rank %d: %w", usual, other, odd, err)
				}
				return nil
			}, mpi.WithCheck())
		}
	}
}
