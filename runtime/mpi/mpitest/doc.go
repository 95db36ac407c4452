// Package mpitest runs ranks inside tests and benchmarks.
//
//	func TestRing(t *testing.T) {
//		mpitest.Run(t, 5, func(world *mpi.Comm) error { ... })
//	}
//
//	func BenchmarkRing(b *testing.B) {
//		mpitest.Bench(b, 5, func(world *mpi.Comm, iters int) error {
//			for range iters { ... }
//			return nil
//		})
//	}
//
// Run and Bench make ranks of goroutines: nothing to install or start, -race, the
// debugger, the profiler and the coverage see all of them. They work on every system. What they share with
// each other beyond messages (package variables, the working folder) real ranks would
// not: a program that lives by it passes here and fails under golaunch.
//
// RunProcesses and BenchProcesses make them of processes that share memory, as golaunch
// does, and so test and measure what a job will see. They need Linux. The ranks are the test binary itself, started
// again for this one test or benchmark; no golaunch is needed.
//
// RunTopo, RunTopoProcesses and BenchTopo place the ranks on several nodes, between which no memory is shared: what runs
// on one machine then takes the ways that it would take on several.
//
// # What is measured
//
// The time from when all ranks have come to the start until all are done, on rank 0's
// clock. Making the ranks, and what fn's caller does before, does not count. fn does the
// work iters times; what it does before and after its loop is spread over all iterations, and
// vanishes as go test raises their number. Messages have to be symmetric in the end: a rank must not
// return from fn while others still need its answers.
//
// With -benchmem, Bench counts the allocations of all ranks, BenchProcesses those of rank 0.
package mpitest
