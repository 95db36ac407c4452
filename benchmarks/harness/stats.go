package harness

import (
	"math"
	"slices"
	"strconv"
)

// A Summary is what several runs of one point come down to.
type Summary struct {
	N      int     // runs
	Median float64 // of the runs
	Lo, Hi float64 // quartiles; the smallest and the largest below four runs
}

// Summarise takes the values of the runs in any order; ok is false when there are none. values stays as it is.
func Summarise(values []float64) (s Summary, ok bool) {
	if len(values) == 0 {
		return Summary{}, false
	}
	sorted := slices.Sorted(slices.Values(values))
	s = Summary{N: len(sorted), Median: quantile(sorted, 0.5), Lo: sorted[0], Hi: sorted[len(sorted)-1]}
	if len(sorted) >= 4 {
		s.Lo, s.Hi = quantile(sorted, 0.25), quantile(sorted, 0.75)
	}
	return s, true
}

// quantile interpolates linearly between the order statistics (what R calls type 7). sorted is not empty.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// round4 keeps four significant digits: more would pretend.
func round4(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	if err != nil { // rounded up beyond the largest number
		return v
	}
	return rounded
}
