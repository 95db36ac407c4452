// Heat computes the temperature of a metal plate that hot and cold pipes run
// through. It prints how the solution converges, and paints it.
//
//	golaunch -n 4 ./examples/heat -n 500 -o plate.png
//
// The plate is a grid of n x n cells. In equilibrium a cell is as warm as its four
// neighbours are on average, unless a pipe or the rim says how warm it is. Jacobi's
// method gets there by making it so, for all cells at once, again and again.
//
// The ranks share out the grid as rectangular blocks (plate.go). Around its block
// each rank keeps a halo, one cell wide: copies of its neighbours' outermost cells,
// renewed in every sweep while the cells that don't need them are computed (block.go).
// This file is the whole.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	n     int     // cells per side
	iters int     // sweeps at most
	tol   float64 // a sweep that changes no cell by more is the last
	path  string  // of the picture; "" for none
	out   io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.n, "n", 300, "cells per side")
	flag.IntVar(&cfg.iters, "iters", 100_000, "sweeps at most")
	flag.Float64Var(&cfg.tol, "tol", 1e-6, "stop when a sweep changes no cell by more (temperatures are 0 to 1)")
	flag.StringVar(&cfg.path, "o", "heat.png", "picture to write; empty for none")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// checkEvery is how many sweeps go by between two looks at the residual: for that
// all ranks must wait for each other, for a sweep only neighbours.
const checkEvery = 100

// run returns the n x n temperatures, row by row, on rank 0, and nil elsewhere.
func run(world *mpi.Comm, cfg config) ([]float64, error) {
	p, err := newPlate(cfg.n, world.Size())
	if err != nil {
		return nil, err
	}
	if cfg.iters < 1 || cfg.tol < 0 {
		return nil, fmt.Errorf("-iters %d -tol %g: want at least one sweep, and no negative tolerance", cfg.iters, cfg.tol)
	}
	say := func(format string, args ...any) {
		if world.Rank() == 0 {
			fmt.Fprintf(cfg.out, format, args...)
		}
	}
	say("%d x %d cells in %d x %d blocks, one for each rank\n", p.n, p.n, p.down, p.across)

	begin := time.Now()
	// The ranks as a grid: each knows who has the blocks around its own.
	grid, err := world.Cart([]int{p.down, p.across}, nil, false)
	if err != nil {
		return nil, err
	}
	b := newBlock(p, grid.Rank())
	if err := b.join(grid); err != nil {
		return nil, err
	}
	sweeps, residual, err := relax(grid, b, cfg, say)
	if err != nil {
		return nil, err
	}
	field, err := b.gather(grid.Comm)
	if err != nil || field == nil {
		return nil, err
	}
	took := time.Since(begin).Round(time.Millisecond)
	if residual <= cfg.tol {
		say("converged after %d sweeps, %v\n", sweeps, took)
	} else {
		say("not converged yet after %d sweeps, %v\n", sweeps, took)
	}

	if err := check(field, p.n, sweeps, residual); err != nil {
		return nil, err
	}
	if cfg.path != "" {
		if err := paint(cfg.path, field, p.n); err != nil {
			return nil, err
		}
		say("wrote %s\n", cfg.path)
	}
	return field, nil
}

// relax sweeps until the residual, the largest change of any cell in a sweep, is at
// most cfg.tol, or the sweeps are used up.
func relax(grid *mpi.Cart, b *block, cfg config, say func(string, ...any)) (sweeps int, residual float64, err error) {
	toPrint := checkEvery
	for sweeps < cfg.iters {
		if err := b.sweep(); err != nil {
			return sweeps, residual, err
		}
		sweeps++
		if sweeps%checkEvery != 0 && sweeps != cfg.iters {
			continue
		}
		// A rank knows its own largest change. But all must agree whether to go on,
		// so all need the maximum: Allreduce.
		all := []float64{0}
		if err := collective.Allreduce(grid.Comm, all, []float64{b.change()}, collective.Max); err != nil {
			return sweeps, residual, err
		}
		residual = all[0]
		last := residual <= cfg.tol || sweeps == cfg.iters
		if last || sweeps >= toPrint {
			say("sweep %6d   residual %.2e\n", sweeps, residual)
			toPrint = 2 * sweeps
		}
		if last {
			break
		}
	}
	return sweeps, residual, nil
}

// small grids are computed once more by rank 0 alone.
const small = 64

// check judges the field by what mathematics says of it, and on small grids by what
// a single rank makes of it.
func check(field []float64, n, sweeps int, residual float64) error {
	for k, t := range field {
		if !(0 <= t && t <= 1) { // "not inside" instead of "outside": it is true of NaN as well
			return fmt.Errorf("cell %d,%d is at %g: hotter or colder than all pipes", k/n, k%n, t)
		}
	}

	// The average of some changes is no larger than the largest of them. So a
	// further sweep, over the whole plate in one piece, changes no cell by more
	// than the last one did, but for rounding. A halo or a block out of place shows
	// here.
	p, err := newPlate(n, 1)
	if err != nil {
		return err
	}
	whole := newBlock(p, 0)
	whole.set(field)
	if err := whole.sweep(); err != nil { // it has no neighbours: it joins no grid
		return err
	}
	if c := whole.change(); c > residual+1e-12 {
		return fmt.Errorf("the blocks don't fit together: a sweep over all of them changes a cell by %g, and the last one by %g only", c, residual)
	}
	if n > small {
		return nil
	}

	// A new temperature is made of the same four numbers in the same order,
	// whichever rank does it: the results agree to the last bit.
	whole = newBlock(p, 0)
	for range sweeps {
		if err := whole.sweep(); err != nil {
			return err
		}
	}
	for i := range n {
		for j, want := range whole.row(i) {
			if got := field[i*n+j]; got != want {
				return fmt.Errorf("cell %d,%d is at %v, but at %v when one rank computes it all", i, j, got, want)
			}
		}
	}
	return nil
}
