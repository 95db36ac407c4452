package mpi_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
	"golang.org/x/sys/unix"
)

// seedEnv gives the first seed of TestRandomProcesses: to all ranks, and to try again what failed.
const seedEnv = "MPI_TEST_SEED"

// The same random programs with ranks as processes: as many as there are
// processors, fewer, more, and all on one.
func TestRandomProcesses(t *testing.T) {
	jobs, programs, steps := 1, 12, 60
	switch {
	case long:
		jobs, programs = 25, 50
	case testing.Short() || invariants.Enabled:
		programs, steps = 4, 40
	}
	first, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64)
	if err != nil {
		first = rand.Uint64()
		t.Setenv(seedEnv, strconv.FormatUint(first, 10))
	}
	for _, kind := range []struct {
		name  string
		ranks int
		cpus  int // that the ranks may run on; 0: all
	}{
		{"2", 2, 0},
		{"3", 3, 0},
		{"crowded", min(7, 2*runtime.NumCPU()), 0},
		{"one processor", 4, 1},
	} {
		t.Run(kind.name, func(t *testing.T) {
			for job := range jobs {
				seed := first + uint64(job*programs)
				t.Run(fmt.Sprint(job), func(t *testing.T) {
					if kind.cpus > 0 {
						defer confine(t, kind.cpus)()
					}
					t.Logf("%s=%d go test -run 'TestRandomProcesses/^%s$/^0$'", seedEnv, seed, kind.name)
					mpitest.RunProcesses(t, kind.ranks, func(world *mpi.Comm) error {
						for i := range programs {
							s := seed + uint64(i)
							if err := makeProgram(s, kind.ranks, 1+int(s%3), 3, steps).play(world); err != nil {
								return err
							}
						}
						return nil
					})
				})
			}
		})
	}
}

// confine keeps the processes that this goroutine starts on a few processors.
func confine(t *testing.T, n int) (undo func()) {
	t.Helper()
	runtime.LockOSThread()
	var all, few unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; few.Count() < n && cpu < len(all)*64; cpu++ {
		if all.IsSet(cpu) {
			few.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &few); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.SchedSetaffinity(0, &all); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	}
}

// Messages between processes allocate nothing either: not more in many operations than the runtime does by itself.
func TestAllocsInProcesses(t *testing.T) {
	mpitest.RunProcesses(t, 2, func(c *mpi.Comm) error {
		other := 1 - c.Rank()
		for _, n := range []int{8, 5000, 100000} {
			a, b := make([]byte, n), make([]byte, n)
			step := func() error {
				_, err := mpi.Sendrecv(c, a, other, 0, b, other, 0)
				if err != nil {
					return err
				}
				if c.Rank() == 0 {
					if err = mpi.Ssend(c, a, other, 1); err == nil {
						_, err = mpi.Recv(c, b, other, 2)
					}
				} else if _, err = mpi.Recv(c, b, other, 1); err == nil {
					err = mpi.Send(c, a, other, 2)
				}
				return err
			}
			// The least of three, the same on all ranks; the first warms up.
			got := uint64(math.MaxUint64)
			for range 4 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range 100 {
					if err := step(); err != nil {
						return err
					}
				}
				runtime.ReadMemStats(&after)
				got = min(got, after.Mallocs-before.Mallocs)
			}
			if got > 20 {
				return fmt.Errorf("%d bytes: %d allocations in 100 steps", n, got)
			}
		}
		return nil
	})
}
