package main

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// Every bar of targets.toml needs rows of the full plan, with every side that the bar speaks of.
func TestThePlanCoversTheTargets(t *testing.T) {
	targets, err := readTargets("../targets.toml")
	if err != nil {
		t.Fatal(err)
	}
	measured := map[harness.Key][]harness.Side{}
	for _, g := range plan(suiteNames(), false, 0) {
		for _, p := range g.points {
			measured[g.key(p)] = g.sides
		}
		for _, p := range g.ours {
			measured[g.key(p)] = []harness.Side{harness.Ours}
		}
	}
	for _, target := range targets {
		rows := 0
		for k := range measured {
			if !target.Selects(k) {
				continue
			}
			rows++
			peer := k
			if c, _ := harness.CaseNamed(k.Case); c.Peer != "" {
				peer.Case = c.Peer
			}
			needs := map[harness.Side]bool{
				harness.OpenMPI:      target.Ratio != nil || target.RatioOpenMPI != nil || target.RatioMean != nil || target.RatioOpenMPIMean != nil,
				harness.MPICH:        target.Ratio != nil || target.RatioMPICH != nil || target.RatioMean != nil,
				harness.OpenMPITuned: target.RatioTuned != nil || target.RatioTunedMean != nil,
			}
			for side, needed := range needs {
				if needed && !slices.ContainsFunc(measured[peer], func(s harness.Side) bool {
					_, tuned := s.Variant()
					return s == side || tuned && side == harness.OpenMPITuned
				}) {
					t.Errorf("target %q: nobody measures %s for %s", target.Name, side, peer)
				}
			}
		}
		if rows == 0 {
			t.Errorf("target %q: the plan measures no such row", target.Name)
		}
	}
}

// wanted are the bars that a row must have: what was agreed on, once more, so that no bar goes by an edit elsewhere.
func wanted(k harness.Key) map[string]float64 {
	kib, mib := harness.Size(1<<10), harness.Size(1<<20)
	tuned := map[bool]float64{true: 1.3, false: 1.1}[k.Bytes <= 4*kib]
	plain := map[string]float64{"ratio": 2, "tuned": tuned}
	switch {
	case k.Bytes <= 4*kib:
		plain["ratio"] = 1.5
	case k.Bytes >= 16*mib:
		plain["ratio"] = 1.6
	}
	if c, _ := harness.CaseNamed(k.Case); c.Overlap || c.Persistent || c.Neighbor {
		return nil // measured, not promised
	}
	if k.Suite == "collective" {
		bars, better := map[string]float64{}, map[int]string{2: "ratio", 8: "openmpi"}[k.Ranks]
		bars[better] = 1
		if c, _ := harness.CaseNamed(k.Case); c.Arena {
			bars[better] = 1.5
		}
		if k.Case == "barrier" || k.Case == "allreduce" && k.Bytes <= kib {
			bars[better] = 3
		}
		if k.Ranks == 8 && k.Bytes <= kib && (k.Case == "allreduce" || k.Case == "alltoall") {
			bars["mpich"] = 100
		}
		return bars
	}
	switch k.Suite + " " + k.Case {
	case "pt2pt latency":
		return plain
	case "pt2pt bw", "pt2pt bibw":
		if k.Bytes <= 4*kib {
			delete(plain, "ratio")
		}
		return plain
	case "pt2pt latency_arena", "pt2pt bw_arena":
		return map[string]float64{"ratio": 3, "tuned": 1.1}
	case "pt2pt move":
		return map[string]float64{"max": 0.25}
	case "pt2pt mbw_mr":
		return map[string]float64{"ratio": 2, "tuned": 1.3}
	case "pt2pt allocs", "pt2pt allocs_nb":
		return map[string]float64{"max": 0}
	case "oversub multi_lat", "oversub barrier":
		return map[string]float64{"openmpi": 2, "mpich": 500, "tuned": 1.1}
	case "oversub idle":
		return map[string]float64{"max": 1}
	case "oversub memory":
		return map[string]float64{"max": 4}
	case "startup hello":
		return map[string]float64{"ratio": 3}
	case "startup dup", "startup dup_barrier", "startup split", "startup split_barrier":
		if k.Ranks == 64 {
			return map[string]float64{"max": 1000}
		}
	}
	return nil
}

