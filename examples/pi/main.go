// Pi throws darts at a square and counts those that land inside the circle: the
// Monte Carlo method, the simplest way to use many processors at once.
//
//	golaunch -n 4 ./examples/pi -darts 1000000000
//
// The same number of darts gives the same digits whatever the number of ranks,
// which makes such a program possible to test and its results possible to repeat.
// Two habits make it so: random numbers belong to the work and not to the worker,
// and what is added up are integers, whose sum knows no order.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	darts int
	seed  uint64
	out   io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.darts, "darts", 100_000_000, "darts to throw, all ranks together")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed of the random numbers")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// batch is how many darts are thrown from one stream of random numbers.
const batch = 100_000

// run returns the estimate on rank 0, and 0 elsewhere.
func run(world *mpi.Comm, cfg config) (float64, error) {
	if cfg.darts < 1 {
		return 0, fmt.Errorf("-darts %d: want at least 1", cfg.darts)
	}
	begin := time.Now()

	// The batches are dealt out like cards: rank r takes r, r+size, r+2*size ...
	// Who throws a batch makes no difference to where its darts land.
	hits := 0
	batches := (cfg.darts + batch - 1) / batch
	for b := world.Rank(); b < batches; b += world.Size() {
		darts := min(batch, cfg.darts-b*batch)
		hits += throw(darts, rand.New(rand.NewPCG(cfg.seed, uint64(b))))
	}

	// One number from each rank, and their sum on rank 0. (Allreduce would give it
	// to all of them.) The buffers are slices, here of one element.
	total := []int{0}
	if err := collective.Reduce(world, total, []int{hits}, collective.Sum, 0); err != nil {
		return 0, err
	}
	if world.Rank() != 0 {
		return 0, nil
	}

	// A dart hits with probability p = pi/4. The estimate 4 hits/darts then has the
	// standard deviation 4 sqrt(p(1-p)/darts). It is off by more than five of these
	// once in two million seeds.
	p := math.Pi / 4
	tolerance := 5 * 4 * math.Sqrt(p*(1-p)/float64(cfg.darts))
	pi := 4 * float64(total[0]) / float64(cfg.darts)
	off := math.Abs(pi - math.Pi)
	fmt.Fprintf(cfg.out, "%d darts by %d ranks in %v: pi is about %.6f, off by %.6f (tolerance %.6f)\n",
		cfg.darts, world.Size(), time.Since(begin).Round(time.Millisecond), pi, off, tolerance)
	if off > tolerance {
		return pi, fmt.Errorf("%v is too far from pi", pi)
	}
	return pi, nil
}

// throw counts the hits among so many darts.
func throw(darts int, random *rand.Rand) int {
	hits := 0
	for range darts {
		x, y := random.Float64(), random.Float64()
		if x*x+y*y < 1 {
			hits++
		}
	}
	return hits
}
