package collective_test

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// origin says what should arrive from a source: piece slot of rank's src; rank is ProcNull where nothing should.
type origin struct{ rank, slot int }

// grids for the tests: sizes 1 and 2 in all places, periodic or not.
var grids = []struct {
	dims     []int
	periodic []bool
}{
	{[]int{1}, []bool{true}},
	{[]int{1}, []bool{false}},
	{[]int{2}, []bool{true}},
	{[]int{2}, []bool{false}},
	{[]int{3}, []bool{true}},
	{[]int{3, 2}, []bool{false, true}},
	{[]int{2, 2}, []bool{true, true}},
	{[]int{1, 1}, []bool{true, true}},
	{[]int{3, 3}, []bool{true, false}},
	{[]int{2, 1, 4}, []bool{true, true, true}},
	{[]int{}, []bool{}},
}

// origins of a rank of a grid: what it gets from the neighbour behind is what that one sends ahead, and the other
// way round.
func origins(g *mpi.Cart) []origin {
	var all []origin
	dims, periodic := g.Dims(), g.Periodic()
	for k := range dims {
		for i, by := range []int{-1, 1} {
			at := g.Coords(g.Rank())
			at[k] += by
			if !periodic[k] && (at[k] < 0 || at[k] >= dims[k]) {
				all = append(all, origin{mpi.ProcNull, 0})
				continue
			}
			at[k] = (at[k] + dims[k]) % dims[k]
			all = append(all, origin{g.RankOf(at...), 2*k + 1 - i})
		}
	}
	return all
}

// exchange tries the neighbourhood collectives with pieces of about k elements, which tell their sender and slot.
func exchange(c mpi.Topology, from []origin, out, k int) error {
	comm := c.Neighborhood().Comm
	const untouched = -1
	value := func(rank, slot, i int) int32 { return int32(rank<<24 | slot<<16 | i&0xffff) }
	length := func(rank, slot int) int { return (k + 7*rank + 3*slot) % (k + 4) }
	blank := func(n int) []int32 {
		b := make([]int32, n)
		for i := range b {
			b[i] = untouched
		}
		return b
	}

	// Pieces of one length.
	var src, want []int32
	for s := range out {
		for i := range k {
			src = append(src, value(comm.Rank(), s, i))
		}
	}
	for _, o := range from {
		for i := range k {
			if o.rank == mpi.ProcNull {
				want = append(want, untouched)
			} else {
				want = append(want, value(o.rank, o.slot, i))
			}
		}
	}
	dst := blank(len(want))
	if err := collective.NeighborAlltoall(c, dst, src); err != nil {
		return err
	}
	if err := differ("NeighborAlltoall", dst, want); err != nil {
		return err
	}

	own := make([]int32, k)
	for i := range own {
		own[i] = value(comm.Rank(), 0, i)
	}
	for s, o := range from {
		for i := range k {
			if o.rank != mpi.ProcNull {
				want[s*k+i] = value(o.rank, 0, i)
			}
		}
	}
	dst = blank(len(want))
	if err := collective.NeighborAllgather(c, dst, own); err != nil {
		return err
	}
	if err := differ("NeighborAllgather", dst, want); err != nil {
		return err
	}

	// Pieces of different lengths: side by side, and backwards with gaps.
	for _, gaps := range []bool{false, true} {
		var in, to int
		recv, send := make([]int, len(from)), make([]int, out)
		for s, o := range from {
			if o.rank != mpi.ProcNull {
				recv[s] = length(o.rank, o.slot)
			} else {
				recv[s] = 2
			}
			in += recv[s] + 1
		}
		for s := range out {
			send[s] = length(comm.Rank(), s)
			to += send[s] + 1
		}
		recvAt, sendAt := places(recv, in, gaps), places(send, to, gaps)
		dst, src, want := blank(in), blank(to), blank(in)
		for s, n := range send {
			for i := range n {
				src[sendAt[s]+i] = value(comm.Rank(), s, i)
			}
		}
		for s, o := range from {
			for i := 0; o.rank != mpi.ProcNull && i < recv[s]; i++ {
				want[recvAt[s]+i] = value(o.rank, o.slot, i)
			}
		}
		recvDispls, sendDispls := recvAt, sendAt
		if !gaps {
			recvDispls, sendDispls = nil, nil
		}
		if err := collective.NeighborAlltoallv(c, dst, recv, recvDispls, src, send, sendDispls); err != nil {
			return err
		}
		if err := differ("NeighborAlltoallv", dst, want); err != nil {
			return err
		}

		// The same by layouts, into every other element.
		wide, wideWant := blank(2*in), blank(2*in)
		recvL, sendL := make([]mpi.Layout, len(recv)), make([]mpi.Layout, len(send))
		for s, n := range recv {
			recvL[s] = layout.Vector(n, 1, 2).At(2 * recvAt[s])
		}
		for s, n := range send {
			sendL[s] = layout.Contiguous(n).At(sendAt[s])
		}
		for i, v := range want {
			wideWant[2*i] = v
		}
		if err := collective.NeighborAlltoallw(c, wide, recvL, src, sendL); err != nil {
			return err
		}
		if err := differ("NeighborAlltoallw", wide, wideWant); err != nil {
			return err
		}
		// And the other way round, out of every other element.
		wide = blank(2 * to)
		for s, n := range send {
			sendL[s] = layout.Vector(n, 1, 2).At(2 * sendAt[s])
		}
		for s, n := range recv {
			recvL[s] = layout.Contiguous(n).At(recvAt[s])
		}
		for i, v := range src {
			wide[2*i] = v
		}
		dst = blank(in)
		if err := collective.NeighborAlltoallw(c, dst, recvL, wide, sendL); err != nil {
			return err
		}
		if err := differ("NeighborAlltoallw out of columns", dst, want); err != nil {
			return err
		}

		// Everybody's own length, the same to all.
		counts, in := make([]int, len(from)), 0
		for s, o := range from {
			if counts[s] = 1; o.rank != mpi.ProcNull {
				counts[s] = length(o.rank, 0)
			}
			in += counts[s] + 1
		}
		at := places(counts, in, gaps)
		dst, want = blank(in), blank(in)
		mine := make([]int32, length(comm.Rank(), 0))
		for i := range mine {
			mine[i] = value(comm.Rank(), 0, i)
		}
		for s, o := range from {
			for i := 0; o.rank != mpi.ProcNull && i < counts[s]; i++ {
				want[at[s]+i] = value(o.rank, 0, i)
			}
		}
		displs := at
		if !gaps {
			displs = nil
		}
		if err := collective.NeighborAllgatherv(c, dst, counts, displs, mine); err != nil {
			return err
		}
		if err := differ("NeighborAllgatherv", dst, want); err != nil {
			return err
		}
	}
	return nil
}

// places puts pieces of these lengths into total elements, side by side from the beginning, or from the end with a
// gap of one before each.
func places(counts []int, total int, gaps bool) []int {
	at := make([]int, len(counts))
	begin, end := 0, total
	for s, n := range counts {
		end -= n
		if at[s] = begin; gaps {
			at[s] = end
		}
		begin += n
		end--
	}
	return at
}
