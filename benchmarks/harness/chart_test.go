package harness

import (
	"slices"
	"strings"
	"testing"
)

func chartNamed(t *testing.T, charts []Chart, file string) Chart {
	t.Helper()
	i := slices.IndexFunc(charts, func(c Chart) bool { return c.File == file })
	if i < 0 {
		t.Fatalf("no chart %s", file)
	}
	return charts[i]
}

func seriesNamed(t *testing.T, c Chart, name string) Series {
	t.Helper()
	i := slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("%s: no series %q in %+v", c.File, name, c.Series)
	}
	return c.Series[i]
}

func TestCharts(t *testing.T) {
	var s Samples
	for _, n := range []Size{1 << 20, 0, 64} { // rows come sorted, whatever the order
		for _, v := range []float64{1, 2, 4} {
			s.Add(Key{"pt2pt", "latency", n, 2}, Ours, v)
		}
		s.Add(Key{"pt2pt", "latency", n, 2}, OpenMPI, 3)
		s.Add(Key{"pt2pt", "latency", n, 2}, Tuned("x"), 8)
	}
	s.Add(Key{"pt2pt", "latency_arena", 1 << 20, 2}, Ours, 0.5)
	s.Add(Key{"pt2pt", "move", 64, 2}, Ours, 0.2)
	s.Add(Key{"pt2pt", "bw", 8, 2}, Ours, 100) // one size is no curve
	s.Add(Key{"pt2pt", "allocs", 8, 2}, Ours, 5)
	s.Add(Key{"pt2pt", "allocs", 16, 2}, Ours, 5)
	s.Add(Key{"oversub", "barrier", 0, 8}, Ours, 10)
	s.Add(Key{"oversub", "barrier", 0, 8}, MPICH, 5000)
	s.Add(Key{"oversub", "multi_lat", 8, 8}, Ours, 10) // nobody to compare with

	targets := []Target{
		target("latency", func(t *Target) { t.Ratio, t.Max, t.hi = num(1.5), num(9), 64 }),
		{Name: "b", Suite: "oversub", Cases: []string{"barrier"}, hi: MaxSize, RatioMPICH: num(600)},
	}
	charts := Charts(s.Rows(), targets)
	var files []string
	for _, c := range charts {
		files = append(files, c.File)
	}
	if got, want := strings.Join(files, " "), "pt2pt-latency-2 pt2pt-ratio oversub-ratio"; got != want {
		t.Fatalf("charts %s, want %s", got, want)
	}

	latency := chartNamed(t, charts, "pt2pt-latency-2")
	if latency.Y != "Latency (us)" || !strings.Contains(latency.Title, "2 ranks, medians and quartiles of 3 runs") || latency.Rows != nil {
		t.Errorf("%+v", latency)
	}
	if got, want := seriesNamed(t, latency, "golaunch").Dots, []Dot{{X: 0, Y: 2, Lo: 1, Hi: 4}, {X: 64, Y: 2, Lo: 1, Hi: 4}, {X: 1 << 20, Y: 2, Lo: 1, Hi: 4}}; !slices.Equal(got, want) {
		t.Errorf("ours %v, want %v", got, want)
	}
	if got := seriesNamed(t, latency, "Open MPI").Dots; len(got) != 3 || got[0] != (Dot{Y: 3}) {
		t.Errorf("Open MPI %v", got)
	}
	if got := seriesNamed(t, latency, "golaunch, mpi.Alloc"); got.Dash != 1 || !slices.Equal(got.Dots, []Dot{{X: 1 << 20, Y: 0.5}}) {
		t.Errorf("arena %+v", got)
	}
	if got := seriesNamed(t, latency, "golaunch, Move"); got.Dash != 2 || !slices.Equal(got.Dots, []Dot{{X: 64, Y: 0.2}}) {
		t.Errorf("Move %+v", got)
	}
	if len(latency.Series) != 5 {
		t.Errorf("%d series, want 5: MPICH has no figure", len(latency.Series))
	}

	ratio := chartNamed(t, charts, "pt2pt-ratio")
	if want := []string{"latency 0", "latency 64", "latency 1M", "latency_arena 1M"}; !slices.Equal(ratio.Rows, want) {
		t.Errorf("rows %q, want %q", ratio.Rows, want)
	}
	if got, want := seriesNamed(t, ratio, "better peer as installed").Dots, []Dot{{X: 1.5, Y: 0, Target: 1.5}, {X: 1.5, Y: 1, Target: 1.5}, {X: 1.5, Y: 2}, {X: 6, Y: 3}}; !slices.Equal(got, want) {
		t.Errorf("ratios %v, want %v", got, want)
	}
	if got := seriesNamed(t, ratio, "tuned Open MPI").Dots; len(got) != 4 || got[0] != (Dot{X: 1.5}) { // as installed is the best here
		t.Errorf("tuned ratios %v", got)
	}
	over := chartNamed(t, charts, "oversub-ratio")
	if got := seriesNamed(t, over, "MPICH").Dots; !slices.Equal(over.Rows, []string{"barrier"}) || len(over.Series) != 1 || !slices.Equal(got, []Dot{{X: 500, Target: 600}}) {
		t.Errorf("%+v", over)
	}
}

// The same points with two numbers of ranks have a picture of their ratios each.
func TestChartsOfSeveralRanks(t *testing.T) {
	var s Samples
	for _, ranks := range []int{2, 8} {
		s.Add(Key{"collective", "bcast", 8, ranks}, Ours, 1)
		s.Add(Key{"collective", "bcast", 8, ranks}, OpenMPI, float64(ranks))
		s.Add(Key{"startup", "hello", 0, 32}, Ours, 1)
		s.Add(Key{"startup", "hello", 0, 32}, OpenMPI, 1)
	}
	charts := Charts(s.Rows(), nil)
	for name, want := range map[string]Dot{"collective-ratio-2": {X: 2}, "collective-ratio-8": {X: 8}, "startup-ratio": {X: 1}} {
		if got := seriesNamed(t, chartNamed(t, charts, name), "better peer as installed").Dots; !slices.Equal(got, []Dot{want}) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if len(charts) != 3 || chartNamed(t, charts, "collective-ratio-8").Title != "collective, 8 ranks: peer against ours, above 1 golaunch is ahead" {
		t.Errorf("%+v", charts)
	}
}

func TestChartsOfNothing(t *testing.T) {
	if c := Charts(nil, nil); len(c) != 0 {
		t.Errorf("%+v", c)
	}
	var s Samples
	s.Expect(Key{"pt2pt", "latency", 8, 2})
	s.Expect(Key{"pt2pt", "latency", 16, 2})
	if c := Charts(s.Rows(), nil); len(c) != 0 {
		t.Errorf("without a figure: %+v", c)
	}
}
