package main

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// estimate runs the program on n ranks.
func estimate(t *testing.T, n int, cfg config) float64 {
	t.Helper()
	var pi float64
	mpitest.Run(t, n, func(world *mpi.Comm) error {
		got, err := run(world, cfg)
		if world.Rank() == 0 {
			pi = got
		}
		return err
	})
	return pi
}

// Every number of ranks gives the same estimate, bit for bit, also when a batch is
// cut short and when there are fewer batches than ranks.
func TestSameOnAnyNumberOfRanks(t *testing.T) {
	for _, darts := range []int{1, 1000, 3*batch + 7, 8 * batch} {
		cfg := config{darts: darts, seed: 1, out: io.Discard}
		want := estimate(t, 1, cfg)
		for _, n := range []int{2, 3, 5} {
			t.Run(fmt.Sprint(darts, " darts, ", n, " ranks"), func(t *testing.T) {
				if got := estimate(t, n, cfg); got != want {
					t.Errorf("got %v, one rank got %v", got, want)
				}
			})
		}
	}
}

// The seed matters, so the test above compares more than constants.
func TestSeed(t *testing.T) {
	a := estimate(t, 2, config{darts: batch, seed: 1, out: io.Discard})
	b := estimate(t, 2, config{darts: batch, seed: 2, out: io.Discard})
	if a == b {
		t.Errorf("two seeds give %v", a)
	}
}

func TestRefusesNoDarts(t *testing.T) {
	err := mpi.RunLocal(2, func(world *mpi.Comm) error {
		_, err := run(world, config{out: io.Discard})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "-darts 0") {
		t.Errorf("error %v, want one that names -darts 0", err)
	}
}