func TestTheBars(t *testing.T) {
	targets, err := readTargets("../targets.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range plan(suiteNames(), false, 0) {
		for _, p := range slices.Concat(g.points, g.ours) {
			got := map[string]float64{}
			for _, target := range targets {
				if !target.Selects(g.key(p)) {
					continue
				}
				for name, bar := range map[string]*float64{"ratio": target.Ratio, "tuned": target.RatioTuned,
					"openmpi": target.RatioOpenMPI, "mpich": target.RatioMPICH, "max": target.Max} {
					if _, twice := got[name]; bar != nil && twice {
						t.Errorf("%s: two targets say %s", g.key(p), name)
					} else if bar != nil {
						got[name] = *bar
					}
				}
			}
			if want := wanted(g.key(p)); !maps.Equal(got, want) {
				t.Errorf("%s: bars %v, want %v", g.key(p), got, want)
			}
		}
	}
}

// The means over all collectives, of two ranks and of eight: every row is in one of them.
func TestTheMeans(t *testing.T) {
	targets, err := readTargets("../targets.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range plan([]string{"collective"}, false, 0) {
		for _, p := range g.points {
			var got []float64
			for _, target := range targets {
				if target.Selects(g.key(p)) {
					for _, mean := range []*float64{target.RatioMean, target.RatioOpenMPIMean, target.RatioTunedMean} {
						if mean != nil {
							got = append(got, *mean)
						}
					}
				}
			}
			if c, _ := harness.CaseNamed(p.Case); !slices.Equal(got, []float64{2, 1.3}) && !c.Nonblocking && !c.Persistent && !c.Neighbor {
				t.Errorf("%s: means %v", g.key(p), got)
			}
		}
	}
}

func TestCheckSays(t *testing.T) {
	targets, err := harness.ReadTargets(strings.NewReader("[[target]]\nname='start'\nsuite='startup'\ncase=['hello']\nratio=2"))
	if err != nil {
		t.Fatal(err)
	}
	var s harness.Samples
	for range harness.FewestRuns {
		for side, v := range map[harness.Side]float64{harness.Ours: 1, harness.OpenMPI: 2, harness.MPICH: 3} {
			s.Add(harness.Key{Suite: "startup", Case: "hello", Ranks: 32}, side, v)
		}
	}
	ahead, noPeer, behind := s.Rows(), s.Rows(), s.Rows()
	noPeer[0].MPICH = nil
	behind[0].Ratio = new(1.5)
	tests := []struct {
		rows  []harness.Row
		flaws []string
		want  string // in the report of a failure; "" = passes
	}{
		{ahead, nil, ""},
		{ahead, []string{"affinity masks differ"}, "affinity masks differ"},
		{noPeer, nil, "no figure of mpich"},
		{behind, nil, "ratio 1.5 is below 2"},
		{nil, nil, "no row measured"},
	}
	for _, tt := range tests {
		var out strings.Builder
		err := check(&out, tt.rows, targets, options{suites: []string{"startup"}}, tt.flaws)
		if (err == nil) != (tt.want == "") || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%v, want %q:\n%s", err, tt.want, out.String())
		}
		if reached := strings.Contains(out.String(), "every bar of startup is reached"); reached != (tt.want == "") {
			t.Errorf("want %q:\n%s", tt.want, out.String())
		}
	}
}

