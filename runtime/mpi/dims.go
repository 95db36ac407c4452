package mpi

import (
	"fmt"
	"slices"
)

// DimsCreate gives n ranks the shape of a grid. A dim that is 0 is chosen, one that is positive stays;
// their product is n.
//
//	mpi.DimsCreate(12, 0, 0)    // 4 3
//	mpi.DimsCreate(12, 0, 3, 0) // 2 3 2
//
// Of all ways to choose, it takes the one whose largest and smallest chosen dim differ
// least, of those the one with the smallest dims in front, and puts them in descending order. It fails when the
// given dims don't divide n. dims itself stays as it is.
//
// Cost: sqrt(n) divisions to find the divisors; then a search that leaves out what can't be better than what it
// has, some hundred steps for n of a million.
func DimsCreate(n int, dims ...int) ([]int, error) {
	out, err := fillDims(n, dims)
	if err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	return out, nil
}

func fillDims(n int, dims []int) ([]int, error) {
	if n <= 0 {
		panic(panicDims)
	}
	rest, free := n, 0
	for _, d := range dims {
		switch {
		case d < 0:
			panic(panicDims)
		case d == 0:
			free++
		case rest%d != 0:
			return nil, errShape(n, dims)
		default:
			rest /= d
		}
	}
	if free == 0 && rest != 1 {
		return nil, errShape(n, dims)
	}
	out := append([]int{}, dims...)
	if free == 0 {
		return out, nil
	}
	b := balance{divisors: divisors(rest), now: make([]int, free), gap: rest}
	b.choose(0, rest)
	for i, k := 0, 0; i < len(out); i++ {
		if out[i] == 0 {
			out[i] = b.best[k]
			k++
		}
	}
	return out, nil
}

func errShape(n int, dims []int) error { return fmt.Errorf("%d ranks make no grid of %v", n, dims) }

const panicDims = "mpi: a dim of a grid is negative, or there are no ranks"

// divisors of n, ascending.
func divisors(n int) []int {
	var low, high []int
	for d := 1; d <= n/d; d++ {
		if n%d == 0 {
			low = append(low, d)
			if d != n/d {
				high = append(high, n/d)
			}
		}
	}
	slices.Reverse(high)
	return append(low, high...)
}

// balance looks for factors of a number that lie close together.
type balance struct {
	divisors []int // of that number
	now      []int // factors under trial, descending
	best     []int
	gap      int // largest - smallest of best
}

// choose tries all factors for now[k:], whose product is n.
func (b *balance) choose(k, n int) {
	left := len(b.now) - k
	if left == 1 {
		b.now[k] = n
		if k > 0 && n > b.now[k-1] {
			return
		}
		if gap := b.now[0] - n; b.best == nil || gap < b.gap {
			b.best, b.gap = slices.Clone(b.now), gap
		}
		return
	}
	most := n
	if k > 0 {
		most = b.now[k-1]
	}
	for _, d := range b.divisors {
		if d > most {
			break
		}
		if n%d != 0 || root(n, left) > d { // the largest of them is no smaller than their mean
			continue
		}
		b.now[k] = d
		// The smallest of the rest is no larger than the mean of the rest, and for a larger d that is smaller still.
		if b.best != nil && b.now[0]-root(n/d, left-1) >= b.gap {
			break
		}
		b.choose(k+1, n/d)
	}
}

// root is the largest r whose k-th power is at most n.
func root(n, k int) int {
	if k == 1 {
		return n
	}
	fits := func(r int) bool {
		p := 1
		for range k {
			if p > n/r {
				return false
			}
			p *= r
		}
		return true
	}
	low, high := 1, 1 // low fits, high is to be the first that does not
	for fits(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; fits(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
