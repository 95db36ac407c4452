package collective_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

func alltoall(c *mpi.Comm) error {
	for _, k := range words {
		if k*c.Size() > 1<<17 {
			continue
		}
		var src, want []int32
		for i := range c.Size() {
			src = append(src, wordsOf(c.Rank(), i, k)...)
			want = append(want, wordsOf(i, c.Rank(), k)...)
		}
		dst, kept := blank(len(src)), slices.Clone(src)
		if err := collective.Alltoall(c, dst, src); err != nil {
			return err
		}
		if err := differ(fmt.Sprint(k), dst, want); err != nil {
			return err
		}
		if err := differ("src", src, kept); err != nil {
			return err
		}
		if err := collective.Alltoall(c, src, src); err != nil {
			return err
		}
		if err := differ(fmt.Sprintf("%d in place", k), src, want); err != nil {
			return err
		}
	}
	return nil
}

func alltoallv(c *mpi.Comm) error {
	n, me := c.Size(), c.Rank()
	for round := range 2 * rounds {
		r := rand.New(rand.NewPCG(uint64(round), uint64(n)))
		inPlace := round%2 == 1
		lengths := make([][]int, n) // from, to
		for i := range lengths {
			lengths[i] = randomCounts(r, n)
			for k := range i {
				if inPlace {
					lengths[i][k] = lengths[k][i]
				}
			}
		}
		recv := make([]int, n)
		for i := range recv {
			recv[i] = lengths[i][me]
		}
		mine := rand.New(rand.NewPCG(uint64(round), uint64(100+me)))
		from, to := arrange(mine, recv), arrange(mine, lengths[me])
		if inPlace {
			to = from
		}
		src, want := blank(to.total), blank(from.total)
		for i := range n {
			copy(to.piece(src, i), wordsOf(me, i, lengths[me][i]))
			copy(from.piece(want, i), wordsOf(i, me, recv[i]))
		}
		dst := blank(from.total)
		if inPlace {
			dst = src
		}
		if err := collective.Alltoallv(c, dst, from.counts, from.displs, src, to.counts, to.displs); err != nil {
			return err
		}
		if err := differ(fmt.Sprintf("from %v to %v", from, to), dst, want); err != nil {
			return err
		}
	}
	return nil
}

// alltoallw transposes a matrix that is cut into rows, one block of them per rank: out of columns, into columns. And then in place.
func alltoallw(c *mpi.Comm) error {
	n := c.Size()
	for _, k := range []int{1, 2, 5, 40} {
		for _, extra := range []int{0, 3} { // rows of a wider array
			width := n*k + extra
			send, recv := make([]mpi.Layout, n), make([]mpi.Layout, n)
			for i := range n {
				block := layout.Vector(k, k, width).At(i * k)
				send[i] = block
				recv[i] = layout.Nest(layout.Vector(k, 1, 1).At(i*k), layout.Vector(k, 1, width), 1)
			}
			src, want := blank(k*width), blank(k*width)
			swapped := blank(k * width)
			for row := range k {
				for col := range n * k {
					src[row*width+col] = word(c.Rank()*k+row, col, 0)
					want[row*width+col] = word(col, c.Rank()*k+row, 0)
					swapped[row*width+col] = word(col/k*k+row, c.Rank()*k+col%k, 0)
				}
			}
			dst := blank(k * width)
			if err := collective.Alltoallw(c, dst, recv, src, send); err != nil {
				return err
			}
			if err := differ(fmt.Sprintf("%d+%d", k, extra), dst, want); err != nil {
				return err
			}
			if err := collective.Alltoallw(c, src, send, src, send); err != nil {
				return err
			}
			if err := differ(fmt.Sprintf("%d+%d in place", k, extra), src, swapped); err != nil {
				return err
			}
		}
	}
	// Whole slices, and nothing: rank i to rank i+1 only.
	next, last := (c.Rank()+1)%n, (c.Rank()-1+n)%n
	send, recv := slices.Repeat([]mpi.Layout{layout.Contiguous(0)}, n), slices.Repeat([]mpi.Layout{layout.Contiguous(0)}, n)
	send[next], recv[last] = mpi.Layout{}, mpi.Layout{}
	dst := blank(9000)
	if err := collective.Alltoallw(c, dst, recv, wordsOf(c.Rank(), next, 9000), send); err != nil {
		return err
	}
	return differ("to the next", dst, wordsOf(last, c.Rank(), 9000))
}

