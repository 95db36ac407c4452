// Cg solves Poisson's equation on a square with the method of conjugate gradients:
// how a membrane sags under a load, say. It prints how the residual falls, and
// compares the result with the solution, which is known here.
//
//	golaunch -n 4 ./examples/cg -n 600
//
// The grid has n x n points inside of the square, and 0 around. The ranks share it
// out by rows. The equations say for each point that four times its value, minus
// its four neighbours, is the load there; so a rank needs one row of the rank above
// and one of the rank below (poisson.go).
//
// An iteration multiplies with that matrix once, and takes two dot products, which
// all ranks need: two times Allreduce, of a single number each. On many ranks these
// are what the method waits for. One of them is hidden here behind work that
// can be done without it.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"gonum.org/v1/gonum/floats"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	n     int     // points per side
	iters int     // iterations at most
	tol   float64 // residual to reach, as part of that at the beginning
	out   io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.n, "n", 300, "points per side")
	flag.IntVar(&cfg.iters, "iters", 10_000, "iterations at most")
	flag.Float64Var(&cfg.tol, "tol", 1e-9, "stop when the residual is so small a part of what it was at first")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// run returns the rank's rows of the solution.
func run(world *mpi.Comm, cfg config) ([]float64, error) {
	if cfg.n < world.Size() {
		return nil, fmt.Errorf("-n %d: %d ranks want at least a row each", cfg.n, world.Size())
	}
	if cfg.iters < 1 || !(cfg.tol > 0) {
		return nil, fmt.Errorf("-iters %d -tol %g: want at least one iteration, and a tolerance above 0", cfg.iters, cfg.tol)
	}
	say := func(format string, args ...any) {
		if world.Rank() == 0 {
			fmt.Fprintf(cfg.out, format, args...)
		}
	}
	say("%d x %d unknowns on %d ranks\n", cfg.n, cfg.n, world.Size())

	begin := time.Now()
	a, err := newPoisson(world, cfg.n)
	if err != nil {
		return nil, err
	}
	load := a.each(load)
	x := make([]float64, len(load)) // the first guess is 0
	iterations, err := solve(a, x, load, cfg, say)
	if err != nil {
		return nil, err
	}
	took := time.Since(begin)

	residual, wrong, err := judge(a, x, load, cfg.tol)
	if err != nil {
		return nil, err
	}
	say("solved in %d iterations, %v: residual %.1e, error %.1e\n", iterations, took.Round(time.Millisecond), residual, wrong)
	return x, nil
}

// solve improves x until a x = b, nearly. It returns after how many iterations.
func solve(a *poisson, x, b []float64, cfg config, say func(string, ...any)) (iterations int, err error) {
	r := append([]float64(nil), b...) // what is missing: b - a x, and x is 0
	q := make([]float64, len(x))
	p := a.own() // the direction to go next
	copy(p, r)
	square, err := a.dot(r, r)
	if err != nil {
		return 0, err
	}
	enough := cfg.tol * cfg.tol * square
	start, toPrint := square, 1

	for square > enough && iterations < cfg.iters {
		if err := a.times(q); err != nil { // q = a p
			return iterations, err
		}
		pq, err := a.dot(p, q)
		if err != nil {
			return iterations, err
		}
		step := square / pq
		floats.AddScaled(r, -step, q)

		// The next direction needs the square of r over all ranks, but x does not:
		// it moves while the sum is under way. Until Wait, mine and all belong to
		// the operation.
		mine, all := []float64{floats.Dot(r, r)}, []float64{0}
		sum, err := collective.Iallreduce(a.grid.Comm, all, mine, collective.Sum)
		if err != nil {
			return iterations, err
		}
		floats.AddScaled(x, step, p)
		if err := sum.Wait(); err != nil {
			return iterations, err
		}

		floats.AddScaledTo(p, r, all[0]/square, p) // p = r + (all/square) p
		square = all[0]
		iterations++
		// Every rank has the same bits in square: they all stop at the same time,
		// and nobody waits for one that has left.
		if iterations == toPrint || square <= enough {
			say("iteration %5d   residual %.2e\n", iterations, math.Sqrt(square/start))
			toPrint *= 2
		}
	}
	return iterations, nil
}

// judge looks at x without what solve believes of it. The residual is computed
// afresh, as part of b: that of solve is carried along, and would be as small if x
// were something else. wrong is the distance of x from the solution, as part of the
// solution.
func judge(a *poisson, x, b []float64, tol float64) (residual, wrong float64, err error) {
	copy(a.own(), x)
	r := make([]float64, len(x))
	if err := a.times(r); err != nil {
		return 0, 0, err
	}
	floats.SubTo(r, b, r)
	want := a.each(solution)
	off := floats.SubTo(make([]float64, len(x)), x, want)

	// One call for all four: a message takes its time for being sent, hardly more
	// for being longer.
	sums := []float64{floats.Dot(r, r), floats.Dot(b, b), floats.Dot(off, off), floats.Dot(want, want)}
	if err := collective.Allreduce(a.grid.Comm, sums, sums, collective.Sum); err != nil {
		return 0, 0, err
	}
	residual, wrong = math.Sqrt(sums[0]/sums[1]), math.Sqrt(sums[2]/sums[3])

	// The inverse of the matrix takes the residual to the error, and makes nothing
	// longer than 1/least times. So the error has a limit, which knows nothing of
	// how x was found.
	least, greatest := a.eigenvalues()
	rounding := 1e-15 * greatest / least
	limit := residual*math.Sqrt(sums[1]/sums[3])/least + rounding
	if !(residual <= 2*tol+rounding) { // "not smaller" instead of "larger": it is true of NaN as well
		return residual, wrong, fmt.Errorf("not solved: the residual is %.1e, more than %.1e", residual, tol)
	}
	if !(wrong <= limit) {
		return residual, wrong, fmt.Errorf("the solution is wrong by %.1e; with this residual %.1e is possible", wrong, limit)
	}
	return residual, wrong, nil
}
