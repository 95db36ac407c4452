package main

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// poisson is the matrix, or what a rank has to know of it: rows first <= i < last
// of the grid. No number of the matrix is stored; all that is done with it is
// to multiply.
type poisson struct {
	grid        *mpi.Cart
	n           int // points in a row
	first, last int

	// p is what is multiplied: the row above, the rank's own, the row below. At the
	// border of the square the row above or below is the 0 around it, for good.
	p    []float64
	halo *collective.Request
}

func newPoisson(world *mpi.Comm, n int) (*poisson, error) {
	// The ranks stand in a line, each next to those that have the rows next to its
	// own.
	grid, err := world.Cart([]int{world.Size()}, nil, false)
	if err != nil {
		return nil, err
	}
	a := &poisson{
		grid:  grid,
		n:     n,
		first: grid.Rank() * n / grid.Size(),
		last:  (grid.Rank() + 1) * n / grid.Size(),
	}
	rows := a.last - a.first
	a.p = make([]float64, (rows+2)*n)

	// The first and the last of the own rows go to the neighbours before and after;
	// theirs come to where they touch. It is the same exchange of the same memory
	// every time: it is prepared once, and started as often as needed. Neighbours
	// that don't exist get and send nothing.
	counts := []int{n, n}
	send, recv := []int{n, rows * n}, []int{0, (rows + 1) * n}
	a.halo, err = collective.NeighborAlltoallvInit(grid, a.p, counts, recv, a.p, counts, send)
	return a, err
}

// own is the rank's part of what is multiplied, to be set before times.
func (a *poisson) own() []float64 { return a.p[a.n : len(a.p)-a.n] }

// times puts the product of the matrix and p into q.
func (a *poisson) times(q []float64) error {
	a.halo.Start()
	rows := a.last - a.first
	for i := 1; i < rows-1; i++ { // what needs none of the neighbours' rows
		a.row(q, i)
	}
	if err := a.halo.Wait(); err != nil {
		return err
	}
	a.row(q, 0)
	if rows > 1 {
		a.row(q, rows-1)
	}
	return nil
}

// row computes one of the rank's rows of the product.
func (a *poisson) row(q []float64, i int) {
	// Slices of equal length let the compiler leave out the bounds checks.
	n := a.n
	q = q[i*n:][:n]
	above, here, below := a.p[i*n:][:n], a.p[(i+1)*n:][:n], a.p[(i+2)*n:][:n]
	left := 0.0 // outside of the square
	for j, v := range here {
		q[j] = 4*v - above[j] - below[j] - left
		left = v
	}
	for j, right := range here[1:] {
		q[j] -= right
	}
}

// dot is the dot product of two vectors that are shared out as the rows are.
func (a *poisson) dot(x, y []float64) (float64, error) {
	sum := []float64{floats.Dot(x, y)}
	err := collective.Allreduce(a.grid.Comm, sum, sum, collective.Sum)
	return sum[0], err
}

// each is a function of the place, x to the right and y down, at the rank's points.
func (a *poisson) each(f func(x, y, h float64) float64) []float64 {
	h := 1 / float64(a.n+1) // from a point to the next
	v := make([]float64, 0, (a.last-a.first)*a.n)
	for i := a.first; i < a.last; i++ {
		for j := range a.n {
			v = append(v, f(float64(j+1)*h, float64(i+1)*h, h))
		}
	}
	return v
}

// The solution is a product of two cubic polynomials. Differences over a grid are
// exact for those: what the equations of the grid give is not near the solution of
// the differential equation, it is that solution. And it has no symmetry, so that
// rows or columns in the wrong order don't go unnoticed.

// solution is 0 around the square.
func solution(x, y, _ float64) float64 {
	return (x - x*x*x) * (2*y - 3*y*y + y*y*y)
}

// load is minus the sum of the solution's second derivatives, in the units of the
// matrix, which does not divide by the square of h.
func load(x, y, h float64) float64 {
	return h * h * (6*x*(2*y-3*y*y+y*y*y) + (x-x*x*x)*6*(1-y))
}

// eigenvalues are the least and the greatest of the matrix.
func (a *poisson) eigenvalues() (least, greatest float64) {
	sin, cos := math.Sincos(math.Pi / 2 / float64(a.n+1))
	return 8 * sin * sin, 8 * cos * cos
}
