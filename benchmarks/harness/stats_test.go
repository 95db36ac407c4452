package harness

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSummarise(t *testing.T) {
	tests := []struct {
		in   []float64
		want Summary
	}{
		{[]float64{3}, Summary{1, 3, 3, 3}},
		{[]float64{4, 2}, Summary{2, 3, 2, 4}},
		{[]float64{9, 1, 2}, Summary{3, 2, 1, 9}},
		{[]float64{5, 1, 4, 2, 300}, Summary{5, 4, 2, 5}},
		{[]float64{1, 2, 3, 4}, Summary{4, 2.5, 1.75, 3.25}},
	}
	for _, tt := range tests {
		before := slices.Clone(tt.in)
		if got, ok := Summarise(tt.in); !ok || got != tt.want {
			t.Errorf("Summarise(%v) = %v, %v; want %v", tt.in, got, ok, tt.want)
		}
		if !slices.Equal(before, tt.in) {
			t.Errorf("Summarise changed %v to %v", before, tt.in)
		}
	}
	if _, ok := Summarise(nil); ok {
		t.Error("a summary of nothing")
	}
}

// Half of the values on either side of the median, a quarter outside each quartile.
func TestSummariseSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 40).Draw(t, "values")
		s, _ := Summarise(v)
		count := func(in func(float64) bool) (n int) {
			for _, x := range v {
				if in(x) {
					n++
				}
			}
			return n
		}
		if 2*count(func(x float64) bool { return x <= s.Median }) < len(v) || 2*count(func(x float64) bool { return x >= s.Median }) < len(v) {
			t.Fatalf("median %v of %v", s.Median, v)
		}
		if s.Lo > s.Median || s.Hi < s.Median || count(func(x float64) bool { return x < s.Lo }) > (len(v)+3)/4 || count(func(x float64) bool { return x > s.Hi }) > (len(v)+3)/4 {
			t.Fatalf("quartiles %v %v of %v", s.Lo, s.Hi, v)
		}
	})
}

func TestRound4(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 0.123456: 0.1235, 123456: 123500, 1.00004: 1, 99999: 100000, 0.25: 0.25, -1.23456: -1.235, 1.8227e-304: 1.823e-304} {
		if got := round4(in); got != want {
			t.Errorf("round4(%v) = %v, want %v", in, got, want)
		}
	}
}
