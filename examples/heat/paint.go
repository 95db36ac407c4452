package main

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
)

const (
	pixels   = 720  // how wide the picture is at least
	isotherm = 0.05 // temperature from one line to the next; the first is at half of it, so that none runs along a pipe
)

// colours are the temperatures from 0 to 1, evenly spaced. Each is brighter than
// the one before, so that the picture can be read without colours too.
var colours = []color.RGBA{
	{13, 8, 135, 255}, {84, 2, 163, 255}, {139, 10, 165, 255}, {185, 50, 137, 255},
	{219, 92, 104, 255}, {244, 136, 73, 255}, {254, 188, 43, 255}, {240, 249, 33, 255},
}

// paint writes the n x n temperatures as a PNG with thin lines of equal
// temperature.
func paint(path string, field []float64, n int) (err error) {
	scale := (pixels + n - 1) / n // pixels per cell
	at := func(x, y int) float64 {
		return between(field, n, (float64(x)+0.5)/float64(scale)-0.5, (float64(y)+0.5)/float64(scale)-0.5)
	}
	picture := image.NewRGBA(image.Rect(0, 0, n*scale, n*scale))
	for y := range n * scale {
		for x := range n * scale {
			t := at(x, y)
			c := colour(t)
			// By how much the temperature changes from a pixel to the next tells
			// how many pixels away the nearest line is. Where it is constant there
			// are no lines.
			if slope := math.Hypot(at(x+1, y)-t, at(x, y+1)-t); slope > 1e-9 {
				away := math.Abs(math.Remainder(t-isotherm/2, isotherm)) / slope
				c = darken(c, 0.4*max(0, min(1, 1.2-away)))
			}
			picture.SetRGBA(x, y, c)
		}
	}

	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	return png.Encode(file, picture)
}

// between is the temperature at a point between the centres of cells.
func between(field []float64, n int, x, y float64) float64 {
	last := float64(n - 1)
	x, y = max(0, min(x, last)), max(0, min(y, last))
	j, i := int(x), int(y)
	fx, fy := x-float64(j), y-float64(i)
	right := min(j+1, n-1)
	above, below := field[i*n:], field[min(i+1, n-1)*n:]
	return (1-fy)*((1-fx)*above[j]+fx*above[right]) + fy*((1-fx)*below[j]+fx*below[right])
}

// colour is that of a temperature from 0 to 1.
func colour(t float64) color.RGBA {
	k, f := math.Modf(t * float64(len(colours)-1))
	a, b := colours[int(k)], colours[min(int(k)+1, len(colours)-1)]
	mix := func(a, b uint8) uint8 { return uint8((1-f)*float64(a) + f*float64(b) + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// darken takes c towards black, all the way when by is 1.
func darken(c color.RGBA, by float64) color.RGBA {
	dark := func(v uint8) uint8 { return uint8((1 - by) * float64(v)) }
	return color.RGBA{dark(c.R), dark(c.G), dark(c.B), 255}
}
