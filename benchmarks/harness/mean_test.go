package harness

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// meanRows are rows of one case at 8, 16, 32 ... bytes: ours takes 1 us, Open MPI as long as given (0: it has no figure), MPICH
// twice and the tuned one half of that.
func meanRows(runs int, openmpi ...float64) []Row {
	var s Samples
	for i, v := range openmpi {
		k := Key{"pt2pt", "latency", 8 << i, 2}
		for range runs {
			s.Add(k, Ours, 1)
			if v > 0 {
				s.Add(k, OpenMPI, v)
				s.Add(k, MPICH, 2*v)
				s.Add(k, Tuned("x"), v/2)
			}
		}
	}
	return s.Rows()
}

func TestMeans(t *testing.T) {
	three, few := meanRows(FewestRuns, 1, 8, 8), meanRows(FewestRuns-1, 1, 8, 8)
	tests := []struct {
		name string
		rows []Row
		set  func(*Target)
		want string // "" = passes
	}{
		{"exactly there", three, func(t *Target) { t.RatioMean = num(3.999999) }, ""},
		{"below", three, func(t *Target) { t.RatioMean = num(4.1) }, `target "bar": geometric mean of ratio over 3 rows is 4, below 4.1`},
		{"tuned", three, func(t *Target) { t.RatioTunedMean = num(1.999999) }, ""},
		{"tuned, below", three, func(t *Target) { t.RatioTunedMean = num(3) }, `target "bar": geometric mean of ratio_tuned over 3 rows is 2, below 3`},
		{"Open MPI, below", three, func(t *Target) { t.RatioOpenMPIMean = num(5) }, `target "bar": geometric mean of ratio_openmpi over 3 rows is 4, below 5`},
		{"a row without a figure", meanRows(FewestRuns, 8, 0, 8), func(t *Target) { t.RatioMean = num(1) },
			`target "bar": geometric mean of pt2pt latency 16, 2 ranks: ratio: no figure of openmpi, mpich`},
		{"no row with a figure", meanRows(FewestRuns, 0, 0), func(t *Target) { t.RatioMean = num(1) },
			`target "bar": pt2pt latency 8, 2 ranks: ratio: no figure of openmpi, mpich`},
		{"few runs", few, func(t *Target) { t.RatioMean = num(1) },
			`target "bar": geometric mean of pt2pt latency 8, 2 ranks: ratio: 4 runs of ours, want at least 5`},
		{"no row", nil, func(t *Target) { t.RatioMean = num(1) }, `target "bar": no row measured`},
		{"a row below one", meanRows(FewestRuns, 0.5, 32), func(t *Target) { t.RatioMean, t.Ratio = num(4), num(1) },
			"pt2pt latency 8, 2 ranks: ratio 0.5 is below 1 (bar)"},
	}
	for _, tt := range tests {
		targets := []Target{target("latency", tt.set)}
		var got []string
		for _, f := range Check(tt.rows, targets, []string{"pt2pt"}, true) {
			got = append(got, f.String())
		}
		if strings.Join(got, "\n") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	// A short run is held to what it has.
	for _, rows := range [][]Row{few, meanRows(1, 8, 0, 8)} {
		if f := Check(rows, []Target{target("latency", func(t *Target) { t.RatioMean = num(2) })}, []string{"pt2pt"}, false); len(f) != 0 {
			t.Errorf("a short run: %v", f)
		}
	}
}

func TestMeansInTheTable(t *testing.T) {
	targets := []Target{
		target("latency", func(t *Target) { t.Name, t.RatioMean, t.RatioTunedMean = "small", num(2), num(3) }),
		target("bw", func(t *Target) { t.Name, t.RatioMean = "nothing of it here", num(2) }),
	}
	var out strings.Builder
	if err := WriteTable(&out, meanRows(1, 1, 8, 8), targets); err != nil {
		t.Fatal(err)
	}
	const want = `# geometric mean: ratio 4.00x, ratio_tuned 2.00x

# geometric means
# small: ratio over 3 rows 4.00x  ok  ratio>=2
# small: ratio_tuned over 3 rows 2.00x  LOW !ratio_tuned>=3
`
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got\n%s\nwant at the end\n%s", out.String(), want)
	}
}

// The mean is that of the definition, and the same for times and rates.
func TestMeanIsGeometric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratios := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e3), 1, 30).Draw(t, "ratios")
		product := 1.0
		for _, r := range ratios {
			product *= math.Pow(r, 1/float64(len(ratios)))
		}
		m := meanOf("ratio", 1, meanRows(1, ratios...))
		if m.rows != len(ratios) || !same(num(round4(*m.value)), num(round4(product))) && math.Abs(*m.value/product-1) > 1e-9 {
			t.Fatalf("%v over %d rows, want %v", *m.value, m.rows, product)
		}
	})
}
