package main

import (
	"slices"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// A group is a set of points that one process group a side measures. Its sides run right after each other.
type group struct {
	suite  string
	name   string
	ranks  int
	bind   bool            // one rank on each core; otherwise no rank is bound
	sides  []harness.Side  // in this order
	points []harness.Point // of every side
	ours   []harness.Point // of ours alone, besides
	wall   bool            // the time of the whole command is the value of its only point

	runs    int           // of ours; 0 leaves both open
	peers   int           // runs of each peer
	budget  time.Duration // of a point
	idle    time.Duration // what the case idle waits
	timeout time.Duration // of one process group
}

// suites, by name in the order of the report.
var suites = []struct {
	name   string
	groups func(quick bool) []group
}{
	{"pt2pt", pt2pt},
	{"collective", collectives},
	{"oversub", oversub},
	{"startup", startup},
}

func suiteNames() []string {
	names := make([]string, len(suites))
	for i, s := range suites {
		names[i] = s.name
	}
	return names
}

// defaultRuns of a full measurement: at least five, odd, so that the median is one of them.
const defaultRuns = 7

// plan is everything that has to be measured. With runs > 0 that is the number of runs of every group that leaves it open.
func plan(names []string, quick bool, runs int) []group {
	n := defaultRuns
	if quick {
		n = 1
	}
	if runs > 0 {
		n = runs
	}
	var all []group
	for _, s := range suites {
		if !slices.Contains(names, s.name) {
			continue
		}
		for _, g := range s.groups(quick) {
			g.suite = s.name
			if g.runs == 0 {
				g.runs, g.peers = n, n
			}
			if g.timeout == 0 {
				g.timeout = 2 * time.Minute
			}
			all = append(all, g)
		}
	}
	return all
}

// tuned are the sides of the named variants.
func tuned(names ...string) []harness.Side {
	sides := make([]harness.Side, len(names))
	for i, name := range names {
		sides[i] = harness.Tuned(name)
	}
	return sides
}

func pt2pt(quick bool) []group {
	of := harness.PointsOf
	asInstalled := []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH}
	if quick {
		pairSides := append(asInstalled, tuned(variants[0].name)...)
		return []group{{
			name: "all", ranks: 2, bind: true, sides: pairSides, budget: 10 * time.Millisecond,
			points: slices.Concat(of("latency", "0", "8", "4K", "64K", "1M"), of("bw", "8", "64K", "1M"), of("bibw", "64K"), of("mbw_mr", "8")),
			ours:   slices.Concat(of("latency_arena", "64K", "1M"), of("bw_arena", "64K"), of("move", "8", "1M"), of("allocs", "8"), of("allocs_nb", "8")),
		}}
	}
	// A message below the eager limit is never cut, so for small ones the size of the fragments makes no difference.
	smallSides := slices.Concat(asInstalled, tuned("two-copy-64k", "one-copy-8k"))
	pairSides := slices.Concat(asInstalled, tuned("two-copy-64k", "two-copy-32k", "one-copy-8k"))
	bandwidths := []string{"8", "64", "256", "1K", "4K", "8K", "16K", "64K", "256K", "1M", "4M", "16M"}
	return []group{
		{name: "latency, small", points: of("latency", "0", "1", "2", "4", "8", "16", "32", "64", "256", "1K", "4K"),
			ranks: 2, bind: true, sides: smallSides, budget: 40 * time.Millisecond},
		{name: "latency, large", points: of("latency", "8K", "16K", "32K", "64K", "256K", "1M", "4M", "16M", "64M"),
			ours:  slices.Concat(of("latency_arena", "64K", "256K", "1M", "4M", "16M", "64M"), of("move", "8", "64", "4K", "64K", "1M", "16M", "64M")),
			ranks: 2, bind: true, sides: pairSides, budget: 60 * time.Millisecond},
		// A window of 64 MiB messages takes a second and more, so they go one way only.
		{name: "bandwidth", points: of("bw", append(bandwidths, "64M")...), ours: of("bw_arena", "64K", "256K", "1M", "4M", "16M", "64M"),
			ranks: 2, bind: true, sides: pairSides, budget: 60 * time.Millisecond},
		{name: "bandwidth both ways", points: of("bibw", bandwidths...),
			ranks: 2, bind: true, sides: pairSides, budget: 60 * time.Millisecond},
		{name: "message rate", points: of("mbw_mr", "8"),
			ranks: 2, bind: true, sides: smallSides, budget: 100 * time.Millisecond},
		{name: "allocations", ours: slices.Concat(of("allocs", "8", "4K", "64K"), of("allocs_nb", "8", "64K")),
			ranks: 2, bind: true, sides: []harness.Side{harness.Ours}, budget: 10 * time.Millisecond, runs: 5},
	}
}

func oversub(quick bool) []group {
	of := harness.PointsOf
	sides := append([]harness.Side{harness.Ours, harness.OpenMPI, harness.OpenMPIYield, harness.MPICH}, tuned("two-copy-64k", "one-copy-8k")...)
	busy := group{name: "8 ranks", ranks: 8, sides: sides, budget: 100 * time.Millisecond,
		points: append(of("multi_lat", "8", "64", "1K", "8K"), harness.Point{Case: "barrier"})}
	idle := group{name: "waiting", ranks: 2, sides: []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH}, budget: 10 * time.Millisecond,
		points: []harness.Point{{Case: "idle"}}, idle: 3 * time.Second, runs: 3, peers: 1}
	memory := group{name: "memory", ranks: 64, sides: []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH}, budget: 10 * time.Millisecond,
		points: []harness.Point{{Case: "memory"}}, runs: 3, peers: 1}
	if quick {
		busy.points = append(of("multi_lat", "8"), harness.Point{Case: "barrier"})
		busy.sides = slices.DeleteFunc(busy.sides, func(s harness.Side) bool { return s == harness.Tuned("one-copy-8k") })
		busy.budget = 20 * time.Millisecond
		idle.sides, idle.idle, idle.runs = idle.sides[:1], time.Second, 1
		memory.sides, memory.runs = memory.sides[:1], 1
	}
	return []group{busy, idle, memory}
}

