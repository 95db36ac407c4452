package harness

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func num(v float64) *float64 { return &v }

func same(a, b *float64) bool {
	return (a == nil) == (b == nil) && (a == nil || math.Abs(*a-*b) <= 1e-9*math.Abs(*b))
}

func TestRatio(t *testing.T) {
	tests := []struct {
		name  string
		rate  bool
		ours  *float64
		peers []*float64
		want  *float64
	}{
		{"time, the faster peer counts", false, num(0.1), []*float64{num(0.3), num(0.2)}, num(2)},
		{"rate, the faster peer counts", true, num(20), []*float64{num(5), num(8)}, num(2.5)},
		{"time, we are behind", false, num(4), []*float64{num(2)}, num(0.5)},
		{"rate, we are behind", true, num(4), []*float64{num(8)}, num(0.5)},
		{"one peer missing", false, num(1), []*float64{nil, num(3)}, num(3)},
		{"no peer", false, num(1), []*float64{nil, nil}, nil},
		{"none of ours", false, nil, []*float64{num(1)}, nil},
		{"time of zero", false, num(0), []*float64{num(1)}, nil},
		{"rate of a peer of zero", true, num(1), []*float64{num(0)}, nil},
	}
	for _, tt := range tests {
		if got := Ratio(tt.rate, tt.ours, tt.peers...); !same(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Above 1 exactly when we beat every peer, in both directions.
func TestRatioMeansAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		positive := rapid.Float64Range(1e-3, 1e6)
		rate := rapid.Bool().Draw(t, "rate")
		ours := positive.Draw(t, "ours")
		peers := rapid.SliceOfN(positive, 1, 4).Draw(t, "peers")
		ahead := true
		var p []*float64
		for _, v := range peers {
			p = append(p, &v)
			ahead = ahead && (rate && ours > v || !rate && ours < v)
		}
		if r := Ratio(rate, &ours, p...); (*r > 1) != ahead {
			t.Fatalf("ratio %v, ahead %v", *r, ahead)
		}
	})
}

func TestRows(t *testing.T) {
	var s Samples
	small, large := Key{"pt2pt", "latency", 8, 2}, Key{"pt2pt", "latency", 64 << 10, 2}
	arena := Key{"pt2pt", "latency_arena", 64 << 10, 2}
	s.Add(large, Ours, 4)
	s.Add(small, Ours, 0.1)
	s.Add(small, Ours, 0.3)
	s.Add(small, Ours, 0.2)
	s.Add(arena, Ours, 2)
	s.Add(arena, OpenMPI, 1e-9) // no peer has an arena: its plain latency must be the one that counts
	for range 2 {
		s.Add(large, OpenMPI, 12)
		s.Add(large, MPICH, 10)
		s.Add(large, Tuned("x"), 8)
	}
	s.Expect(Key{"pt2pt", "bw", 8, 2})
	rows := s.Rows()
	var names []string
	for _, r := range rows {
		names = append(names, r.Key().String())
	}
	want := "pt2pt latency 8, 2 ranks;pt2pt latency 64K, 2 ranks;pt2pt latency_arena 64K, 2 ranks;pt2pt bw 8, 2 ranks"
	if got := strings.Join(names, ";"); got != want {
		t.Fatalf("rows %s\nwant %s", got, want)
	}
	if r := rows[0]; !same(r.Ours, num(0.2)) || r.OpenMPI != nil || r.Ratio != nil || r.Spread[Ours] != [2]float64{0.1, 0.3} || r.Runs[Ours] != 3 {
		t.Errorf("8 bytes: %+v", r)
	}
	if r := rows[1]; !same(r.Ratio, num(2.5)) || !same(r.RatioTuned, num(2)) || r.Unit != "us" {
		t.Errorf("64 KiB: %+v", r)
	}
	if r := rows[2]; !same(r.OpenMPI, num(12)) || !same(r.Ratio, num(5)) || !same(r.RatioTuned, num(4)) || !same(r.Ours, num(2)) {
		t.Errorf("arena: %+v", r)
	}
	if r := rows[3]; r.Ours != nil || r.Ratio != nil {
		t.Errorf("never measured: %+v", r)
	}
}

