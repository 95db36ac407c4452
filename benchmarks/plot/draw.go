package main

import (
	"image"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// dotsPerInch of the pictures.
const dotsPerInch = 120

// Colours that people who see fewer of them can tell apart (Okabe and Ito).
var colours = map[string]color.NRGBA{
	"ours":          {0, 114, 178, 255},
	"openmpi":       {213, 94, 0, 255},
	"openmpi_tuned": {230, 159, 0, 255},
	"openmpi_yield": {204, 121, 167, 255},
	"mpich":         {0, 158, 115, 255},
	"ratio":         {0, 114, 178, 255},
	"ratio_tuned":   {230, 159, 0, 255},
	"ratio_openmpi": {213, 94, 0, 255},
	"ratio_mpich":   {0, 158, 115, 255},
}

var (
	grey  = color.NRGBA{150, 150, 150, 255}
	faint = color.NRGBA{215, 215, 215, 255}
)

func colourOf(key string) color.Color {
	if c, ok := colours[key]; ok {
		return c
	}
	return grey
}

func (c *chart) draw() (image.Image, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = c.X, c.Y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Size = 11
		a.Tick.Label.Font.Size = 9.5
		a.Padding = 4
	}
	var entries []entry
	width, height := 8*vg.Inch, 5.5*vg.Inch
	if c.Rows == nil {
		var err error
		if entries, err = c.drawSizes(p); err != nil {
			return nil, err
		}
	} else {
		entries = c.drawRatios(p)
		height = 1.5*vg.Inch + vg.Length(len(c.Rows))*0.17*vg.Inch
	}
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch), vgimg.UseBackgroundColor(color.White))
	rest := draw.Crop(draw.New(canvas), 8, -12, 8, -8)
	rest = drawTitle(rest, p.Title.TextStyle, c.Title)
	rest = drawLegend(rest, entries)
	p.Draw(rest)
	return canvas.Image(), nil
}

// drawTitle and drawLegend draw at the top of a canvas, where they cover nothing, and return what is left of it.
func drawTitle(c draw.Canvas, style draw.TextStyle, title string) draw.Canvas {
	style.Font.Size = 13
	style.YAlign = draw.YTop
	c.FillText(style, vg.Point{X: c.Center().X, Y: c.Max.Y}, title)
	return draw.Crop(c, 0, 0, 0, -style.Height(title)-8)
}

// An entry of a legend.
type entry struct {
	name string
	mark []plot.Thumbnailer
}

// legendColumns is how many columns a legend has.
const legendColumns = 3

func drawLegend(c draw.Canvas, entries []entry) draw.Canvas {
	perColumn := (len(entries) + legendColumns - 1) / legendColumns
	taken := vg.Length(0)
	for i := 0; i*perColumn < len(entries); i++ {
		l := plot.NewLegend()
		l.Top, l.Left = true, true
		l.TextStyle.Font.Size = 10
		l.ThumbnailWidth = 0.4 * font.Inch
		l.Padding = 2
		for _, e := range entries[i*perColumn : min(len(entries), (i+1)*perColumn)] {
			l.Add(e.name, e.mark...)
		}
		column := c
		column.Min.X += 30 + vg.Length(i)*(c.Size().X-30)/legendColumns
		l.Draw(column)
		taken = max(taken, l.Rectangle(column).Size().Y)
	}
	return draw.Crop(c, 0, 0, 0, -taken-10)
}

// drawSizes draws figures against message sizes and returns what the legend has to say.
func (c *chart) drawSizes(p *plot.Plot) (entries []entry, err error) {
	p.X.Tick.Marker, p.Y.Tick.Marker = sizeTicks{}, decadeTicks{}
	p.Add(labelledGrid())
	x, y := newSpan(), newSpan()
	for i := range c.Series {
		s := &c.Series[len(c.Series)-1-i] // ours, the first, above the others
		for _, d := range s.Dots {
			x.add(max(d.X, 0.5))
			y.add(d.Y)
			if d.Lo > 0 {
				y.add(d.Lo)
				y.add(d.Hi)
			}
		}
		line, marks, err := s.curve()
		if err != nil {
			return nil, err
		}
		p.Add(&quartiles{s}, line, marks)
		entries = append(entries, entry{s.Name, []plot.Thumbnailer{line, marks}})
	}
	x.room(&p.X, 1.3)
	y.room(&p.Y, 1.3)
	slices.Reverse(entries)
	return entries, nil
}

// curve is the line of a series with a mark at each dot.
func (s *series) curve() (*plotter.Line, *plotter.Scatter, error) {
	xys := make(plotter.XYs, len(s.Dots))
	for i, d := range s.Dots {
		xys[i] = plotter.XY{X: sizeAt(d.X), Y: at(d.Y)}
	}
	line, marks, err := plotter.NewLinePoints(xys)
	if err != nil {
		return nil, nil, err
	}
	line.Color, line.Width = colourOf(s.Key), vg.Points(1.4)
	if s.Key == "ours" {
		line.Width = vg.Points(2.2)
	}
	switch s.Dash {
	case 1:
		line.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
	case 2:
		line.Dashes = []vg.Length{vg.Points(1.5), vg.Points(2.5)}
	}
	marks.Color = line.Color
	marks.Radius = vg.Points(2.6)
	marks.Shape = shapeOf(s.Key)
	return line, marks, nil
}

// shapeOf tells the sides apart without colour.
func shapeOf(key string) draw.GlyphDrawer {
	switch key {
	case "openmpi", "ratio_openmpi":
		return draw.SquareGlyph{}
	case "openmpi_tuned", "ratio_tuned":
		return draw.PyramidGlyph{}
	case "openmpi_yield":
		return draw.PlusGlyph{}
	case "mpich", "ratio_mpich":
		return draw.CrossGlyph{}
	}
	return draw.CircleGlyph{}
}

// quartiles are the vertical bars of a series.
type quartiles struct{ *series }

func (q *quartiles) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: colourOf(q.Key), Width: vg.Points(1)}
	for _, d := range q.Dots {
		if d.Lo <= 0 {
			continue
		}
		middle := x(sizeAt(d.X))
		c.StrokeLine2(style, middle, y(at(d.Lo)), middle, y(at(d.Hi)))
		for _, v := range []float64{d.Lo, d.Hi} {
			c.StrokeLine2(style, middle-2.5, y(at(v)), middle+2.5, y(at(v)))
		}
	}
}

// labelledGrid has a faint line at each tick that is written.
func labelledGrid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = faint, faint
	return g
}
