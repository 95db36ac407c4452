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
	points, err := harness.ParsePoints("latency:0,latency:8,latency:100000,latency_arena:64K,bw:8,bw:64K,bw_arena:64K,bibw:8,bibw:64K,mbw_mr:8,multi_lat:1K,barrier,move:8,move:1M,allocs:8,allocs_nb:64K,idle")
	if err != nil {
		t.Fatal(err)
	}
	for _, ranks := range []int{2, 5} {
		var out bytes.Buffer
		mpitest.Run(t, ranks, func(world *mpi.Comm) error {
			o := options{points: points, budget: time.Millisecond, idle: 10 * time.Millisecond, json: true, ops: 200}
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
			if _, timed := timedCases[p.Case]; timed && (r.Value == 0 || r.Iterations < 1) {
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
