package collective

import (
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestSetupLeavesNoBoard: whatever is done with communicators before they are freed, their boards come back.
func TestSetupLeavesNoBoard(t *testing.T) {
	uses := map[string]func(c *mpi.Comm) error{
		"nothing": func(*mpi.Comm) error { return nil },
		"barrier": Barrier,
		"nonblocking": func(c *mpi.Comm) error {
			r, err := Ibarrier(c)
			if err != nil {
				return err
			}
			return r.Wait()
		},
		"both": func(c *mpi.Comm) error {
			r, err := Ibarrier(c)
			if err != nil {
				return err
			}
			if err := Barrier(c); err != nil {
				return err
			}
			return r.Wait()
		},
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			mpitest.RunProcesses(t, 3, func(world *mpi.Comm) error {
				if err := Barrier(world); err != nil {
					return err
				}
				h, err := world.Engine().Heap()
				if err != nil {
					return err
				}
				var first uint64
				for i := range 30 {
					c, err := world.Dup()
					if err != nil {
						return err
					}
					s, err := c.Split(world.Rank()%2, 0)
					if err != nil {
						return err
					}
					for _, d := range []*mpi.Comm{s, c} {
						if err := use(d); err != nil {
							return err
						}
						if err := d.Free(); err != nil {
							return err
						}
					}
					if err := Barrier(world); err != nil {
						return err
					}
					if _, err := h.Reclaim(); err != nil {
						return err
					}
					if n := h.Stats().Capacity; i == 0 {
						first = n
					} else if n != first {
						return fmt.Errorf("rank %d: %d bytes are in use after %d communicators, %d after the first", world.Rank(), n, i+1, first)
					}
					if err := Barrier(world); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}
