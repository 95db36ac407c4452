package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// sides are two groups of ranks of a world, and some that belong to neither.
var sides = []struct{ a, b []int }{
	{[]int{0}, []int{1}},
	{[]int{1}, []int{0}},
	{[]int{0, 1}, []int{2}},
	{[]int{4, 2, 0}, []int{1, 3}},
	{[]int{3}, []int{5, 4, 2, 1}},
	{[]int{8, 0, 7, 1, 6}, []int{5, 2, 4, 3}},
}

// joined makes an intercommunicator of two groups, and nil for other ranks. It gives the own group and the remote one
// as ranks of the world.
func joined(world *mpi.Comm, a, b []int) (ic *mpi.Intercomm, local, remote []int, err error) {
	color := mpi.Undefined
	local, remote = a, b
	if slices.Contains(a, world.Rank()) {
		color = 1
	} else if slices.Contains(b, world.Rank()) {
		color, local, remote = 2, b, a
	}
	half, err := world.Split(color, slices.Index(local, world.Rank()))
	if err != nil || half == nil {
		return nil, nil, nil, err
	}
	leader := len(local) - 1 // not rank 0, where there is a choice
	var peer *mpi.Comm
	if half.Rank() == leader {
		peer = world
	}
	ic, err = half.Intercomm(leader, peer, remote[len(remote)-1], 5)
	if err != nil {
		return nil, nil, nil, err
	}
	return ic, local, remote, half.Free() // the intercommunicator does not need it any more
}

// checkIntercomm talks to everybody on the other side.
func checkIntercomm(world *mpi.Comm, ic *mpi.Intercomm, local, remote []int) error {
	if ic.Size() != len(local) || ic.RemoteSize() != len(remote) || local[ic.Rank()] != world.Rank() {
		return fmt.Errorf("rank %d of %d, and %d on the other side", ic.Rank(), ic.Size(), ic.RemoteSize())
	}
	if got := ranksOf(ic.Group(), world.Group()); !slices.Equal(got, local) {
		return fmt.Errorf("group %v, want %v", got, local)
	}
	if got := ranksOf(ic.RemoteGroup(), world.Group()); !slices.Equal(got, remote) {
		return fmt.Errorf("remote group %v, want %v", got, remote)
	}
	for tag, n := range []int{1, 20000} {
		var reqs []mpi.Request
		out := make([]int, n)
		out[n-1] = world.Rank()
		for r := range remote {
			reqs = append(reqs, mpi.Isend(ic.Comm, out, r, tag))
		}
		in := make([]int, n)
		heard := make([]bool, len(remote))
		for i := range remote {
			src := mpi.AnySource
			if i%2 == 1 { // whoever has not been heard
				src = slices.Index(heard, false)
			}
			st, err := mpi.Recv(ic.Comm, in, src, tag)
			if err != nil {
				return err
			}
			if st.Source < 0 || st.Source >= len(remote) || heard[st.Source] || in[n-1] != remote[st.Source] || st.Tag != tag || st.Count() != n {
				return fmt.Errorf("received %d with %+v, after %v", in[n-1], st, heard)
			}
			heard[st.Source] = true
		}
		if err := mpi.WaitAll(reqs, nil); err != nil {
			return err
		}
	}
	if got := recovered(func() { mpi.Send(ic.Comm, []int{1}, len(remote), 0) }); got != badRank {
		return fmt.Errorf("Send to rank %d of %d: %v", len(remote), len(remote), got)
	}
	return nil
}

