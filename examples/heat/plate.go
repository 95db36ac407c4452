package main

import (
	"fmt"
	"math"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// plate is the problem and how it is shared out: n x n cells, cut into down x
// across blocks. Block (i, j), counted from the upper left, belongs to rank
// i*across + j.
type plate struct {
	n            int
	down, across int
}

// newPlate cuts a plate of n x n cells for so many ranks. The nearer the blocks
// come to squares the shorter their rims, and rims are what has to be sent. Rather more
// blocks one below the other than side by side: a row lies in one piece.
func newPlate(n, ranks int) (plate, error) {
	dims, err := mpi.DimsCreate(ranks, 0, 0) // the larger one first
	if err != nil {
		return plate{}, err
	}
	p := plate{n: n, down: dims[0], across: dims[1]}
	if n < p.down {
		return p, fmt.Errorf("-n %d: %d ranks want a grid of at least %d cells per side", n, ranks, p.down)
	}
	return p, nil
}

// part is a rectangle of cells: rows top <= i < bottom, columns left <= j < right.
type part struct{ top, bottom, left, right int }

func (p part) rows() int { return p.bottom - p.top }
func (p part) cols() int { return p.right - p.left }

// part is what the rank computes. When n can't be divided evenly, some parts have a
// row or a column more than others.
func (p plate) part(rank int) part {
	i, j := rank/p.across, rank%p.across
	return part{
		top: i * p.n / p.down, bottom: (i + 1) * p.n / p.down,
		left: j * p.n / p.across, right: (j + 1) * p.n / p.across,
	}
}

// pipes run through the plate and keep the cells they cover at one temperature.
// Places and radii are in units of the plate's side; x points right, y down.
var pipes = []struct{ x, y, radius, temperature float64 }{
	{0.27, 0.30, 0.085, 1.0},
	{0.73, 0.24, 0.055, 0.0},
	{0.56, 0.50, 0.040, 0.8},
	{0.23, 0.72, 0.065, 0.0},
	{0.77, 0.70, 0.100, 1.0},
	{0.48, 0.82, 0.035, 0.9},
}

// rim is the temperature around the plate.
const rim = 0.25

// pipe returns the temperature of the pipe that covers cell (i, j), if one does.
func (p plate) pipe(i, j int) (temperature float64, ok bool) {
	x, y := (float64(j)+0.5)/float64(p.n), (float64(i)+0.5)/float64(p.n)
	for _, q := range pipes {
		if math.Hypot(x-q.x, y-q.y) < q.radius {
			return q.temperature, true
		}
	}
	return 0, false
}
