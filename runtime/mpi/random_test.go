package mpi_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// long is set for the runs that take their time.
var long = os.Getenv("GOLAUNCH_LONG") != ""

// Random programs, compared with what each receive must bring.
func TestRandomPrograms(t *testing.T) {
	rounds, steps := 25, 60
	switch {
	case long:
		rounds = 1000
	case testing.Short() || invariants.Enabled:
		rounds, steps = 8, 40
	}
	seed := rand.Uint64()
	for i := range rounds {
		p := randomProgram(seed+uint64(i), steps)
		if err := mpi.RunLocal(p.ranks, p.play); err != nil {
			t.Fatalf("%v: %v", p, err)
		}
	}
	t.Logf("%d programs, first seed %d", rounds, seed)
}

func randomProgram(seed uint64, steps int) *program {
	return makeProgram(seed, 1+int(seed%5), 1+int(seed/5%3), 3, steps)
}

// Seeds that have failed once.
func TestRandomProgramsAgain(t *testing.T) {
	for _, seed := range []uint64{1} {
		p := randomProgram(seed, 60)
		mpitest.Run(t, p.ranks, p.play)
	}
}