func TestPlanRuns(t *testing.T) {
	for _, g := range plan(suiteNames(), false, 0) {
		for _, p := range g.points {
			c, _ := harness.CaseNamed(p.Case)
			if c.Peer != "" && c.Name != "idle" && c.Name != "memory" && (g.runs < 5 || g.peers != g.runs) {
				t.Errorf("%s: %d runs of ours, %d of the peers; want at least 5 of each", g.key(p), g.runs, g.peers)
			}
		}
		if g.suite == "" || g.timeout <= 0 || g.budget <= 0 || g.runs <= 0 {
			t.Errorf("incomplete group %+v", g)
		}
		if g.wall && len(g.points)+len(g.ours) != 1 {
			t.Errorf("%s: a group on the wall clock has one point, not %v", g.name, g.points)
		}
	}
	for _, g := range plan([]string{"startup"}, true, 3) {
		if g.suite != "startup" || g.runs != 3 || g.peers != 3 {
			t.Errorf("startup with 3 runs: %+v", g)
		}
	}
}

// Every variant runs somewhere, a quick run has the first alone, and the plan names no variant that there is not.
func TestPlanOfVariants(t *testing.T) {
	for _, quick := range []bool{false, true} {
		ran := map[string]bool{}
		for _, g := range plan(suiteNames(), quick, 0) {
			for _, s := range g.sides {
				if name, ok := s.Variant(); ok {
					ran[name] = true
				}
			}
		}
		want := map[string]bool{}
		for i, v := range variants {
			if i == 0 || !quick {
				want[v.name] = true
			}
		}
		if !maps.Equal(ran, want) {
			t.Errorf("quick %v: runs %v, want %v", quick, ran, want)
		}
	}
}

func TestPointsAreDistinct(t *testing.T) {
	for _, quick := range []bool{false, true} {
		seen := map[harness.Key]bool{}
		for _, g := range plan(suiteNames(), quick, 0) {
			for _, p := range slices.Concat(g.points, g.ours) {
				if seen[g.key(p)] {
					t.Errorf("quick %v: %s is measured in two groups", quick, g.key(p))
				}
				seen[g.key(p)] = true
			}
		}
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-quick", "-json", "x.json", "-check", "startup", "pt2pt", "startup"}, io.Discard)
	if err != nil || !o.quick || !o.check || o.json != "x.json" || !slices.Equal(o.suites, []string{"startup", "pt2pt"}) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err = parse(nil, io.Discard); err != nil || !slices.Equal(o.suites, suiteNames()) {
		t.Errorf("without a suite: %+v, %v", o, err)
	}
	if o, err = parse([]string{"-points", "barrier,latency:8,move:8", "-ranks", "2", "-runs", "5", "-budget", "3", "-sides", "ours,mpich"}, io.Discard); err != nil ||
		o.points == nil || harness.FormatPoints(o.points.points) != "barrier,latency:8" || harness.FormatPoints(o.points.ours) != "move:8" ||
		o.points.runs != 5 || o.points.peers != 5 || o.points.budget != 3*time.Millisecond || !slices.Equal(o.points.sides, []harness.Side{harness.Ours, harness.MPICH}) {
		t.Errorf("-points: %+v, %v", o.points, err)
	}
	if o, err = parse([]string{"-points", "bibw", "-ranks", "2"}, io.Discard); err != nil || harness.FormatPoints(o.points.points) != "bibw:8,bibw:64,bibw:256,bibw:1K,bibw:4K,bibw:8K,bibw:16K,bibw:64K,bibw:256K,bibw:1M,bibw:4M,bibw:16M" {
		t.Errorf("a case without a size: %+v, %v", o.points, err)
	}
	for say, args := range map[string][]string{
		`unknown suite "tcp"`:      {"tcp"},
		`point "latancy:8"`:        {"-points", "latancy:8"},
		"no suites":                {"-points", "barrier", "startup"},
		"want positive numbers":    {"-points", "barrier", "-ranks", "0"},
		`"lam" is none of`:         {"-points", "barrier", "-sides", "ours,lam"},
		"want a positive number":   {"-runs", "-1"},
		"provided but not defined": {"-fast"},
	} {
		if _, err := parse(args, io.Discard); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %q", args, err, say)
		}
	}
}
