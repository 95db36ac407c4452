package main

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// All axes of figures are linear in the logarithm to base 2, and their ticks are named after the figures: gonum's own
// logarithmic axis misplaces its title and leaves room for it at the right.
func at(figure float64) float64 { return math.Log2(figure) }

// sizeAt is the place of a message size. Size 0 stands one step before 1.
func sizeAt(bytes float64) float64 { return at(max(bytes, 0.5)) }

// sizeTicks marks every power of two and writes every second one, on a short axis each.
type sizeTicks struct{}

func (sizeTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	every := 2.0
	if hi-lo <= 14 {
		every = 1
	}
	for e := math.Ceil(lo); e <= hi; e++ {
		t := plot.Tick{Value: e}
		if e == sizeAt(0) {
			t.Label = "0"
		} else if math.Mod(e, every) == 0 {
			t.Label = sizeName(math.Exp2(e))
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// sizeName writes 65536 as 64K.
func sizeName(bytes float64) string {
	units := []string{"", "K", "M", "G"}
	i := 0
	for ; bytes >= 1024 && i < len(units)-1; i++ {
		bytes /= 1024
	}
	return strconv.FormatFloat(bytes, 'f', -1, 64) + units[i]
}

// decadeTicks writes 1, 10, 100 ..., on short axes 1, 2, 5, 10 ..., and marks what is between.
type decadeTicks struct{}

func (decadeTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	short := hi-lo <= at(1e3)
	for e := math.Floor(math.Log10(math.Exp2(lo))); e <= math.Ceil(math.Log10(math.Exp2(hi))); e++ {
		for m := 1.0; m < 10; m++ {
			figure := m * math.Pow(10, e)
			t := plot.Tick{Value: at(figure)}
			if t.Value < lo || t.Value > hi {
				continue
			}
			if m == 1 || short && (m == 2 || m == 5) {
				t.Label = plain(figure)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// ratioTicks writes powers of two: with what is between them on a short axis, every second or third one on a long axis.
type ratioTicks struct{}

func (ratioTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	step := max(1, math.Ceil((hi-lo)/11))
	for e := math.Floor(lo/step) * step; e <= hi; e += step { // multiples of the step, so that 1 is one of them
		figures := []float64{math.Exp2(e)}
		if hi-lo < 5 {
			figures = append(figures, 1.5*math.Exp2(e))
		}
		for _, f := range figures {
			if x := at(f); x >= lo && x <= hi {
				ticks = append(ticks, plot.Tick{Value: x, Label: plain(f) + "x"})
			}
		}
	}
	return ticks
}

// plain writes a figure without the error of its computation, and without an exponent unless it is far from 1.
func plain(v float64) string {
	if v < 1e-3 || v >= 1e7 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

// A span is the range of some figures.
type span struct{ lo, hi float64 }

func newSpan() span { return span{math.Inf(1), math.Inf(-1)} }

func (s *span) add(figure float64) { s.lo, s.hi = min(s.lo, figure), max(s.hi, figure) }

// room makes an axis show the span and some room, a factor of `by`, at both ends.
func (s span) room(axis *plot.Axis, by float64) { axis.Min, axis.Max = at(s.lo/by), at(s.hi*by) }
