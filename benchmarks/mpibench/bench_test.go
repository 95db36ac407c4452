package main

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// All cases on ranks that are goroutines: the loops of all ranks fit together, and every point yields one figure.
func TestCasesInProcess(t *testing.T) {
	points, err := harness.ParsePoints("latency:0,latency:8,latency:100000,latency_arena:64K,bw:8,bw:64K,bw_arena:64K,bibw:8,bibw:64K,mbw_mr:8,multi_lat:1K,barrier,dup,dup_barrier,split,split_barrier,move:8,move:1M,allocs:8,allocs_nb:64K,idle," +
		"bcast:8,bcast:0,gather:5,gather:64K,scatter:7,scatter:64K,allgather:1,allgather:64K,reduce:8,reduce:64K,allreduce:4,allreduce:64K,latency:64," +
		"reduce_scatter:4,reduce_scatter:100,scan:8,scan:64K,exscan:8,alltoall:8,alltoall:64K,gatherv:5,scatterv:64K,allgatherv:9,alltoallv:100," +
		"ibcast:8,ireduce:64K,iallreduce:8,iallreduce_overlap:8,iallreduce_overlap:64K,ibcast_overlap:64K,iallgather:9,iallgather_overlap:9,igather:9,iscatter:64K," +
		"alltoallw:100,reduce_scatter_block:100,ireduce_scatter:8,ireduce_scatter_block:64K," +
		"bcast_arena:8,bcast_arena:64K,reduce_arena:64K,allreduce_arena:100K,allgather_arena:64K,alltoall_arena:20K,gather_arena:64K,scatter_arena:64K,scan_arena:64K,ialltoallw_overlap:8,ialltoallv:9,iscan:8,iexscan_overlap:8," +
		"barrier_persistent,bcast_persistent:64K,allreduce_persistent:8,neighbor_allgather:9,neighbor_alltoall:64K")
	if err != nil {
		t.Fatal(err)
	}
	for _, ranks := range []int{2, 5} {
		var out bytes.Buffer
		mpitest.Run(t, ranks, func(world *mpi.Comm) error {
			o := options{points: points, budget: 300 * time.Microsecond, idle: 10 * time.Millisecond, json: true, ops: 200}
			return newBench(world, o, &out).run(points)
		})
		results, noise, err := harness.ReadResults(&out, ranks)
		if err != nil || len(noise) > 0 || len(results) != 1+len(points) {
			t.Fatalf("%d ranks: %d results for %d points, noise %q, %v", ranks, len(results), len(points), noise, err)
		}
		if masks := results[0].Masks; len(masks) != ranks || slices.Contains(masks, "") {
			t.Errorf("%d ranks: affinity %q", ranks, masks)
		}
		for i, r := range results[1:] {
			p := points[i]
			if r.Case != p.Case || r.Bytes != p.Bytes || r.Value < 0 {
				t.Errorf("%d ranks: result %+v for %s", ranks, r, p)
			}
			_, timed := timedCases[p.Case]
			_, overlap, collective := collectiveNamed(p.Case)
			if overlap && (r.Overlap == nil || r.Overlap.Compute == 0 || r.Value > 100) {
				t.Errorf("%d ranks: %s: %+v", ranks, p, r.Overlap)
			}
			collective = collective && !overlap
			if (timed || collective) && (r.Value == 0 || r.Iterations < 1) {
				t.Errorf("%d ranks: %s took no time: %+v", ranks, p, r)
			}
		}
	}
}

func TestMemoryInProcess(t *testing.T) {
	for _, ranks := range []int{1, 2, 3} {
		var out bytes.Buffer
		points := []harness.Point{{Case: "memory"}}
		mpitest.Run(t, ranks, func(world *mpi.Comm) error {
			return newBench(world, options{points: points, budget: time.Millisecond, json: true}, &out).run(points)
		})
		if results, _, err := harness.ReadResults(&out, ranks); err != nil || len(results) != 1 || results[0].Value < 0 {
			t.Errorf("%d ranks: %+v, %v", ranks, results, err)
		}
	}
}

func TestOneRankIsTooFew(t *testing.T) {
	mpitest.Run(t, 1, func(world *mpi.Comm) error {
		for name := range timedCases {
			b := newBench(world, options{budget: time.Millisecond}, &bytes.Buffer{})
			if err := b.point(harness.Point{Case: name}); (err == nil) != (timedCases[name].least == 1) {
				t.Errorf("%s alone: %v", name, err)
			}
		}
		return nil
	})
}