func TestYieldingPeerCounts(t *testing.T) {
	var s Samples
	k := Key{"oversub", "barrier", 0, 8}
	s.Add(k, Ours, 10)
	s.Add(k, OpenMPI, 140)
	s.Add(k, OpenMPIYield, 30)
	s.Add(k, MPICH, 50000)
	if r := s.Rows()[0]; !same(r.Ratio, num(3)) {
		t.Errorf("ratio %v, want 3: the better Open MPI counts", *r.Ratio)
	}
}

func TestBestTuned(t *testing.T) {
	type values map[Side][]float64
	tests := []struct {
		name   string
		of     string
		values values
		want   *float64
		by     string
	}{
		{"time, the smallest median", "latency", values{Tuned("a"): {5, 5, 1}, Tuned("b"): {3, 4, 9}, OpenMPI: {8}}, num(4), "b"},
		{"rate, the largest median", "bw", values{Tuned("a"): {5, 5, 1}, Tuned("b"): {3, 4, 9}, OpenMPI: {1}}, num(5), "a"},
		{"equal, the first by name", "bw", values{Tuned("b"): {4}, Tuned("a"): {4}, OpenMPI: {4}}, num(4), "a"},
		{"as installed is better", "latency", values{Tuned("a"): {5}, OpenMPI: {3}, OpenMPIYield: {4}}, num(3), "openmpi"},
		{"yielding is better", "latency", values{Tuned("a"): {5}, OpenMPI: {30}, OpenMPIYield: {4}}, num(4), "openmpi_yield"},
		{"MPICH is another library", "latency", values{Tuned("a"): {5}, MPICH: {1}}, num(5), "a"},
		{"one variant failed", "latency", values{Tuned("a"): {}, Tuned("b"): {7}}, num(7), "b"},
		{"no variant ran", "latency", values{OpenMPI: {3}}, nil, ""},
	}
	for _, tt := range tests {
		var s Samples
		k := Key{"pt2pt", tt.of, 8, 2}
		s.Add(k, Ours, 1)
		for side, v := range tt.values {
			for _, one := range v {
				s.Add(k, side, one)
			}
		}
		r := s.Rows()[0]
		if !same(r.OpenMPITuned, tt.want) || r.TunedBy != tt.by {
			t.Errorf("%s: %v by %q, want %v by %q", tt.name, r.OpenMPITuned, r.TunedBy, tt.want, tt.by)
		}
		if tt.want == nil {
			continue
		}
		if by := Tuned(tt.by); len(tt.values[by]) > 0 {
			if sum, _ := Summarise(tt.values[by]); r.Runs[OpenMPITuned] != sum.N || r.Spread[OpenMPITuned] != [2]float64{sum.Lo, sum.Hi} {
				t.Errorf("%s: runs %v, spread %v are not those of %s", tt.name, r.Runs, r.Spread, tt.by)
			}
		}
		if len(r.Runs) > 4 || len(r.Spread) > 4 {
			t.Errorf("%s: variants among the sides of the row: %v", tt.name, r.Runs)
		}
		if c, _ := CaseNamed(tt.of); !same(r.RatioTuned, Ratio(c.Rate, num(1), tt.want)) {
			t.Errorf("%s: ratio %v", tt.name, *r.RatioTuned)
		}
	}
}

func TestVariant(t *testing.T) {
	if name, ok := Tuned("a").Variant(); !ok || name != "a" {
		t.Errorf("%q, %v", name, ok)
	}
	for _, s := range Sides {
		if name, ok := s.Variant(); ok {
			t.Errorf("%s is variant %q", s, name)
		}
	}
}