func intercomms(world *mpi.Comm) error {
	for _, s := range sides {
		if world.Size() <= slices.Max(slices.Concat(s.a, s.b)) {
			continue
		}
		ic, local, remote, err := joined(world, s.a, s.b)
		if err != nil {
			return fmt.Errorf("%v: %w", s, err)
		}
		if ic == nil {
			continue
		}
		if err := checkIntercomm(world, ic, local, remote); err != nil {
			return fmt.Errorf("%v: %w", s, err)
		}
		d, err := ic.Dup()
		if err != nil {
			return fmt.Errorf("%v: %w", s, err)
		}
		for _, c := range []*mpi.Intercomm{d, ic.WithContext(context.Background())} {
			if err := checkIntercomm(world, c, local, remote); err != nil {
				return fmt.Errorf("%v: %w", s, err)
			}
		}
		// All that a and b can say.
		inA := &s.a[0] == &local[0]
		for _, high := range [][2]bool{{false, true}, {true, false}, {false, false}, {true, true}} {
			mine := high[1]
			if inA {
				mine = high[0]
			}
			c, err := ic.Merge(mine)
			if err != nil {
				return fmt.Errorf("%v: %w", s, err)
			}
			ab, ba := slices.Concat(s.a, s.b), slices.Concat(s.b, s.a)
			members := ranksOf(c.Group(), world.Group())
			if !slices.Equal(members, ab) && !slices.Equal(members, ba) || high[0] != high[1] && (members[0] == s.b[0]) != high[0] {
				return fmt.Errorf("%v, %v: merged to %v", s, high, members)
			}
			if err := circle(world, c, members); err != nil {
				return fmt.Errorf("%v, %v: %w", s, high, err)
			}
			if err := c.Free(); err != nil {
				return err
			}
		}
		if err := ic.Free(); err != nil {
			return err
		}
		if err := checkIntercomm(world, d, local, remote); err != nil {
			return fmt.Errorf("%v: %w", s, err)
		}
		if err := d.Free(); err != nil {
			return err
		}
	}
	return nil
}

func TestIntercomm(t *testing.T) {
	for _, n := range []int{2, 3, 5, 6, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { mpitest.Run(t, n, intercomms) })
	}
}

func TestIntercommProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 6, intercomms)
}

// Ids come back: intercommunicators can be made and freed without end.
func TestIntercommsDontRunOut(t *testing.T) {
	if testing.Short() {
		t.Skip("makes many communicators")
	}
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		ic, _, _, err := joined(world, []int{1}, []int{0})
		if err != nil {
			return err
		}
		for i := range 17000 {
			d, err := ic.Dup()
			if err != nil {
				return fmt.Errorf("after %d: %w", i, err)
			}
			if err := d.Free(); err != nil {
				return err
			}
		}
		return ic.Free()
	})
}

// Names of three groups in a ring, each with two neighbours, and messages that don't get mixed up.
func TestIntercommRing(t *testing.T) {
	mpitest.Run(t, 6, func(world *mpi.Comm) error {
		me := world.Rank() % 3
		group, err := world.Split(me, 0)
		if err != nil {
			return err
		}
		next, last := (me+1)%3, (me+2)%3
		var ahead, behind *mpi.Intercomm
		join := func(ic **mpi.Intercomm, other, tag int) {
			if err == nil {
				*ic, err = group.Intercomm(0, world, other, tag)
			}
		}
		if me == 0 { // the edges 0-1, 1-2 and 2-0, in an order without a circle
			join(&ahead, next, 0)
			join(&behind, last, 2)
		} else {
			join(&behind, last, last)
			join(&ahead, next, me)
		}
		if err != nil {
			return err
		}
		got := []int{0}
		out := mpi.Isend(ahead.Comm, []int{me}, group.Rank(), 0)
		if _, err := mpi.Recv(behind.Comm, got, mpi.AnySource, 0); err != nil || got[0] != last {
			return fmt.Errorf("%d from behind, %v", got[0], err)
		}
		_, err = out.Wait()
		return err
	})
}

