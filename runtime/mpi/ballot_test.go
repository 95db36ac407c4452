package mpi_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// meet returns when all ranks of c have called it.
func meet(c *mpi.Comm) error {
	for d := 1; d < c.Size(); d *= 2 {
		if _, err := mpi.Sendrecv(c, []byte{}, (c.Rank()+d)%c.Size(), 1, []byte{}, (c.Rank()-d+c.Size())%c.Size(), 1); err != nil {
			return err
		}
	}
	return nil
}

// makers are ways to make communicators of c, and what they are freed with.
func makers(c *mpi.Comm) error {
	d, err := c.Dup()
	if err != nil {
		return err
	}
	s, err := d.Split(c.Rank()%2, -c.Rank())
	if err != nil {
		return err
	}
	u, err := s.Dup()
	if err != nil {
		return err
	}
	color := 0
	if c.Rank() == 0 {
		color = mpi.Undefined
	}
	v, err := c.Split(color, 0)
	if err != nil {
		return err
	}
	if v != nil {
		err = v.Free()
	}
	return errors.Join(err, s.Free(), u.Free(), d.Free())
}

// TestSetupLeavesNothing: communicators that were freed leave no memory behind, neither shared nor Go's, and use few of the blocks.
func TestSetupLeavesNothing(t *testing.T) {
	for _, run := range []func(testing.TB, int, func(*mpi.Comm) error, ...mpi.Option){mpitest.Run, mpitest.RunProcesses} {
		t.Run("", func(t *testing.T) {
			run(t, 5, func(c *mpi.Comm) error {
				var shared, private [3]uint64
				for i := range shared {
					for range 300 {
						if err := makers(c); err != nil {
							return err
						}
					}
					if err := meet(c); err != nil {
						return err
					}
					h, err := c.Engine().Heap()
					if err != nil {
						return err
					}
					if _, err := h.Reclaim(); err != nil {
						return err
					}
					shared[i] = h.Stats().Capacity
					if err := meet(c); err != nil { // everybody's arena is there
						return err
					}
					if c.Rank() == 0 {
						runtime.GC()
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						private[i] = m.HeapAlloc
					}
					if err := meet(c); err != nil { // nobody makes anything while rank 0 counts
						return err
					}
				}
				if shared[2] > shared[0] {
					return fmt.Errorf("rank %d: shared memory grows: %d bytes", c.Rank(), shared)
				}
				if private[2] > private[0]+1<<20 { // of 2400 communicators
					return fmt.Errorf("the heap grows: %d bytes", private)
				}
				d, err := c.Dup()
				if err != nil {
					return err
				}
				if b := mpi.BlockOf(d); b < 0 || b > 64 {
					return fmt.Errorf("after 3600 communicators, one has block %d", b)
				}
				return d.Free()
			})
		})
	}
}

// TestBlockIsLeft: the words of a communicator serve no other before its last rank has left it.
func TestBlockIsLeft(t *testing.T) {
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		d, err := c.Dup()
		if err != nil {
			return err
		}
		words := mpi.BlockOf(d)
		if c.Rank() != 1 {
			if err := d.Free(); err != nil {
				return err
			}
		}
		dup := func(want bool) error {
			found := false
			for range 20 {
				e, err := c.Dup()
				if err != nil {
					return err
				}
				found = found || mpi.BlockOf(e) == words
				if err := e.Free(); err != nil {
					return err
				}
				if err := meet(c); err != nil {
					return err
				}
			}
			if found != want {
				return fmt.Errorf("block %d serves again: %v, want %v", words, found, want)
			}
			return nil
		}
		if err := dup(false); err != nil {
			return err
		}
		if c.Rank() == 1 {
			if err := d.Free(); err != nil {
				return err
			}
		}
		if err := meet(c); err != nil {
			return err
		}
		return dup(true)
	})
}

