package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// TestRevokeFull: rank 1 revokes and ends without having looked at what rank 0 has sent, more than its channel holds. Rank 0
// must neither wait for room nor stay in Finalize.
func TestRevokeFull(t *testing.T) {
	for _, bytes := range []int{8, 3000, 20000, 32 << 10, 40000, 1 << 20} {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) {
			var full atomic.Bool
			err := mpi.RunLocal(2, func(world *mpi.Comm) error {
				c, err := world.Dup()
				if err != nil {
					return err
				}
				if c.Rank() == 1 {
					for !full.Load() {
						runtime.Gosched()
					}
					return c.Revoke()
				}
				ctx, stop := context.WithTimeout(context.Background(), time.Minute)
				defer stop()
				buf := make([]byte, bytes)
				reqs := make([]mpi.Request, 2000)
				for i := range reqs {
					reqs[i] = mpi.Isend(c.WithContext(ctx), buf, 1, 1)
				}
				full.Store(true)
				var last error
				for i := range reqs {
					if _, err := reqs[i].Wait(); err != nil {
						last = err
					}
				}
				if !errors.Is(last, mpi.ErrRevoked) {
					return fmt.Errorf("%w, want %w", last, mpi.ErrRevoked)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
