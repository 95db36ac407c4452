package collective_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

func TestMisusePieces(t *testing.T) {
	x, y := make([]int, 12), make([]int, 12)
	const (
		root   = "collective: root outside of the communicator"
		counts = "collective: want one count, and one displacement or none, per rank"
		reach  = "collective: a count or a displacement reaches outside of its slice"
		own    = "collective: the count of the own piece differs from the length of the slice"
		part   = "collective: dst and src overlap in part"
		noFunc = "collective: no function"
		kind   = "collective: operation does not take this element type"
	)
	one := []int{1, 1, 1}
	at := func(ls ...mpi.Layout) []mpi.Layout { return ls }
	col := layout.Vector(2, 1, 3)
	cases := []struct {
		name, want string
		call       func(c *mpi.Comm)
	}{
		{"Gatherv root", root, func(c *mpi.Comm) { collective.Gatherv(c, x, one, nil, y[:1], 3) }},
		{"Scatterv root", root, func(c *mpi.Comm) { collective.Scatterv(c, x[:1], y, one, nil, -1) }},
		{"few counts", counts, func(c *mpi.Comm) { collective.Gatherv(c, x, one[:2], nil, y[:1], c.Rank()) }},
		{"few displs", counts, func(c *mpi.Comm) { collective.Scatterv(c, x[:1], y, one, []int{}, c.Rank()) }},
		{"negative count", reach, func(c *mpi.Comm) { collective.Allgatherv(c, x, []int{1, -1, 1}, nil, y[:1]) }},
		{"negative displ", reach, func(c *mpi.Comm) { collective.Allgatherv(c, x, one, []int{0, 1, -1}, y[:1]) }},
		{"far displ", reach, func(c *mpi.Comm) { collective.Allgatherv(c, x, one, []int{0, 1, 12}, y[:1]) }},
		{"huge count", reach, func(c *mpi.Comm) { collective.Allgatherv(c, x, []int{1, 1, math.MaxInt}, nil, y[:1]) }},
		{"own count", own, func(c *mpi.Comm) { collective.Allgatherv(c, x, one, nil, y[:2]) }},
		{"not in place", part, func(c *mpi.Comm) {
			i := (c.Rank() + 1) % 3
			collective.Allgatherv(c, x, one, nil, x[i:i+1])
		}},
		{"Alltoall length", "collective: dst and src must hold one piece of the same length per rank", func(c *mpi.Comm) { collective.Alltoall(c, x[:9], y) }},
		{"Alltoall pieces", "collective: dst and src must hold one piece of the same length per rank", func(c *mpi.Comm) { collective.Alltoall(c, x[:8], y[:8]) }},
		{"Alltoall overlap", part, func(c *mpi.Comm) { collective.Alltoall(c, x[:6], x[3:9]) }},
		{"Alltoallv counts", counts, func(c *mpi.Comm) { collective.Alltoallv(c, x, one, nil, y, nil, nil) }},
		{"Alltoallv reach", reach, func(c *mpi.Comm) { collective.Alltoallv(c, x, one, nil, y[:2], one, nil) }},
		{"Alltoallv self", "collective: a rank sends to itself and receives from itself different lengths", func(c *mpi.Comm) {
			collective.Alltoallv(c, x, one, nil, y, []int{2, 2, 2}, nil)
		}},
		{"Alltoallv overlap", part, func(c *mpi.Comm) { collective.Alltoallv(c, x, one, []int{0, 2, 4}, x, one, []int{1, 2, 5}) }},
		{"Alltoallw layouts", "collective: want one layout per rank", func(c *mpi.Comm) { collective.Alltoallw(c, x, at(col, col), y, at(col, col)) }},
		{"Alltoallw short", "collective: slice is shorter than its layout", func(c *mpi.Comm) {
			collective.Alltoallw(c, x, at(col, col.At(1), col.At(9)), y, at(col, col, col))
		}},
		{"Alltoallw twice", "collective: layout of dst selects an element twice", func(c *mpi.Comm) {
			l := layout.IndexedBlock(1, []int{3, 3})
			collective.Alltoallw(c, x, at(l, l, l), y, at(col, col, col))
		}},
		{"Alltoallw self", "collective: a rank sends to itself and receives from itself different lengths", func(c *mpi.Comm) {
			collective.Alltoallw(c, x, at(mpi.Layout{}, mpi.Layout{}, mpi.Layout{}), y, at(col, col, col))
		}},
		{"ReduceScatter counts", counts, func(c *mpi.Comm) { collective.ReduceScatter(c, x[:1], y[:3], one[:2], collective.Sum) }},
		{"ReduceScatter sum", "collective: counts don't add up to the length of src", func(c *mpi.Comm) {
			collective.ReduceScatter(c, x[:1], y[:4], one, collective.Sum)
		}},
		{"ReduceScatter own", own, func(c *mpi.Comm) { collective.ReduceScatter(c, x[:2], y[:3], one, collective.Sum) }},
		{"ReduceScatterBlock", "collective: src must hold one dst per rank", func(c *mpi.Comm) { collective.ReduceScatterBlock(c, x[:2], y[:5], collective.Sum) }},
		{"ReduceScatterBlock overlap", part, func(c *mpi.Comm) {
			i := (c.Rank()*2 + 1) % 5
			collective.ReduceScatterBlock(c, x[i:i+2], x[:6], collective.Sum)
		}},
		{"Scan length", "collective: dst and src differ in length", func(c *mpi.Comm) { collective.Scan(c, x[:2], y[:3], collective.Sum) }},
		{"Scan overlap", part, func(c *mpi.Comm) { collective.Scan(c, x[:3], x[1:4], collective.Sum) }},
		{"Exscan op", "collective: not an operation", func(c *mpi.Comm) { collective.Exscan(c, x, y, collective.SumReproducible+1) }},
		{"Scan function", noFunc, func(c *mpi.Comm) { collective.ScanFunc(c, x, y, nil) }},
		{"ReduceScatter function", noFunc, func(c *mpi.Comm) { collective.ReduceScatterFunc(c, x[:1], y[:3], one, nil) }},
		{"MinLoc of int", kind, func(c *mpi.Comm) { collective.Scan(c, x, y, collective.MinLoc) }},
		{"Min of Loc", kind, func(c *mpi.Comm) {
			l := make([]collective.Loc[int], 1)
			collective.Allreduce(c, l, l, collective.Min)
		}},
		{"SumReproducible of bool", kind, func(c *mpi.Comm) {
			b := make([]bool, 1)
			collective.Allreduce(c, b, b, collective.SumReproducible)
		}},
		{"Sum of Accumulator", kind, func(c *mpi.Comm) {
			a := make([]collective.Accumulator, 1)
			collective.Allreduce(c, a, a, collective.Sum)
		}},
	}
	if invariants.Enabled {
		cases = append(cases, cases[0])
		cases[len(cases)-1].name, cases[len(cases)-1].want = "pieces overlap", "collective: pieces of dst overlap"
		cases[len(cases)-1].call = func(c *mpi.Comm) {
			collective.Allgatherv(c, x, []int{2, 2, 2}, []int{4, 0, 3}, y[:2])
		}
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			mpitest.Run(t, 3, func(c *mpi.Comm) error { return wantPanic(k.want, func() { k.call(c) }) })
		})
	}
}

