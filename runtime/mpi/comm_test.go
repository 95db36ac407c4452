package mpi_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// circle sends each rank's number in the world around c, and checks that c has exactly these ranks of the world, in
// this order.
func circle(world, c *mpi.Comm, members []int) error {
	if c.Size() != len(members) || members[c.Rank()] != world.Rank() {
		return fmt.Errorf("%s: rank %d of %d, want to be in %v", c.Name(), c.Rank(), c.Size(), members)
	}
	for step := range c.Size() {
		to, from := (c.Rank()+step)%c.Size(), (c.Rank()+c.Size()-step)%c.Size()
		got := []int{-1}
		st, err := mpi.Sendrecv(c, []int{world.Rank()}, to, 5, got, from, 5)
		if err != nil {
			return err
		}
		if got[0] != members[from] || st.Source != from {
			return fmt.Errorf("%s: got %d from %d of %v", c.Name(), got[0], st.Source, members)
		}
	}
	return nil
}

// Split with every kind of colour and key, against sorting.
func TestSplitColoursAndKeys(t *testing.T) {
	const n = 6
	for round := range 20 {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		color, key := make([]int, n), make([]int, n)
		for i := range n {
			color[i] = []int{0, 1, 1<<31 - 1, -7, mpi.Undefined}[rng.IntN(5)]
			key[i] = []int{0, 0, 3, -(1 << 31), 1<<31 - 1}[rng.IntN(5)]
		}
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			me := world.Rank()
			c, err := world.Split(color[me], key[me])
			if err != nil {
				return err
			}
			if color[me] == mpi.Undefined {
				if c != nil {
					return fmt.Errorf("colour Undefined got %s", c.Name())
				}
				return nil
			}
			var members []int
			for i := range n {
				if color[i] == color[me] {
					members = append(members, i)
				}
			}
			slices.SortStableFunc(members, func(a, b int) int { return key[a] - key[b] })
			if err := circle(world, c, members); err != nil {
				return fmt.Errorf("colours %v, keys %v: %w", color, key, err)
			}
			// And once more, of what came out.
			d, err := c.Split(0, -c.Rank())
			if err != nil {
				return err
			}
			slices.Reverse(members)
			if err := circle(world, d, members); err != nil {
				return fmt.Errorf("colours %v, keys %v, reversed: %w", color, key, err)
			}
			return errors.Join(d.Free(), c.Free())
		})
	}
}

func TestCreate(t *testing.T) {
	const n = 5
	for _, members := range [][]int{{0, 1, 2, 3, 4}, {3}, {4, 0, 2}, {1, 0}, {}} {
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			c, err := world.Create(world.Group().Incl(members...))
			if err != nil {
				return err
			}
			if !slices.Contains(members, world.Rank()) {
				if c != nil {
					return fmt.Errorf("not in %v, but got a communicator", members)
				}
				return nil
			}
			if err := circle(world, c, members); err != nil {
				return err
			}
			return c.Free()
		})
	}
}

// Messages of a Dup and of its original don't meet, nor do those of two Dups.
func TestDup(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		comms := []*mpi.Comm{world}
		for i := range 3 {
			d, err := comms[i/2].Dup()
			if err != nil {
				return err
			}
			comms = append(comms, d)
		}
		next := (world.Rank() + 1) % 3
		var reqs []mpi.Request
		for i, c := range comms {
			reqs = append(reqs, mpi.Isend(c, []int{i}, next, 1))
		}
		for i := len(comms) - 1; i >= 0; i-- {
			got := []int{-1}
			if _, err := mpi.Recv(comms[i], got, mpi.AnySource, mpi.AnyTag); err != nil {
				return err
			}
			if got[0] != i {
				return fmt.Errorf("a message sent on communicator %d was received on %d", got[0], i)
			}
		}
		if err := mpi.WaitAll(reqs, nil); err != nil {
			return err
		}
		for i, c := range comms[1:] {
			if !c.Group().Equal(world.Group()) || c.Rank() != world.Rank() {
				return fmt.Errorf("dup %d has other ranks", i)
			}
			if err := c.Free(); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestSplitNodeAndNames(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		c, err := world.SplitNode()
		if err != nil {
			return err
		}
		if err := circle(world, c, []int{0, 1, 2}); err != nil {
			return err
		}
		for _, p := range [][2]string{{world.Name(), "world"}, {c.Name(), "world/node"}} {
			if p[0] != p[1] {
				return fmt.Errorf("name %q, want %q", p[0], p[1])
			}
		}
		c.SetName("mine")
		_, err = mpi.Recv(c, []byte{}, mpi.ProcNull, 0)
		if c.Name() != "mine" || err != nil {
			return fmt.Errorf("name %q, %v", c.Name(), err)
		}
		return c.Free()
	})
}

// Communicators can be made and freed without end, and a rank that can lead no more makes the call fail
// on all ranks that it would have led, instead of leaving them waiting.
func TestCommunicatorsRunOut(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		for i := range 20000 {
			c, err := world.Dup()
			if err != nil {
				return fmt.Errorf("after %d: %w", i, err)
			}
			if err := c.Free(); err != nil {
				return err
			}
		}
		return nil
	})
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		var kept []*mpi.Comm
		for {
			c, err := world.Dup()
			if err != nil {
				break
			}
			if kept = append(kept, c); len(kept) > 20000 {
				return errors.New("no end of communicators")
			}
		}
		// Rank 1 can still lead.
		c, err := world.Split(world.Rank(), 0)
		if world.Rank() == 0 && err == nil || world.Rank() == 1 && err != nil {
			return fmt.Errorf("split of single ranks: %v", err)
		}
		if c != nil {
			kept = append(kept, c)
		}
		for _, c := range kept {
			if err := c.Free(); err != nil {
				return err
			}
		}
		if c, err = world.Dup(); err != nil {
			return err
		}
		return circle(world, c, []int{0, 1})
	})
}
