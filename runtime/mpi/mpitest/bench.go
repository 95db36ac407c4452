package mpitest

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// Bench measures fn on n ranks that are goroutines. Every rank calls fn with the same
// number of iterations. An error or a panic of a rank fails the benchmark.
func Bench(b *testing.B, n int, fn func(world *mpi.Comm, iters int) error, opts ...mpi.Option) {
	b.Helper()
	b.StopTimer()
	err := mpi.RunLocal(n, func(world *mpi.Comm) error {
		// The benchmark's goroutine is waiting for us: rank 0 stands in for it.
		return timed(world, b.N, fn, func() { b.ResetTimer(); b.StartTimer() }, b.StopTimer)
	}, opts...)
	if err != nil {
		b.Fatalf("%d ranks: %v", n, err)
	}
}

// BenchProcesses measures fn on n ranks that are processes of this machine. Each
// of them is this test binary once more, told to run this benchmark alone: up to this call, which runs fn
// and ends the process. So the code before it runs in every rank as well, and
// a benchmark function can call it once; sub-benchmarks (b.Run) each have their own. Flags
// that are not go test's reach the ranks, and their standard output goes to standard error.
//
// A rank that returns an error, panics or dies ends the others, and fails the benchmark. When go
// test is killed, so are they. It skips the benchmark where there is no Linux.
func BenchProcesses(b *testing.B, n int, fn func(world *mpi.Comm, iters int) error, opts ...mpi.Option) {
	b.Helper()
	b.StopTimer()
	if name, iters, ok := asRank(); ok {
		// The testing package tries every benchmark with one iteration first, and
		// passes through others on its way to a sub-benchmark.
		if b.Name() == name && b.N == iters {
			benchAsRank(iters, fn, opts)
		}
		return
	}
	if b.Name() == "" {
		b.Fatal("mpitest.BenchProcesses wants a benchmark that go test -bench can find by name, and testing.Benchmark gives none")
	}
	if !canRunProcesses {
		b.Skip("ranks as processes need Linux")
	}
	measured := false
	err := order{
		ranks:  n,
		args:   rankArgs(b.Name(), b.N),
		env:    []string{envBench + "=" + b.Name(), envIters + "=" + strconv.Itoa(b.N)},
		stderr: os.Stderr,
		what:   "the benchmark", call: "BenchProcesses",
		watch: func(e any) {
			switch e := e.(type) {
			case started:
				b.ResetTimer()
				b.StartTimer()
			case ended:
				b.StopTimer()
				measured = true
				// Our own watch, which tells go test how many iterations come next, includes the way
				// through the pipe.
				iters := float64(b.N)
				b.ReportMetric(float64(e.ns)/iters, "ns/op")
				b.ReportMetric(float64(e.mallocs/uint64(b.N)), "allocs/op")
				b.ReportMetric(float64(e.bytes/uint64(b.N)), "B/op")
			}
		},
	}.run()
	b.StopTimer()
	if err == nil && !measured {
		err = errors.New("rank 0 has not reported a time")
	}
	if err != nil {
		b.Fatalf("%d ranks: %v", n, err)
	}
}

const canRunProcesses = runtime.GOOS == "linux"

// timed runs fn when all ranks have come. Rank 0 calls start then, and stop when all are done.
func timed(world *mpi.Comm, iters int, fn func(*mpi.Comm, int) error, start, stop func()) error {
	// A communicator of its own: fn may have a receive from anybody posted while others are done already.
	c, err := world.Dup()
	if err != nil {
		return err
	}
	if err := arrive(c); err != nil {
		return err
	}
	if c.Rank() == 0 {
		start()
	}
	if err := release(c); err != nil {
		return err
	}
	if err := fn(world, iters); err != nil {
		return err
	}
	if err := arrive(c); err != nil {
		return err
	}
	if c.Rank() == 0 {
		stop()
	}
	return c.Free()
}

// arrive returns on rank 0 when all ranks have called it, elsewhere at once.
func arrive(c *mpi.Comm) error {
	if c.Rank() != 0 {
		return mpi.Send(c, []byte{}, 0, 0)
	}
	for i := 1; i < c.Size(); i++ {
		if _, err := mpi.Recv(c, []byte{}, i, 0); err != nil {
			return err
		}
	}
	return nil
}

// release returns when rank 0 has called it.
func release(c *mpi.Comm) error {
	if c.Rank() != 0 {
		_, err := mpi.Recv(c, []byte{}, 0, 0)
		return err
	}
	for i := 1; i < c.Size(); i++ {
		if err := mpi.Send(c, []byte{}, i, 0); err != nil {
			return err
		}
	}
	return nil
}