// columns is what ranks lo to hi-1 have at the places of rank to, one beside the other.
func columns(lo, hi, to, k int) [][]int32 {
	var s [][]int32
	for r := lo; r < hi; r++ {
		s = append(s, wordsOf(r, to, k))
	}
	return s
}

// total adds up columns.
func total(k int, columns [][]int32) []int32 {
	s := make([]int32, k)
	for _, col := range columns {
		for i, x := range col {
			s[i] += x
		}
	}
	return s
}

func reduceScatter(c *mpi.Comm) error {
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), uint64(c.Size())))
		counts := randomCounts(r, c.Size())
		if err := oneReduceScatter(c, counts, round%2 == 1, func(dst, src []int32) error {
			return collective.ReduceScatter(c, dst, src, counts, collective.Sum)
		}); err != nil {
			return err
		}
	}
	return nil
}

func reduceScatterBlock(c *mpi.Comm) error {
	for _, k := range words {
		if k*c.Size() > 1<<17 {
			continue
		}
		counts := slices.Repeat([]int{k}, c.Size())
		for _, inPlace := range []bool{false, true} {
			if err := oneReduceScatter(c, counts, inPlace, func(dst, src []int32) error {
				return collective.ReduceScatterBlock(c, dst, src, collective.Sum)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

func oneReduceScatter(c *mpi.Comm, counts []int, inPlace bool, call func(dst, src []int32) error) error {
	me := c.Rank()
	var src []int32
	for i, k := range counts {
		src = append(src, wordsOf(me, i, k)...)
	}
	dst, kept := blank(counts[me]), slices.Clone(src)
	want := total(counts[me], columns(0, c.Size(), me, counts[me]))
	if inPlace {
		a := arrangement{counts: counts}
		dst = a.piece(src, me)
		copy(a.piece(kept, me), want)
	}
	if err := call(dst, src); err != nil {
		return err
	}
	if err := differ(fmt.Sprint(counts), dst, want); err != nil {
		return err
	}
	return differ("src", src, kept)
}

func scan(c *mpi.Comm) error {
	for _, k := range words {
		src := wordsOf(c.Rank(), 0, k)
		want := total(k, columns(0, c.Rank()+1, 0, k))
		dst, kept := blank(k), slices.Clone(src)
		if err := collective.Scan(c, dst, src, collective.Sum); err != nil {
			return err
		}
		if err := differ(fmt.Sprint(k), dst, want); err != nil {
			return err
		}
		if err := differ("src", src, kept); err != nil {
			return err
		}
		if err := collective.Scan(c, src, src, collective.Sum); err != nil {
			return err
		}
		if err := differ("in place", src, want); err != nil {
			return err
		}
	}
	return nil
}

func exscan(c *mpi.Comm) error {
	for _, k := range words {
		src := wordsOf(c.Rank(), 0, k)
		dst, kept := blank(k), slices.Clone(src)
		want, inPlace := total(k, columns(0, c.Rank(), 0, k)), total(k, columns(0, c.Rank(), 0, k))
		if c.Rank() == 0 {
			want, inPlace = blank(k), kept
		}
		if err := collective.Exscan(c, dst, src, collective.Sum); err != nil {
			return err
		}
		if err := differ(fmt.Sprint(k), dst, want); err != nil {
			return err
		}
		if err := differ("src", src, kept); err != nil {
			return err
		}
		if err := collective.Exscan(c, src, src, collective.Sum); err != nil {
			return err
		}
		if err := differ("in place", src, inPlace); err != nil {
			return err
		}
	}
	return nil
}