// TestSetupAtOnce: goroutines of the same ranks make communicators of different ones at the same time.
func TestSetupAtOnce(t *testing.T) {
	mpitest.Run(t, 4, func(c *mpi.Comm) error {
		const lines = 4
		var from [lines]*mpi.Comm
		for i := range from {
			var err error
			if from[i], err = c.Dup(); err != nil {
				return err
			}
		}
		var errs [lines]error
		var all sync.WaitGroup
		for i, f := range from {
			all.Go(func() {
				for range 100 {
					s, err := f.Split(c.Rank()/2, i*c.Rank())
					if err == nil {
						err = circle(c, s, []int{c.Rank() / 2 * 2, c.Rank()/2*2 + 1})
					}
					if err == nil {
						err = s.Free()
					}
					if err != nil {
						errs[i] = err
						return
					}
				}
			})
		}
		all.Wait()
		return errors.Join(errs[:]...)
	})
}

// TestSetupOnNodes: communicators across nodes, of a node, and of a part of one.
func TestSetupOnNodes(t *testing.T) {
	for _, placement := range []string{"2x3", "3+1+2", "0,1,0,1,1,0"} {
		t.Run(placement, func(t *testing.T) {
			mpitest.RunTopo(t, placement, func(c *mpi.Comm) error {
				for range 20 {
					near, err := c.SplitNode()
					if err != nil {
						return err
					}
					here := c.Nodes().LocalRanks(c.Nodes().NodeOf(c.Rank()))
					far, err := c.Split(near.Rank(), -c.Rank())
					if err != nil {
						return err
					}
					back, err := near.Split(0, -near.Rank())
					if err != nil {
						return err
					}
					again, err := back.Dup()
					if err != nil {
						return err
					}
					order := slices.Clone(here)
					slices.Reverse(order)
					if err := errors.Join(circle(c, near, here), circle(c, back, order), circle(c, again, order)); err != nil {
						return err
					}
					if (mpi.BlockOf(again) >= 0) != again.HasPlaces() || far.HasPlaces() != (far.Size() == 1) {
						return fmt.Errorf("shared words: %v on one node, %v on %d", again.HasPlaces(), far.HasPlaces(), far.Size())
					}
					if err := errors.Join(near.Free(), far.Free(), back.Free(), again.Free()); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// TestSetupRevoked: who waits for a rank that revokes the communicator gets an error, and so does the next call. Others can be made.
func TestSetupRevoked(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		for range 10 {
			c, err := world.Dup()
			if err != nil {
				return err
			}
			if c.Rank() == 1 {
				err = c.Revoke()
			} else if d, bad := c.Dup(); d != nil || !errors.Is(bad, mpi.ErrRevoked) {
				err = fmt.Errorf("Dup: %v, want %v", bad, mpi.ErrRevoked)
			}
			if err != nil {
				return err
			}
			if _, err := c.Split(0, 0); !errors.Is(err, mpi.ErrRevoked) {
				return fmt.Errorf("Split: %v, want %v", err, mpi.ErrRevoked)
			}
			if err := c.Free(); err != nil {
				return err
			}
		}
		return makers(world)
	})
}

// TestSetupCorrupt: nobody believes a vote that its rank can't have cast.
func TestSetupCorrupt(t *testing.T) {
	err := mpi.RunLocal(2, func(world *mpi.Comm) error {
		if world.Rank() == 1 {
			_, err := mpi.Recv(world, []byte{0}, 0, 0)
			return err
		}
		mpi.SpoilBallot(world)
		_, err := world.Dup()
		if !errors.Is(err, mpi.ErrCorrupt) {
			return fmt.Errorf("Dup: %v, want %v", err, mpi.ErrCorrupt)
		}
		if _, again := world.Split(0, 0); !errors.Is(again, mpi.ErrCorrupt) {
			return fmt.Errorf("Split: %v, want %v", again, mpi.ErrCorrupt)
		}
		return mpi.Send(world, []byte{0}, 1, 0)
	})
	if err != nil {
		t.Error(err)
	}
}