// A dead leader, or one that is not there in time, is an error on every rank of the group.
func TestIntercommDead(t *testing.T) {
	dead := errors.New("this rank plays dead")
	ready := make(chan struct{}, 9)
	for _, victim := range []int{2, 0} { // the remote leader, and the own
		err := mpi.RunLocal(4, func(world *mpi.Comm) error {
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			half, err := world.WithContext(ctx).Split(world.Rank()/2, 0)
			if err != nil {
				return err
			}
			if world.Rank() == victim {
				for range 3 {
					<-ready
				}
				return dead
			}
			ready <- struct{}{}
			if world.Rank() >= 2 {
				return nil
			}
			ic, err := half.Intercomm(0, world.WithContext(ctx), 2, 0)
			if ic != nil || !errors.Is(err, mpi.ErrRankFailed) || !strings.Contains(err.Error(), "mpi: Intercomm on world/0: ") {
				return fmt.Errorf("rank %d: %v", world.Rank(), err)
			}
			return nil
		}, mpi.WithFaults(mpi.Return))
		if want := fmt.Sprintf("rank %d: %v", victim, dead); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Death in the remote group concerns receives from any of its ranks; in the own group it does not.
func TestIntercommFaults(t *testing.T) {
	dead := errors.New("this rank plays dead")
	ready := make(chan struct{}, 9)
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		ic, _, _, err := joined(world, []int{0, 1}, []int{2, 3})
		if err != nil {
			return err
		}
		if world.Rank() == 1 {
			for range 3 {
				<-ready
			}
			return dead
		}
		ready <- struct{}{}
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		c := ic.Comm.WithContext(ctx)
		if world.Rank() == 0 {
			st, err := mpi.Recv(c, []int{0}, mpi.AnySource, 1)
			if err != nil {
				return err
			}
			_, err = mpi.Recv(c, []int{0}, 1-st.Source, 1)
			return err
		}
		if _, err = mpi.Recv(c, []int{0}, mpi.AnySource, 1); !errors.Is(err, mpi.ErrRankFailed) || !strings.Contains(err.Error(), "from rank 1,") {
			return fmt.Errorf("rank %d: %v", world.Rank(), err)
		}
		if got := ic.Failed(); !slices.Equal(got, []int{1}) {
			return fmt.Errorf("failed: %v", got)
		}
		return mpi.Send(c, []int{1}, 0, 1)
	}, mpi.WithFaults(mpi.Return))
	if want := fmt.Sprintf("rank 1: %v", dead); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Revoke reaches both groups.
func TestIntercommRevoke(t *testing.T) {
	mpitest.Run(t, 4, func(world *mpi.Comm) error {
		ic, _, _, err := joined(world, []int{3, 0}, []int{1, 2})
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			if err := ic.Revoke(); err != nil {
				return err
			}
		}
		if _, err := mpi.Recv(ic.Comm, []int{0}, 0, 0); !errors.Is(err, mpi.ErrRevoked) {
			return fmt.Errorf("rank %d: %v", world.Rank(), err)
		}
		return nil
	})
}

const (
	inter   = "mpi: not for an intercommunicator"
	noPeer  = "mpi: the leader needs a communicator with the remote leader"
	overlay = "mpi: the groups of an intercommunicator have a rank in common"
)

// intercommMisuse is what takes two ranks to do wrong.
var intercommMisuse = []string{inter, noPeer, overlay}

func TestIntercommMisuse(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		ic, _, _, err := joined(world, []int{0}, []int{1})
		if err != nil {
			return err
		}
		half, err := world.Split(world.Rank(), 0)
		if err != nil {
			return err
		}
		other := 1 - world.Rank()
		for _, k := range []struct {
			name, want string
			do         func()
		}{
			{"Split", inter, func() { ic.Split(0, 0) }},
			{"Comm.Dup", inter, func() { ic.Comm.Dup() }},
			{"SplitNode", inter, func() { ic.SplitNode() }},
			{"Create", inter, func() { ic.Create(ic.Group()) }},
			{"Cart", inter, func() { ic.Cart([]int{1}, nil, false) }},
			{"Graph", inter, func() { ic.Graph(nil, false) }},
			{"GraphAdjacent", inter, func() { ic.GraphAdjacent(nil, nil, false) }},
			{"Intercomm", inter, func() { ic.Intercomm(0, world, other, 0) }},
			{"no peer", noPeer, func() { half.Intercomm(0, nil, other, 0) }},
			{"peer of two groups", noPeer, func() { half.Intercomm(0, ic.Comm, 0, 0) }},
			{"leader", badRank, func() { half.Intercomm(1, world, other, 0) }},
			{"remote leader", badRank, func() { half.Intercomm(0, world, 2, 0) }},
			{"tag", badTag, func() { half.Intercomm(0, world, other, -1) }},
			{"overlay", overlay, func() { world.Intercomm(world.Rank(), world, other, 0) }},
			{"Dup of a freed", freed, func() { d, _ := ic.Dup(); d.Free(); d.Dup() }},
			{"Merge of a freed", freed, func() { d, _ := ic.Dup(); d.Free(); d.Merge(true) }},
		} {
			if got := recovered(k.do); got != k.want {
				t.Errorf("%s: %v, want %s", k.name, got, k.want)
			}
		}
		return nil
	})
}