// TestApart: pieces may lie in one slice, and where nothing is sent anywhere.
func TestApart(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		n, me := c.Size(), c.Rank()
		buf, counts, low, high := make([]int, 2*n), make([]int, n), make([]int, n), make([]int, n)
		for i := range n {
			buf[2*i], buf[2*i+1] = me*100+i, -1
			counts[i], low[i], high[i] = 1, 2*i, 2*i+1
		}
		if err := collective.Alltoallv(c, buf, counts, high, buf, counts, low); err != nil {
			return err
		}
		for i := range n {
			if buf[2*i] != me*100+i || buf[2*i+1] != i*100+me {
				return fmt.Errorf("Alltoallv: %v", buf)
			}
		}
		clear(counts)
		return collective.Alltoallv[int](c, nil, counts, nil, nil, counts, nil)
	})
}

// TestOrderPieces multiplies matrices: an operation that does not commute, with a board and without.
func TestOrderPieces(t *testing.T) {
	program := func(c *mpi.Comm) error {
		n, me := c.Size(), c.Rank()
		of := func(rank, i int) matrix {
			return matrix{uint32(rank + 1 + i), uint32(rank*rank + 2), 1, uint32(rank + i)}
		}
		product := func(first, last, i int) matrix {
			m := of(first, i)
			for r := first + 1; r <= last; r++ {
				m = m.times(of(r, i))
			}
			return m
		}
		src, counts := make([]matrix, 2*n), make([]int, n)
		for i := range src {
			src[i] = of(me, i)
			counts[i/2] = 2
		}
		counts[0]++
		counts[n-1]--
		first := 2*me + min(me, 1)
		dst := make([]matrix, counts[me])
		if err := collective.ReduceScatterFunc(c, dst, src, counts, matrix.times); err != nil {
			return err
		}
		for i, m := range dst {
			if want := product(0, n-1, first+i); m != want {
				return fmt.Errorf("ReduceScatterFunc: %v, want %v", m, want)
			}
		}
		two := make([]matrix, 2)
		if err := collective.ReduceScatterBlockFunc(c, two, src, matrix.times); err != nil {
			return err
		}
		for i, m := range two {
			if want := product(0, n-1, 2*me+i); m != want {
				return fmt.Errorf("ReduceScatterBlockFunc: %v, want %v", m, want)
			}
		}
		if err := collective.ScanFunc(c, two, src[:2], matrix.times); err != nil {
			return err
		}
		if want := product(0, me, 1); two[1] != want {
			return fmt.Errorf("ScanFunc: %v, want %v", two[1], want)
		}
		if err := collective.ExscanFunc(c, two, src[:2], matrix.times); err != nil {
			return err
		}
		if me > 0 {
			if want := product(0, me-1, 1); two[1] != want {
				return fmt.Errorf("ExscanFunc: %v, want %v", two[1], want)
			}
		}
		return nil
	}
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16} {
		mpitest.Run(t, n, program)
		mpitest.Run(t, n, program, mpi.WithFaults(mpi.Return))
	}
}

