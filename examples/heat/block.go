package main

import (
	"math"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

const tagField = 0

// block is a rank's part of the plate with its halo: rows+2 by cols+2 cells, row
// after row. The cells of the part itself have the indices 1..rows, 1..cols; the
// frame around them belongs to the neighbours, or is the rim of the plate.
type block struct {
	plate plate
	part
	width     int       // from a cell to the one below it: cols + 2
	now, next []float64 // temperatures before and after a sweep; then they change places
	fixed     []int     // indices of the cells that a pipe keeps as they are

	// The four sides, in the order of the grid's neighbours: above, below, left, right. Layouts tell which cells of the
	// block to send there and which to fill from there, so that nothing has to be copied by hand.
	mine, halo []mpi.Layout

	// The exchange of the sides, prepared once for each of the two buffers: that of now first. nil for a block without neighbours.
	exchange [2]*collective.Request
	inner    part // the cells that don't need what comes
}

func newBlock(p plate, rank int) *block {
	b := &block{plate: p, part: p.part(rank)}
	rows, cols := b.rows(), b.cols()
	b.width = cols + 2
	b.inner = part{1, rows + 1, 1, cols + 1}
	b.now = make([]float64, (rows+2)*b.width)
	b.next = make([]float64, len(b.now))
	for k := range b.now {
		b.now[k], b.next[k] = rim, rim // also where the halo is the rim, for good
	}
	for i := range rows {
		for j := range cols {
			if t, ok := p.pipe(b.top+i, b.left+j); ok {
				k := b.index(i+1, j+1)
				b.now[k] = t
				b.fixed = append(b.fixed, k)
			}
		}
	}

	// A row lies in one piece. The cells of a column lie width apart from each
	// other: rows blocks of one element each.
	row := layout.Contiguous(cols)
	column := layout.Vector(rows, 1, b.width)
	b.mine = []mpi.Layout{row.At(b.index(1, 1)), row.At(b.index(rows, 1)), column.At(b.index(1, 1)), column.At(b.index(1, cols))}
	b.halo = []mpi.Layout{row.At(b.index(0, 1)), row.At(b.index(rows+1, 1)), column.At(b.index(1, 0)), column.At(b.index(1, cols+1))}
	return b
}

func (b *block) index(i, j int) int { return i*b.width + j }

// row is row i of the part, without the halo.
func (b *block) row(i int) []float64 {
	return b.now[b.index(i+1, 1):b.index(i+1, b.cols()+1)]
}

// join prepares the exchange with the neighbours on the grid. Who has none on a side, at the rim of the plate, neither sends
// there nor receives: that part of the halo stays as it is.
func (b *block) join(grid *mpi.Cart) (err error) {
	for i, cells := range [][]float64{b.now, b.next} {
		if b.exchange[i], err = collective.NeighborAlltoallwInit(grid, cells, b.halo, cells, b.mine); err != nil {
			return err
		}
	}
	in := &b.inner
	for side, rank := range grid.Neighborhood().Sources {
		switch {
		case rank == mpi.ProcNull:
		case side == 0:
			in.top++
		case side == 1:
			in.bottom = max(in.bottom-1, in.top)
		case side == 2:
			in.left++
		default:
			in.right = max(in.right-1, in.left)
		}
	}
	return nil
}

// sweep replaces every cell by the average of its four neighbours. Only cells beside other blocks need what these send. So the
// exchange is begun, the others are computed while messages travel, and only then are they waited for.
func (b *block) sweep() error {
	in := b.inner
	if b.exchange[0] == nil { // the whole plate
		b.average(in)
	} else {
		b.exchange[0].Start()
		b.average(in)
		if err := b.exchange[0].Wait(); err != nil {
			return err
		}
		b.average(part{1, in.top, 1, b.cols() + 1})
		b.average(part{in.bottom, b.rows() + 1, 1, b.cols() + 1})
		b.average(part{in.top, in.bottom, 1, in.left})
		b.average(part{in.top, in.bottom, in.right, b.cols() + 1})
	}
	for _, k := range b.fixed {
		b.next[k] = b.now[k]
	}
	b.now, b.next = b.next, b.now
	b.exchange[0], b.exchange[1] = b.exchange[1], b.exchange[0]
	return nil
}

// average computes the cells of p.
func (b *block) average(p part) {
	if p.cols() == 1 { // a loop over rows of one cell would do little else than cut slices
		for k := b.index(p.top, p.left); k < b.index(p.bottom, p.left); k += b.width {
			near := b.now[k-b.width : k+b.width+1]
			b.next[k] = 0.25 * (near[0] + near[2*b.width] + near[b.width-1] + near[b.width+1])
		}
		return
	}
	for i := p.top; i < p.bottom; i++ {
		// Slices of equal length let the compiler leave out the bounds checks.
		next := b.next[b.index(i, p.left):b.index(i, p.right)]
		above := b.now[b.index(i-1, p.left):][:len(next)]
		below := b.now[b.index(i+1, p.left):][:len(next)]
		west := b.now[b.index(i, p.left-1):][:len(next)]
		east := b.now[b.index(i, p.left+1):][:len(next)]
		for j := range next {
			next[j] = 0.25 * (above[j] + below[j] + west[j] + east[j])
		}
	}
}

// change is how much the last sweep changed the cell that it changed most.
func (b *block) change() float64 {
	largest := 0.0
	for i := 1; i <= b.rows(); i++ {
		for k := b.index(i, 1); k < b.index(i, b.cols()+1); k++ {
			largest = max(largest, math.Abs(b.now[k]-b.next[k]))
		}
	}
	return largest
}

// gather returns the whole plate, n x n cells, on rank 0, and nil elsewhere.
func (b *block) gather(world *mpi.Comm) ([]float64, error) {
	// Every rank sends its block without the halo, rank 0 to itself as well. A
	// Subarray is a rectangle inside a larger one.
	rows, cols := b.rows(), b.cols()
	inner := layout.Subarray([]int{rows + 2, cols + 2}, []int{rows, cols}, []int{1, 1})
	pending := []mpi.Request{mpi.Isend(world, b.now, 0, tagField, inner)}

	var field []float64
	if world.Rank() == 0 {
		n := b.plate.n
		field = make([]float64, n*n)
		for rank := range world.Size() {
			// And on arrival it is a rectangle inside of the plate.
			p := b.plate.part(rank)
			place := layout.Subarray([]int{n, n}, []int{p.rows(), p.cols()}, []int{p.top, p.left})
			pending = append(pending, mpi.Irecv(world, field, rank, tagField, place))
		}
	}
	return field, mpi.WaitAll(pending, nil)
}

// set gives a block that is the whole plate the temperatures that gather returned.
func (b *block) set(field []float64) {
	for i := range b.rows() {
		copy(b.row(i), field[i*b.cols():])
	}
}
