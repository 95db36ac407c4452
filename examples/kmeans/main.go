// Kmeans finds out into which groups points fall, by Lloyd's method: each point
// belongs to the nearest centre, each centre moves to the middle of its points, and
// so on until nothing changes. It prints how the points' distances shrink, and
// paints the groups.
//
//	golaunch -n 4 ./examples/kmeans -n 1000000 -k 20 -o groups.png
//
// The points are made by the program, around centres that it knows (points.go):
// these are what it must find. Points stay on their ranks, and only what is said of
// all of them together travels: which lies farthest away (MaxLoc), the sums over
// each group. So messages are as long for a thousand points as for a billion.
//
// The digits are the same on any number of ranks, although sums of floating-point
// numbers depend on their order: Accumulators don't.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	n     int // points, all ranks together
	k     int // groups
	iters int // at most
	seed  uint64
	path  string // of the picture; "" for none
	out   io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.n, "n", 300_000, "points, all ranks together")
	flag.IntVar(&cfg.k, "k", 12, "groups")
	flag.IntVar(&cfg.iters, "iters", 100, "iterations at most")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed of the random numbers")
	flag.StringVar(&cfg.path, "o", "kmeans.png", "picture to write; empty for none")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// run returns the centres, the same on all ranks.
func run(world *mpi.Comm, cfg config) ([]point, error) {
	if cfg.k < 1 || cfg.k > 255 || cfg.n < cfg.k || cfg.iters < 1 {
		return nil, fmt.Errorf("-n %d -k %d -iters %d: want 1 to 255 groups, at least a point in each, and an iteration", cfg.n, cfg.k, cfg.iters)
	}
	say := func(format string, args ...any) {
		if world.Rank() == 0 {
			fmt.Fprintf(cfg.out, format, args...)
		}
	}
	// Rank r owns the points first <= i < last.
	first, last := world.Rank()*cfg.n/world.Size(), (world.Rank()+1)*cfg.n/world.Size()
	points := make([]point, 0, last-first)
	for i := first; i < last; i++ {
		points = append(points, newPoint(cfg.seed, i, cfg.k))
	}
	say("%d points in %d groups on %d ranks\n", cfg.n, cfg.k, world.Size())

	begin := time.Now()
	centres, err := spread(world, points, first, cfg)
	if err != nil {
		return nil, err
	}
	iterations, err := settle(world, points, centres, cfg.iters, say)
	if err != nil {
		return nil, err
	}
	took := time.Since(begin).Round(time.Millisecond)
	if err := check(centres, cfg); err != nil {
		return nil, err
	}
	say("found the centres that the points were made around in %d iterations, %v\n", iterations, took)

	if cfg.path != "" {
		if err := paint(world, cfg.path, points, centres); err != nil {
			return nil, err
		}
		say("wrote %s\n", cfg.path)
	}
	return centres, nil
}

// spread chooses points to begin with: the first of all, and then again and again
// the one that is farthest from those chosen (Gonzalez, Theoretical Computer Science
// 38, 1985). So each group gets one, if the groups lie far enough apart; chosen
// at random some would get two, and Lloyd's method would not mend that.
func spread(world *mpi.Comm, points []point, first int, cfg config) ([]point, error) {
	centres := make([]point, cfg.k)
	away := make([]float64, len(points)) // from the nearest centre so far, squared
	for i := range away {
		away[i] = math.Inf(1)
	}
	for c := range centres {
		// Of points equally far away MaxLoc takes the one with the least index,
		// whoever has it. A rank without points has nothing to offer: less than 0.
		farthest := []collective.Loc[float64]{{Value: -1}}
		for i, a := range away {
			if a > farthest[0].Value {
				farthest[0] = collective.Loc[float64]{Value: a, Index: first + i}
			}
		}
		if err := collective.Allreduce(world, farthest, farthest, collective.MaxLoc); err != nil {
			return nil, err
		}

		// Everybody knows now which point it is, hence who has it, and that rank
		// tells the others where it lies.
		i := farthest[0].Index
		owner := ((i+1)*world.Size() - 1) / cfg.n
		if owner == world.Rank() {
			centres[c] = points[i-first]
		}
		if err := collective.Bcast(world, centres[c:c+1], owner); err != nil {
			return nil, err
		}
		for i, p := range points {
			away[i] = min(away[i], p.square(centres[c]))
		}
	}
	return centres, nil
}

// settle moves the centres until no point changes its group, or the iterations are
// used up, and says how many it took.
func settle(world *mpi.Comm, points, centres []point, most int, say func(string, ...any)) (iterations int, err error) {
	group := make([]uint8, len(points))
	for iterations < most {
		// Sums of X and of Y for each group, and last of all the cost: the squares
		// of the distances. An Accumulator holds a sum of float64s in such a way
		// that neither the order nor the number of ranks matters.
		sums := make([]collective.Accumulator, 2*len(centres)+1)
		counts := make([]int, len(centres)+1) // of points, and last of those that changed
		cost := &sums[2*len(centres)]
		for i, p := range points {
			g, square := p.nearest(centres)
			if iterations == 0 || g != group[i] {
				counts[len(centres)]++
			}
			group[i] = g
			sums[2*int(g)].Add(p.X)
			sums[2*int(g)+1].Add(p.Y)
			counts[g]++
			cost.Add(square)
		}
		if err := collective.Allreduce(world, sums, sums, collective.SumReproducible); err != nil {
			return iterations, err
		}
		if err := collective.Allreduce(world, counts, counts, collective.Sum); err != nil {
			return iterations, err
		}

		iterations++
		changed := counts[len(centres)]
		say("iteration %3d   cost %.6f   %d points in another group\n", iterations, cost.Float64(), changed)
		if changed == 0 {
			break
		}
		for c := range centres {
			if counts[c] > 0 { // a centre without points stays where it is
				count := float64(counts[c])
				centres[c] = point{sums[2*c].Float64() / count, sums[2*c+1].Float64() / count}
			}
		}
	}
	return iterations, nil
}

// check compares the centres with those that the points were made around.
func check(centres []point, cfg config) error {
	// The middle of m points is off by deviation/sqrt(m) on average in each
	// direction, and by six times as much once in sixty million.
	limit := 6 * deviation / math.Sqrt(float64(cfg.n/cfg.k))
	for c := range cfg.k {
		want := trueCentre(c)
		g, square := want.nearest(centres)
		if off := math.Sqrt(square); !(off <= limit) { // "not below" instead of "above": it is true of NaN as well
			return fmt.Errorf("no centre within %.4f of %.4f; the nearest, %.4f, is off by %.4f", limit, want, centres[g], off)
		}
	}
	return nil
}
