package main

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type point struct{ X, Y float64 }

// square is the square of the distance of two points.
func (p point) square(q point) float64 { return (p.X-q.X)*(p.X-q.X) + (p.Y-q.Y)*(p.Y-q.Y) }

// nearest is which centre is nearest to p, and the square of its distance. Of
// centres equally near it is the first.
func (p point) nearest(centres []point) (g uint8, square float64) {
	square = math.Inf(1)
	for c, centre := range centres {
		if s := p.square(centre); s < square {
			g, square = uint8(c), s
		}
	}
	return g, square
}

// deviation is how far points lie from their centre in each direction: the standard
// deviation of a normal distribution. The centres are more than ten times as far
// apart.
const deviation = 0.12

// trueCentre is centre c of as many as one likes: like the seeds of a sunflower,
// which are evenly spread however many there are (Vogel, Mathematical Biosciences
// 44, 1979).
func trueCentre(c int) point {
	radius, angle := math.Sqrt(float64(c)+0.5), float64(c)*math.Pi*(3-math.Sqrt(5))
	return point{radius * math.Cos(angle), radius * math.Sin(angle)}
}

// newPoint makes point i from seed and i alone, so that the points are the same
// whatever the number of ranks.
func newPoint(seed uint64, i, k int) point {
	random := rand.New(rand.NewPCG(seed, uint64(i)))
	centre := trueCentre(i % k)
	return point{centre.X + deviation*random.NormFloat64(), centre.Y + deviation*random.NormFloat64()}
}

const pixels = 600 // width and height of the picture

// paint writes the points as a PNG, each group in its colour.
func paint(world *mpi.Comm, path string, points, centres []point) (err error) {
	// Each rank paints its points in a picture of its own, where a pixel is the
	// number of a colour, and 0 is nothing. The greater number wins where two ranks
	// have painted: with Max the pictures become one.
	radius := math.Sqrt(float64(len(centres))) + 4*deviation
	pixel := func(v float64) int { return int((v + radius) / (2 * radius) * pixels) }
	picture := image.NewPaletted(image.Rect(0, 0, pixels, pixels), color.Palette{color.White})
	for c := range centres {
		picture.Palette = append(picture.Palette, colour(c))
	}
	for _, p := range points {
		x, y := pixel(p.X), pixel(p.Y)
		if !(image.Point{X: x, Y: y}).In(picture.Rect) {
			continue
		}
		g, _ := p.nearest(centres)
		at := &picture.Pix[picture.PixOffset(x, y)]
		*at = max(*at, g+1)
	}
	if err := collective.Reduce(world, picture.Pix, picture.Pix, collective.Max, 0); err != nil || world.Rank() != 0 {
		return err
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

// colour is that of a group: neighbours in number differ much in hue.
func colour(c int) color.Color {
	hue := math.Mod(float64(c)*0.618034, 1) * 2 * math.Pi
	part := func(shift float64) uint8 { return uint8(128 + 100*math.Cos(hue-shift)) }
	return color.RGBA{part(0), part(2 * math.Pi / 3), part(4 * math.Pi / 3), 255}
}
