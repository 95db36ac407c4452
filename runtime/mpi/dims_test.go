package mpi_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// factors lists all descending lists of k factors of n that are at most most.
func factors(n, k, most int) (all [][]int) {
	if k == 1 {
		if n <= most {
			all = append(all, []int{n})
		}
		return all
	}
	for d := 1; d <= min(n, most); d++ {
		if n%d != 0 {
			continue
		}
		for _, rest := range factors(n/d, k-1, d) {
			all = append(all, append([]int{d}, rest...))
		}
	}
	return all
}

// balanced is the best of them.
func balanced(n, k int) []int {
	return slices.MinFunc(factors(n, k, n), func(a, b []int) int {
		if c := (a[0] - a[k-1]) - (b[0] - b[k-1]); c != 0 {
			return c
		}
		return slices.Compare(a, b)
	})
}

func TestDimsCreate(t *testing.T) {
	for n := 1; n <= 400; n++ {
		for k := 1; k <= 5; k++ {
			got, err := mpi.DimsCreate(n, make([]int, k)...)
			if want := balanced(n, k); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d ranks, %d dims: %v, %v, want %v", n, k, got, err, want)
			}
		}
	}
	for _, n := range []int{720, 1 << 10, 2310, 5040, 9973, 30030} {
		for k := 2; k <= 4; k++ {
			got, err := mpi.DimsCreate(n, make([]int, k)...)
			if want := balanced(n, k); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d ranks, %d dims: %v, %v, want %v", n, k, got, err, want)
			}
		}
	}
}

// Large jobs, and many dimensions, must not take long to share out.
func TestDimsCreateLarge(t *testing.T) {
	for _, c := range []struct {
		n, k int
		want string
	}{
		{1 << 20, 3, "[128 128 64]"},
		{1 << 20, 10, "[4 4 4 4 4 4 4 4 4 4]"},
		{720720, 3, "[91 90 88]"},
		{720720, 6, "[13 11 10 9 8 7]"},
		{1000003, 2, "[1000003 1]"},
		{1 << 30, 4, "[256 256 128 128]"},
		{1<<31 - 1, 3, "[2147483647 1 1]"},
		{735134400, 8, ""},
	} {
		got, err := mpi.DimsCreate(c.n, make([]int, c.k)...)
		if err != nil || c.want != "" && fmt.Sprint(got) != c.want {
			t.Errorf("%d ranks, %d dims: %v, %v, want %s", c.n, c.k, got, err, c.want)
		}
		p := 1
		for i, d := range got {
			p *= d
			if i > 0 && d > got[i-1] {
				t.Errorf("%d ranks: %v don't descend", c.n, got)
			}
		}
		if p != c.n {
			t.Errorf("%d ranks: the product of %v is %d", c.n, got, p)
		}
	}
}

// The examples of the MPI standard, and other given dims.
func TestDimsCreateGiven(t *testing.T) {
	for _, c := range []struct {
		n    int
		dims []int
		want string
	}{
		{6, []int{0, 0}, "[3 2] <nil>"},
		{7, []int{0, 0}, "[7 1] <nil>"},
		{6, []int{0, 3, 0}, "[2 3 1] <nil>"},
		{7, []int{0, 3, 0}, "[] mpi: 7 ranks make no grid of [0 3 0]"},
		{12, []int{3, 0, 1, 0}, "[3 2 1 2] <nil>"},
		{12, []int{3, 4}, "[3 4] <nil>"},
		{12, []int{3, 3}, "[] mpi: 12 ranks make no grid of [3 3]"},
		{12, []int{3, 2}, "[] mpi: 12 ranks make no grid of [3 2]"},
		{1, nil, "[] <nil>"},
		{2, nil, "[] mpi: 2 ranks make no grid of []"},
	} {
		given := slices.Clone(c.dims)
		got, err := mpi.DimsCreate(c.n, c.dims...)
		if s := fmt.Sprint(got, err); s != c.want {
			t.Errorf("%d ranks, %v: %s, want %s", c.n, c.dims, s, c.want)
		}
		if !slices.Equal(given, c.dims) {
			t.Errorf("%v has become %v", given, c.dims)
		}
	}
	for _, dims := range [][]int{{-1}, {0, -2}} {
		if got := recovered(func() { mpi.DimsCreate(4, dims...) }); got != badDims {
			t.Errorf("%v: %v", dims, got)
		}
	}
	for _, n := range []int{0, -4} {
		if got := recovered(func() { mpi.DimsCreate(n, 0) }); got != badDims {
			t.Errorf("%d ranks: %v", n, got)
		}
	}
}

const badDims = "mpi: a dim of a grid is negative, or there are no ranks"
