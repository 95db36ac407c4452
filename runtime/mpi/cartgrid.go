package mpi

// grid is the arithmetic of a Cartesian grid: points numbered row-major, so that the last
// coordinate varies fastest. Coordinates run from 0 to dims[i]-1.
type grid struct {
	dims     []int
	periodic []bool
}

// points is their number: 1 for a grid without dimensions.
func (g grid) points() int {
	n := 1
	for _, d := range g.dims {
		n *= d
	}
	return n
}

// coords of point i.
func (g grid) coords(i int) []int {
	at := make([]int, len(g.dims))
	for k := len(at) - 1; k >= 0; k-- {
		at[k] = i % g.dims[k]
		i /= g.dims[k]
	}
	return at
}

// point at coordinates, which wrap around in a periodic dimension; ProcNull outside of the grid.
func (g grid) point(at []int) int {
	i := 0
	for k, x := range at {
		d := g.dims[k]
		if x < 0 || x >= d {
			if !g.periodic[k] {
				return ProcNull
			}
			x = ((x % d) + d) % d
		}
		i = i*d + x
	}
	return i
}

// step is the point that lies by so many steps ahead of point i in dimension k; ProcNull outside.
func (g grid) step(i, k, by int) int {
	stride := 1
	for _, d := range g.dims[k+1:] {
		stride *= d
	}
	d := g.dims[k]
	at := i / stride % d
	x := at + by%d
	switch {
	case g.periodic[k]:
		x = (x + d) % d
	case by >= d || by <= -d || x < 0 || x >= d:
		return ProcNull
	}
	return i + (x-at)*stride
}

// neighbours of point i: for each dimension the one before it, then the one after it.
func (g grid) neighbours(i int) []int {
	out := make([]int, 0, 2*len(g.dims))
	for k := range g.dims {
		out = append(out, g.step(i, k, -1), g.step(i, k, +1))
	}
	return out
}

// split takes point i apart, into the number of the slab that it lies in, all of whose points have the same
// coordinates where keep is false, and its own number in the slab, a grid of the dimensions where keep is true.
func (g grid) split(i int, keep []bool) (slab, own int) {
	at := g.coords(i)
	for k, d := range g.dims {
		if keep[k] {
			own = own*d + at[k]
		} else {
			slab = slab*d + at[k]
		}
	}
	return slab, own
}

// kept is the grid of the dimensions where keep is true.
func (g grid) kept(keep []bool) grid {
	var s grid
	for k, yes := range keep {
		if yes {
			s.dims, s.periodic = append(s.dims, g.dims[k]), append(s.periodic, g.periodic[k])
		}
	}
	return s
}