// collectiveCases are the blocking ones with a size, of all ranks with all, in the order of the report.
func collectiveCases() []string {
	var names []string
	for _, c := range harness.Cases {
		if c.Collective && c.Sized && !c.Nonblocking && !c.Persistent && !c.Neighbor && !c.Arena {
			names = append(names, c.Name)
		}
	}
	return names
}

func collectives(quick bool) []group {
	of := harness.PointsOf
	barrier := []harness.Point{{Case: "barrier"}}
	every := func(sizes ...string) (points []harness.Point) {
		for _, name := range collectiveCases() {
			points = append(points, of(name, sizes...)...)
		}
		return points
	}
	pair := slices.Concat([]harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH}, tuned("two-copy-64k", "two-copy-msgs"))
	busy := slices.Concat([]harness.Side{harness.Ours, harness.OpenMPI, harness.OpenMPIYield}, tuned("two-copy-64k"))
	if quick {
		few := slices.Concat(of("allreduce", "8", "1M"), of("bcast", "64K"), of("alltoall", "1K"), of("reduce_scatter", "64K"))
		return []group{
			{name: "2 ranks", ranks: 2, bind: true, sides: pair[:4], budget: 10 * time.Millisecond, points: append(barrier, few...)},
			{name: "8 ranks", ranks: 8, sides: busy[:3], budget: 10 * time.Millisecond, points: append(barrier, of("allreduce", "8")...)},
		}
	}
	// With more ranks than processors MPICH takes 16 ms and more for whatever makes ranks wait for each other. That shows at a
	// few points. A small broadcast seems to take it 10 us, because everybody comes to it out of a barrier that took it 50 ms
	// and doesn't count: that is no figure to compare with.
	others := func(sizes ...string) []harness.Point {
		return slices.Concat(of("bcast_persistent", sizes...), of("allreduce_persistent", sizes...),
			of("neighbor_allgather", sizes...), of("neighbor_alltoall", sizes...))
	}
	withMPICH := slices.Concat(of("allreduce", "8", "128", "1K"), of("alltoall", "8", "128", "1K"))
	elsewhere := append(of("reduce_scatter_block", "8"), withMPICH...) // two numbers are none for each of 8 ranks
	without := func(points []harness.Point) []harness.Point {
		return slices.DeleteFunc(points, func(p harness.Point) bool { return slices.Contains(elsewhere, p) })
	}
	return []group{
		{name: "2 ranks, small", ranks: 2, bind: true, sides: pair, budget: 30 * time.Millisecond,
			points: slices.Concat(barrier, every("8", "128", "1K", "8K"), of("iallreduce", "8", "1K"), []harness.Point{{Case: "barrier_persistent"}}, others("8", "1K"))},
		{name: "2 ranks, large", ranks: 2, bind: true, sides: pair, budget: 30 * time.Millisecond,
			ours: slices.Concat(of("bcast_arena", "64K", "4M"), of("allreduce_arena", "64K", "4M"), of("allgather_arena", "64K", "4M"),
				of("alltoall_arena", "64K", "4M"), of("reduce_scatter_arena", "64K", "4M")),
			points: slices.Concat(every("64K", "512K", "4M", "16M"), of("iallreduce", "64K", "1M"), of("iallreduce_overlap", "64K", "1M"), others("64K", "1M"))},
		{name: "8 ranks, small", ranks: 8, sides: busy, budget: 50 * time.Millisecond,
			points: without(slices.Concat(barrier, every("8", "128", "1K"), of("iallreduce", "8")))},
		{name: "8 ranks, large", ranks: 8, sides: busy, budget: 50 * time.Millisecond,
			points: without(slices.Concat(every("8K", "64K", "1M"), of("iallreduce", "64K")))},
		{name: "8 ranks, with MPICH", ranks: 8, sides: append(busy[:3:3], harness.MPICH, busy[3]), budget: 30 * time.Millisecond,
			points: withMPICH},
	}
}

func startup(quick bool) []group {
	hello := group{name: "32 ranks", ranks: 32, wall: true, sides: []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH},
		points: []harness.Point{{Case: "hello"}}, budget: 10 * time.Millisecond}
	// A communicator is made, used for the first time, and freed. Of 64 ranks on 2 cores MPICH takes a second for each.
	makes := []harness.Point{{Case: "dup"}, {Case: "dup_barrier"}, {Case: "split"}, {Case: "split_barrier"}}
	busy := []harness.Side{harness.Ours, harness.OpenMPI, harness.OpenMPIYield}
	many := group{name: "communicators of 64 ranks", ranks: 64, sides: busy, points: makes, budget: 100 * time.Millisecond}
	if quick {
		many.sides, many.budget = busy[:1], 50*time.Millisecond
		return []group{hello, many}
	}
	return []group{hello,
		{name: "communicators of 2 ranks", ranks: 2, bind: true, sides: []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH},
			points: makes, budget: 50 * time.Millisecond},
		{name: "communicators of 8 ranks", ranks: 8, sides: busy, points: makes, budget: 100 * time.Millisecond},
		many}
}