// TestSameBitsPieces adds up numbers whose sum depends on the order: with a board, ReduceScatter has the bits of Allreduce.
func TestSameBitsPieces(t *testing.T) {
	program := func(c *mpi.Comm) error {
		n, me := c.Size(), c.Rank()
		src := awkward(4 * n * n)[4*n*me : 4*n*(me+1)]
		all, dst, counts := make([]float64, 4*n), make([]float64, 8), make([]int, n)
		if err := collective.Allreduce(c, all, src, collective.Sum); err != nil {
			return err
		}
		if err := collective.ReduceScatterBlock(c, dst[:4], src, collective.Sum); err != nil {
			return err
		}
		if err := differ("ReduceScatterBlock", dst[:4], all[4*me:4*me+4]); err != nil {
			return err
		}
		for i := range counts {
			counts[i] = 4
		}
		counts[0] += 2
		counts[n-1] -= 2
		first := 4*me + 2*min(me, 1)
		if err := collective.ReduceScatter(c, dst[:counts[me]], src, counts, collective.Sum); err != nil {
			return err
		}
		return differ("ReduceScatter", dst[:counts[me]], all[first:first+counts[me]])
	}
	for _, n := range []int{2, 3, 4, 5, 6, 7, 8, 9} {
		mpitest.Run(t, n, program)
	}
}

func TestAllocsPieces(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checked builds allocate")
	}
	const n = 3
	for _, opts := range [][]mpi.Option{nil, {mpi.WithFaults(mpi.Return)}} {
		for _, k := range []int{1, 500, 6000} {
			mpitest.Run(t, n, func(c *mpi.Comm) error {
				long, other, short, third := make([]float64, n*k), make([]float64, n*k), make([]float64, k), make([]float64, k)
				counts, at := equal(n, k), make([]mpi.Layout, n)
				for i := range at {
					at[i] = layout.Vector(k, 1, n).At(i)
				}
				loc := make([]collective.Loc[float32], k)
				step := func() {
					collective.Gatherv(c, long, counts, nil, short, 1)
					collective.Scatterv(c, short, long, counts, counts, 0)
					collective.Allgatherv(c, long, counts, nil, short)
					collective.Alltoall(c, long, other)
					collective.Alltoall(c, long, long)
					collective.Alltoallv(c, long, counts, nil, other, counts, nil)
					collective.Alltoallw(c, long, at, other, at)
					collective.Alltoallw(c, long, at, long, at)
					collective.ReduceScatter(c, short, long, counts, collective.Min)
					collective.ReduceScatterBlock(c, short, long, collective.LAnd)
					collective.Scan(c, third, short, collective.Max)
					collective.Exscan(c, third, short, collective.Max)
					collective.Allreduce(c, third, short, collective.SumReproducible)
					collective.Allreduce(c, loc, loc, collective.MinLoc)
				}
				for range 50 {
					step()
				}
				// The least of several, as others in this process allocate as well, now and then.
				got := math.Inf(1)
				for range 4 {
					got = min(got, testing.AllocsPerRun(20, step))
				}
				if got > 0 {
					return fmt.Errorf("%d elements: %v allocations a step", k, got)
				}
				return nil
			}, opts...)
		}
	}
}
