package harness

import (
	"fmt"
	"strings"
	"testing"
)

// oneRow is a row of the case at 8 bytes between two ranks, of as many runs as a check wants.
func oneRow(name string, values map[Side]float64) Row {
	var s Samples
	k := Key{"pt2pt", name, 8, 2}
	s.Expect(k)
	for side, v := range values {
		for range FewestRuns {
			s.Add(k, side, v)
		}
	}
	return s.Rows()[0]
}

func target(name string, set func(*Target)) Target {
	t := Target{Name: "bar", Suite: "pt2pt", Cases: []string{name}, lo: 0, hi: MaxSize}
	set(&t)
	return t
}

func TestCheck(t *testing.T) {
	all := func(ours float64) map[Side]float64 {
		return map[Side]float64{Ours: ours, OpenMPI: 0.3, MPICH: 0.4, Tuned("x"): 0.2}
	}
	without := func(side Side) map[Side]float64 {
		m := all(0.1)
		delete(m, side)
		return m
	}
	ratio := func(t *Target) { t.Ratio = num(2) }
	tuned := func(t *Target) { t.RatioTuned = num(1.3) }
	openmpi := func(t *Target) { t.RatioOpenMPI = num(2.9) }
	mpich := func(t *Target) { t.RatioMPICH = num(4) }
	most := func(t *Target) { t.Max = num(0.25) }
	tests := []struct {
		name string
		row  map[Side]float64
		set  func(*Target)
		want string // "" = passes
	}{
		{"ahead", all(0.1), ratio, ""},
		{"exactly there", all(0.15), ratio, ""},
		{"behind", all(0.2), ratio, "pt2pt latency 8, 2 ranks: ratio 1.5 is below 2 (bar)"},
		{"one peer missing", without(MPICH), ratio, "pt2pt latency 8, 2 ranks: ratio: no figure of mpich (bar)"},
		{"ours missing", without(Ours), ratio, "pt2pt latency 8, 2 ranks: ratio: no figure of ours (bar)"},
		{"ours missing, absolute", without(Ours), most, "pt2pt latency 8, 2 ranks: max: no figure of ours (bar)"},
		{"tuned ahead", all(0.1), tuned, ""},
		{"tuned behind", all(0.19), tuned, "pt2pt latency 8, 2 ranks: ratio_tuned 1.05 is below 1.3 (bar)"},
		{"tuned missing", without(Tuned("x")), tuned, "pt2pt latency 8, 2 ranks: ratio_tuned: no figure of openmpi_tuned (bar)"},
		{"Open MPI alone", without(MPICH), openmpi, ""},
		{"Open MPI alone, behind", all(0.11), openmpi, "pt2pt latency 8, 2 ranks: ratio_openmpi 2.73 is below 2.9 (bar)"},
		{"MPICH alone", without(OpenMPI), mpich, ""},
		{"MPICH alone, behind", all(0.2), mpich, "pt2pt latency 8, 2 ranks: ratio_mpich 2 is below 4 (bar)"},
		{"below the limit", all(0.25), most, ""},
		{"above the limit", all(0.26), most, "pt2pt latency 8, 2 ranks: 0.26 us is above 0.25 (bar)"},
	}
	for _, tt := range tests {
		rows := []Row{oneRow("latency", tt.row)}
		targets := []Target{target("latency", tt.set)}
		failures := Check(rows, targets, []string{"pt2pt"}, true)
		var got []string
		for _, f := range failures {
			got = append(got, f.String())
		}
		if strings.Join(got, "\n") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		verdict := verdict(&rows[0], targets)
		if (tt.want == "") != strings.HasPrefix(verdict, "ok ") {
			t.Errorf("%s: the table says %q", tt.name, verdict)
		}
		if failures := Check(rows, targets, []string{"startup"}, true); len(failures) != 0 {
			t.Errorf("%s: a suite that did not run fails: %v", tt.name, failures)
		}
	}
}

func TestCheckOfARate(t *testing.T) {
	row := oneRow("bw", map[Side]float64{Ours: 30, OpenMPI: 10, MPICH: 20})
	if f := Check([]Row{row}, []Target{target("bw", func(t *Target) { t.Ratio = num(1.6) })}, []string{"pt2pt"}, true); len(f) != 1 {
		t.Errorf("30 MB/s against 20 is not 1.6 times as much: %v", f)
	}
	if f := Check([]Row{row}, []Target{target("bw", func(t *Target) { t.Ratio = num(1.5) })}, []string{"pt2pt"}, true); len(f) != 0 {
		t.Errorf("30 MB/s against 20 is 1.5 times as much: %v", f)
	}
}

// A run of a side that failed must not go unnoticed.
func TestCheckWantsRuns(t *testing.T) {
	for side, ratio := range map[Side]func(*Target){
		Ours:       func(t *Target) { t.Ratio = num(1.5) },
		OpenMPI:    func(t *Target) { t.RatioOpenMPI = num(1.5) },
		MPICH:      func(t *Target) { t.Ratio = num(1.5) },
		Tuned("x"): func(t *Target) { t.RatioTuned = num(1.5) },
	} {
		var s Samples
		k := Key{"pt2pt", "latency", 8, 2}
		for run := range FewestRuns {
			for _, one := range []Side{Ours, OpenMPI, MPICH, Tuned("x")} {
				if one == side && run == 0 {
					continue
				}
				s.Add(k, one, map[bool]float64{true: 1, false: 2}[one == Ours])
			}
		}
		targets := []Target{target("latency", ratio), target("latency", func(t *Target) { t.Max = num(1) })}
		want := fmt.Sprintf(": %d runs of %s, want at least %d (bar)", FewestRuns-1, strings.TrimSuffix(string(side), "/x"), FewestRuns)
		if f := Check(s.Rows(), targets, []string{"pt2pt"}, true); len(f) != 1 || !strings.HasSuffix(f[0].String(), want) {
			t.Errorf("%v, want %q", f, want)
		}
		if f := Check(s.Rows(), targets, []string{"pt2pt"}, false); len(f) != 0 {
			t.Errorf("a short run is held to a number of runs: %v", f)
		}
	}
}

func TestCheckWithoutARow(t *testing.T) {
	targets := []Target{target("bw", func(t *Target) { t.Ratio = num(1) })}
	if f := Check(nil, targets, []string{"pt2pt"}, true); len(f) != 1 || f[0].String() != `target "bar": no row measured` {
		t.Errorf("a target without a row: %v", f)
	}
	if f := Check(nil, targets, []string{"pt2pt"}, false); len(f) != 0 {
		t.Errorf("a short run is held to rows that it does not measure: %v", f)
	}
}
