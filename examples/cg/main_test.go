package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// at is a point's place in a vector over the whole grid.
func at(n, i, j int) int { return i*n + j }

// oracle solves the equations as one would on paper: the matrix written out, and
// eliminated.
func oracle(t *testing.T, n int) []float64 {
	t.Helper()
	a := mat.NewDense(n*n, n*n, nil)
	b := mat.NewVecDense(n*n, nil)
	h := 1 / float64(n+1)
	for i := range n {
		for j := range n {
			k := at(n, i, j)
			a.Set(k, k, 4)
			for _, other := range [][2]int{{i - 1, j}, {i + 1, j}, {i, j - 1}, {i, j + 1}} {
				if min(other[0], other[1]) >= 0 && max(other[0], other[1]) < n {
					a.Set(k, at(n, other[0], other[1]), -1)
				}
			}
			b.SetVec(k, load(float64(j+1)*h, float64(i+1)*h, h))
		}
	}
	var x mat.VecDense
	if err := x.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	return x.RawVector().Data
}

// solved runs the program on so many ranks and puts their rows together.
func solved(t *testing.T, ranks int, cfg config) []float64 {
	t.Helper()
	parts := make([][]float64, ranks) // an element for each rank: nothing is shared
	mpitest.Run(t, ranks, func(world *mpi.Comm) error {
		x, err := run(world, cfg)
		parts[world.Rank()] = x
		return err
	})
	var whole []float64
	for _, p := range parts {
		whole = append(whole, p...)
	}
	return whole
}

// Any number of ranks solves the equations, also when the rows can't be shared out
// evenly and when ranks have one row only, which goes to both neighbours.
func TestAnyNumberOfRanks(t *testing.T) {
	for _, n := range []int{1, 2, 5, 7, 16} {
		want := oracle(t, n)
		for _, ranks := range []int{1, 2, 3, 5} {
			if n < ranks {
				continue
			}
			t.Run(fmt.Sprint(n, " rows ", ranks, " ranks"), func(t *testing.T) {
				got := solved(t, ranks, config{n: n, iters: 200, tol: 1e-13, out: io.Discard})
				if len(got) != len(want) {
					t.Fatalf("%d points, want %d", len(got), len(want))
				}
				for k := range got {
					if !(math.Abs(got[k]-want[k]) <= 1e-12) {
						t.Fatalf("point %d,%d is %v, want %v", k/n, k%n, got[k], want[k])
					}
				}
			})
		}
	}
}

// The grid's equations have the solution that the polynomials promise, and the
// eigenvalues that judge relies on.
func TestPolynomials(t *testing.T) {
	const n = 9
	h := 1.0 / (n + 1)
	for k, got := range oracle(t, n) {
		if want := solution(float64(k%n+1)*h, float64(k/n+1)*h, h); math.Abs(got-want) > 1e-14 {
			t.Fatalf("point %d,%d is %v, want %v", k/n, k%n, got, want)
		}
	}
	mpitest.Run(t, 1, func(world *mpi.Comm) error {
		a, err := newPoisson(world, n)
		if err != nil {
			return err
		}
		least, greatest := a.eigenvalues()
		for _, c := range []struct {
			waves float64 // half ones, across the square
			value float64
		}{{1, least}, {n, greatest}} {
			wave := func(x, y, _ float64) float64 { return math.Sin(c.waves*math.Pi*x) * math.Sin(c.waves*math.Pi*y) }
			copy(a.own(), a.each(wave))
			q := make([]float64, n*n)
			if err := a.times(q); err != nil {
				return err
			}
			for k, v := range a.own() {
				if math.Abs(q[k]-c.value*v) > 1e-13 {
					t.Fatalf("point %d: times the matrix %v, times the eigenvalue %v", k, q[k], c.value*v)
				}
			}
		}
		return nil
	})
}

func TestPrintsResiduals(t *testing.T) {
	var out bytes.Buffer // rank 0 alone writes
	solved(t, 3, config{n: 40, iters: 1000, tol: 1e-8, out: &out})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if !strings.HasPrefix(lines[0], "40 x 40 unknowns on 3 ranks") || !strings.Contains(lines[2], "iteration     2 ") ||
		!strings.HasPrefix(lines[len(lines)-1], "solved in ") {
		t.Errorf("printed\n%s", &out)
	}
}

// judge finds what it is there to find.
func TestJudge(t *testing.T) {
	const n, tol = 30, 1e-9
	for _, c := range []struct {
		name, want string
		damage     func(x, b []float64, rank int)
	}{
		{"nothing", "", func(x, b []float64, rank int) {}},
		{"a point", "not solved", func(x, b []float64, rank int) {
			if rank == 1 {
				x[3] += 1e-6
			}
		}},
		{"not a number", "not solved", func(x, b []float64, rank int) { x[0] = math.NaN() }},
		// The equations of another load are solved as well as those of the right one.
		{"another load", "the solution is wrong", func(x, b []float64, rank int) {
			for k := range x {
				x[k] *= 1.001
				b[k] *= 1.001
			}
		}},
	} {
		err := mpi.RunLocal(3, func(world *mpi.Comm) error {
			a, err := newPoisson(world, n)
			if err != nil {
				return err
			}
			x, b := a.each(solution), a.each(load)
			c.damage(x, b, world.Rank())
			_, _, err = judge(a, x, b, tol)
			return err
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  config
		want string
	}{
		{config{n: 1, iters: 1, tol: 1}, "-n 1: 2 ranks"},
		{config{n: -1, iters: 1, tol: 1}, "-n -1"},
		{config{n: 4, iters: 0, tol: 1}, "-iters 0"},
		{config{n: 4, iters: 1, tol: math.NaN()}, "-tol NaN"},
		{config{n: 30, iters: 5, tol: 1e-9}, "not solved"},
	} {
		c.cfg.out = io.Discard
		err := mpi.RunLocal(2, func(world *mpi.Comm) error {
			_, err := run(world, c.cfg)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}
