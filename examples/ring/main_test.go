package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

func TestRing(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var out bytes.Buffer // rank 0 alone writes
			mpitest.Run(t, n, func(world *mpi.Comm) error {
				return run(world, config{laps: 10, out: &out})
			})
			if want := fmt.Sprintf("%d hops", 10*n); !strings.Contains(out.String(), want) {
				t.Errorf("%q, want %q in it", &out, want)
			}
		})
	}
}

func TestRingRefusesNoLaps(t *testing.T) {
	err := mpi.RunLocal(1, func(world *mpi.Comm) error { return run(world, config{}) })
	if err == nil || !strings.Contains(err.Error(), "-laps 0") {
		t.Errorf("error %v, want one that names -laps 0", err)
	}
}
