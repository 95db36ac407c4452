package main

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawRatios draws a line for each row with its ratios as marks and what they should reach as strokes, so that the targets
// of neighbouring rows make one line. A mark that does not reach its target has a red ring. It returns what the legend has
// to say.
func (c *chart) drawRatios(p *plot.Plot) (entries []entry) {
	x := newSpan()
	x.add(0.5)
	x.add(4)
	for _, s := range c.Series {
		for _, d := range s.Dots {
			x.add(d.X)
			if d.Target > 0 {
				x.add(d.Target)
			}
		}
	}
	x.room(&p.X, 1.15)
	p.X.Tick.Marker = ratioTicks{}
	ticks := make(plot.ConstantTicks, len(c.Rows))
	for i, name := range c.Rows {
		ticks[i] = plot.Tick{Value: rowAt(float64(i)), Label: name}
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.Tick.Label.Font.Size = 9
	p.Y.Min, p.Y.Max = rowAt(float64(len(c.Rows))-0.4), rowAt(-0.6)
	p.Add(labelledGrid(), parity{})
	for i := range c.Series {
		p.Add(targetLine{&c.Series[i]})
	}
	targets, missed := false, false
	for i := range c.Series {
		s := &c.Series[i]
		p.Add(ratioMarks{s})
		entries = append(entries, entry{s.Name, []plot.Thumbnailer{ratioMarks{s}}})
		for _, d := range s.Dots {
			targets = targets || d.Target > 0
			missed = missed || d.Target > d.X
		}
	}
	if targets {
		entries = append(entries, entry{"target, in the ratio's colour", []plot.Thumbnailer{targetLine{}}})
	}
	if missed {
		entries = append(entries, entry{"below its target", []plot.Thumbnailer{missedMark{}}})
	}
	return entries
}

// rowAt is where a row lies: the first one is at the top.
func rowAt(index float64) float64 { return -index }

// parity is the line between ahead and behind.
type parity struct{}

func (parity) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(1)}, x(at(1)), c.Min.Y, x(at(1)), c.Max.Y)
}

// targetLine is what the ratios of a series should reach.
type targetLine struct{ *series }

func (t targetLine) style() draw.LineStyle {
	s := draw.LineStyle{Color: grey, Width: vg.Points(1.6)}
	if t.series != nil {
		s.Color = colourOf(t.Key)
	}
	return s
}

func (t targetLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, d := range t.Dots {
		if d.Target > 0 {
			c.StrokeLine2(t.style(), x(at(d.Target)), y(rowAt(d.Y-0.5)), x(at(d.Target)), y(rowAt(d.Y+0.5)))
		}
	}
}

func (t targetLine) Thumbnail(c *draw.Canvas) {
	c.StrokeLine2(t.style(), c.Center().X, c.Min.Y, c.Center().X, c.Max.Y)
}

// ratioMarks are the figures of a series.
type ratioMarks struct{ *series }

func (m ratioMarks) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: colourOf(m.Key), Radius: vg.Points(3), Shape: shapeOf(m.Key)}
}

func (m ratioMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, d := range m.Dots {
		middle := vg.Point{X: x(at(d.X)), Y: y(rowAt(d.Y))}
		c.DrawGlyph(m.glyph(), middle)
		if d.Target > d.X {
			c.DrawGlyph(missedGlyph, middle)
		}
	}
}

func (m ratioMarks) Thumbnail(c *draw.Canvas) { c.DrawGlyph(m.glyph(), c.Center()) }

var missedGlyph = draw.GlyphStyle{Color: color.NRGBA{220, 0, 0, 255}, Radius: vg.Points(5), Shape: draw.RingGlyph{}}

// missedMark explains the ring.
type missedMark struct{}

func (missedMark) Thumbnail(c *draw.Canvas) { c.DrawGlyph(missedGlyph, c.Center()) }
