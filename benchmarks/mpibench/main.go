// Mpibench measures communication with the cases that people know from the OSU micro-benchmarks. Run it
// with golaunch; benchmarks/peers is its twin for MPI libraries, with the same loops.
//
//	golaunch -n 2 -bind core ./benchmarks/mpibench latency
//	golaunch -n 2 -bind core ./benchmarks/mpibench -arena bw
//	golaunch -n 2 -bind core ./benchmarks/mpibench -overlap iallreduce
//	golaunch -n 2 -bind core ./benchmarks/mpibench -points latency:8,latency:64K,move:1M -json
//
// Usage: mpibench [-json] [-budget MS] [-seconds S] [-arena] [-overlap] [-allocs] [-points CASE:SIZE,...] [CASE...]
//
//	latency    ping-pong of ranks 0 and 1; one way = half a round trip                       us
//	bw         windows of 64 non-blocking sends from 0 to 1, then a 4 byte answer            MB/s
//	bibw       windows of 64 both ways at the same time                                      MB/s
//	mbw_mr     bw from the lower half of the ranks to the upper half, as a message rate      Mmsg/s
//	multi_lat  ping-pong of every rank of the lower half with its partner, mean of the pairs us
//	barrier    mean over the ranks                                                           us
//	dup, split                  make a communicator and free it; split: two, of every second rank   us
//	dup_barrier, split_barrier  the same with a first barrier on it                                 us
//	bcast, reduce, allreduce, reduce_scatter[_block], scan, exscan    mean over the ranks       us
//	allgather[v], alltoall[v, w], gather[v], scatter[v]               the same                  us
//	ibcast, ireduce ...       all of these in their nonblocking form, begun and waited for      us
//	barrier_persistent, bcast_persistent, allreduce_persistent        prepared once              us
//	neighbor_allgather, neighbor_alltoall    with the two neighbours on a ring                  us
//	iallreduce_overlap ...    how much of that time is free for a computation (also: -overlap)  %
//	latency_arena, bw_arena, bcast_arena ...   as these, with buffers from mpi.Alloc (also: -arena)
//	move       ping-pong of one buffer by mpi.Move and mpi.RecvMove, one way                 us
//	allocs     heap objects made in 100 000 blocking operations of one rank                  mallocs
//	allocs_nb  the same for Isend, Irecv and WaitAll                                         mallocs
//	idle       processor time of a rank that waits in a receive for S seconds                %
//	memory     shared memory resident per rank after messages between ring neighbours        MiB
//	hello      Init and Finalize, nothing else                                               (timed from outside)
//
// MB/s means 10^6 bytes a second, a size of 4K means 4096 bytes.
//
// How it measures: the buffers are page aligned and touched; every point first warms up with growing batches until the time
// of an iteration is known, then measures one batch that takes about the budget, and checks the received bytes afterwards.
//
// Collective cases are timed as OSU times them: every rank adds up the time that it spends in the operation, and between two
// operations there is a barrier, outside that time; the figure is the mean over the ranks. Each has two readings of the
// clock in it, about 25 ns. (Operations one right after the other would overlap: a root may be several broadcasts
// ahead.) The barrier, dup and split are timed as a whole loop. Root is rank 0, reductions add float32, and the size is that of OSU: all
// the data of a rank for those of the first line, one block of as many as there are ranks for those of the second.
// The v forms and alltoallw move equal blocks. The buffers of all ranks together may have 256 MiB; points beyond that are left out.
//
// The overlap is OSU's: a computation as long as the operation alone, between its beginning and the wait; 100 % when both
// together take no longer than the computation. OSU times the computation while the operation goes on, and here it is timed alone:
// what the operation takes away from it counts against the operation.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "mpibench:", err)
		os.Exit(2)
	}
	mpi.Run(func(world *mpi.Comm) error {
		if o.hello() {
			return nil
		}
		return newBench(world, o, os.Stdout).run(o.points)
	})
}

// options are the command line.
type options struct {
	points []harness.Point
	budget time.Duration // of one point's measured batch
	idle   time.Duration // how long the case idle waits
	json   bool
	ops    int // operations of one rank while allocations are counted
}

// hello reports whether nothing but Init and Finalize is wanted.
func (o options) hello() bool { return len(o.points) == 1 && o.points[0].Case == "hello" }

// parse reads the command line without the program's name.
func parse(args []string) (options, error) {
	o := options{ops: 100_000}
	flags := flag.NewFlagSet("mpibench", flag.ContinueOnError)
	flags.BoolVar(&o.json, "json", false, "print one JSON object a point instead of tables")
	budget := flags.Float64("budget", 100, "`milliseconds` that the measured loop of one point should take")
	seconds := flags.Float64("seconds", 3, "how long the case idle waits")
	arena := flags.Bool("arena", false, "latency, bw and blocking collectives with buffers from mpi.Alloc")
	overlap := flags.Bool("overlap", false, "of nonblocking collectives, how much of their time is free for a computation")
	allocs := flags.Bool("allocs", false, "count heap allocations, too")
	points := flags.String("points", "", "`list` of CASE:SIZE, or CASE alone for a case without a size")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *points != "" {
		list, err := harness.ParsePoints(*points)
		if err != nil {
			return o, err
		}
		o.points = list
	}
	for _, name := range flags.Args() {
		list, err := harness.DefaultPoints(name)
		if err != nil {
			return o, err
		}
		o.points = append(o.points, list...)
	}
	if *arena {
		for i, p := range o.points {
			if _, ok := harness.CaseNamed(p.Case + harness.ArenaSuffix); ok && p.Bytes > 0 {
				o.points[i].Case += harness.ArenaSuffix
			}
		}
	}
	if *overlap {
		for i, p := range o.points {
			if c, _ := harness.CaseNamed(p.Case); c.Nonblocking && !c.Overlap {
				o.points[i].Case += harness.OverlapSuffix
			}
		}
	}
	if *allocs {
		o.points = append(o.points, allocPoints()...)
	}
	o.budget, o.idle = time.Duration(*budget*1e6), time.Duration(*seconds*1e9)
	switch {
	case len(o.points) == 0:
		return o, errors.New("nothing to measure: give a case, or -points")
	case o.budget <= 0 || o.idle <= 0:
		return o, errors.New("-budget and -seconds must be positive")
	case len(o.points) > 1 && slices.Contains(o.points, harness.Point{Case: "hello"}):
		return o, errors.New("hello stands alone")
	}
	return o, nil
}
