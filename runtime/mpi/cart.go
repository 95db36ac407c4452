package mpi

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Cart is a communicator whose ranks are the points of a grid, in row-major
// order: the last coordinate varies fastest.
//
//	grid, err := world.Cart([]int{0, 0}, []bool{true, false}, false)
//	up, down := grid.Shift(0, 1)
//	mpi.Sendrecv(grid.Comm, bottom, down, 0, halo, up, 0)
//
// It is a Topology: its neighbours are, for each dimension in turn, the rank one step before
// it and the one after it; ProcNull at a border. In a periodic dimension of 2 they are the same
// rank, and in one of 1 they are the rank itself. What goes to the neighbour after it arrives there as what comes
// from the neighbour before it, in those cases too.
type Cart struct {
	*Comm
	grid grid
	near Neighborhood
}

// Topology is a communicator that knows each rank's neighbours: a *Cart or a
// *Graph. The neighbourhood collectives take it.
type Topology interface {
	// Neighborhood is for package collective. No compatibility promise.
	Neighborhood() *Neighborhood
}

// Neighborhood is whom a rank hears of and whom it tells. No compatibility promise.
type Neighborhood struct {
	Comm         *Comm
	Sources      []int // ranks or ProcNull, in the order of the buffers
	Destinations []int
	// Order has the indices of Sources in such an order that messages from a rank that is there more than once
	// match those sent to Destinations in their order.
	Order []int
}

// Neighborhood is for package collective. No compatibility promise.
func (g *Cart) Neighborhood() *Neighborhood { return &g.near }

var errDisagree = errors.New("ranks disagree about the topology")

const (
	panicPeriodic = "mpi: periodic must be nil or have one entry per dim"
	panicCoords   = "mpi: want one coordinate per dim of the grid"
	panicDim      = "mpi: no such dim in the grid"
	panicKeep     = "mpi: want one entry per dim of the grid"
)

// Cart makes a communicator of the first ranks of c as a grid with these dims. Dims that are
// 0 are chosen by DimsCreate, for all ranks of c; when none is, and c has more ranks than the grid points, those
// that are left over get nil. periodic says in which dimensions the last point is next to the first; nil: in
// none. reorder allows ranks to be numbered otherwise than in c, to place neighbours on the same node; at
// present they keep their numbers.
//
// Every rank of c must call it with the same arguments. It fails on all when c has too few ranks or they can't be
// shared out.
func (c *Comm) Cart(dims []int, periodic []bool, reorder bool) (*Cart, error) {
	if err := c.checkIntra("Cart"); err != nil {
		return nil, err
	}
	if periodic != nil && len(periodic) != len(dims) {
		panic(panicPeriodic)
	}
	g := grid{dims: slices.Clone(dims), periodic: make([]bool, len(dims))}
	copy(g.periodic, periodic)
	if slices.Contains(dims, 0) {
		var err error
		if g.dims, err = fillDims(c.size, dims); err != nil {
			return nil, c.fail("Cart", ProcNull, AnyTag, err)
		}
	}
	n := 1
	for _, d := range g.dims {
		if d < 0 {
			panic(panicDims)
		}
		if n > c.size/d { // n*d > size, but that might overflow
			return nil, c.fail("Cart", ProcNull, AnyTag, errShape(c.size, dims))
		}
		n *= d
	}
	color := Undefined
	if c.rank < n {
		color = g.sum()
	}
	d, err := c.divide("Cart", color, c.rank, c.Name()+"/grid")
	if err != nil || d == nil {
		return nil, err
	}
	if d.size != n { // those who called with other arguments have another colour
		d.Free()
		return nil, c.fail("Cart", ProcNull, AnyTag, errDisagree)
	}
	return newCart(d, g), nil
}

// sum is a colour that tells grids apart: 31 bits of FNV-1a.
func (g grid) sum() int {
	h := uint32(2166136261)
	for k, d := range g.dims {
		d *= 2
		if g.periodic[k] {
			d++
		}
		for ; d > 0; d >>= 8 {
			h = (h ^ uint32(d&255)) * 16777619
		}
		h = (h ^ 256) * 16777619
	}
	return int(h >> 1)
}

func newCart(c *Comm, g grid) *Cart {
	ranks := g.neighbours(c.rank)
	order := make([]int, 0, len(ranks))
	for k := range g.dims { // where both are the same rank, what it sends backwards comes from ahead
		order = append(order, 2*k+1, 2*k)
	}
	return &Cart{c, g, Neighborhood{c, ranks, ranks, order}}
}

// Dims are the numbers of points in each dimension.
func (g *Cart) Dims() []int { return slices.Clone(g.grid.dims) }

// Periodic says for each dimension whether its last point is next to its first.
func (g *Cart) Periodic() []bool { return slices.Clone(g.grid.periodic) }

// Coords are the coordinates of a rank, 0 <= Coords[i] < Dims[i].
func (g *Cart) Coords(rank int) []int {
	if uint(rank) >= uint(g.size) {
		panic(panicRank)
	}
	return g.grid.coords(rank)
}

// RankOf is the rank at some coordinates. They may lie outside of the grid: in a periodic dimension they wrap
// around, elsewhere the rank is ProcNull.
func (g *Cart) RankOf(coords ...int) int {
	if len(coords) != len(g.grid.dims) {
		panic(panicCoords)
	}
	return g.grid.point(coords)
}

// Shift gives the partners of a shift of data by so many steps along a dimension: dst is the rank that lies
// as many steps ahead, src the one from which this rank gets its data. Each is ProcNull outside of the grid, so that
// Sendrecv does the right thing at the borders.
func (g *Cart) Shift(dim, by int) (src, dst int) {
	if uint(dim) >= uint(len(g.grid.dims)) {
		panic(panicDim)
	}
	return g.grid.step(g.rank, dim, -by), g.grid.step(g.rank, dim, by)
}

// Sub cuts the grid into grids of fewer dimensions, those where keep is true: of a matrix of ranks, Sub(false,
// true) makes the rows, and each rank gets its own. Every rank of the grid must call it with the same arguments.
func (g *Cart) Sub(keep ...bool) (*Cart, error) {
	if len(keep) != len(g.grid.dims) {
		panic(panicKeep)
	}
	if err := g.check("Sub", ProcNull, AnyTag); err != nil {
		return nil, err
	}
	slab, own := g.grid.split(g.rank, keep)
	s := g.grid.kept(keep)
	c, err := g.divide("Sub", slab, own, fmt.Sprintf("%s/%d", g.Name(), slab))
	if err != nil {
		return nil, err
	}
	if c.size != s.points() {
		c.Free()
		return nil, g.fail("Sub", ProcNull, AnyTag, errDisagree)
	}
	return newCart(c, s), nil
}

// Dup makes the same grid with a message space of its own.
func (g *Cart) Dup() (*Cart, error) {
	c, err := g.Comm.Dup()
	if err != nil {
		return nil, err
	}
	return newCart(c, g.grid), nil
}

// WithContext is Comm.WithContext for the grid.
func (g *Cart) WithContext(ctx context.Context) *Cart {
	return newCart(g.Comm.WithContext(ctx), g.grid)
}
