// Nbody moves stars that attract each other: a small star cluster. It prints the
// energy and the momentum as it goes, which nature keeps constant, and a good
// program too, nearly.
//
//	golaunch -n 4 ./examples/nbody -n 4000 -steps 50
//
// Each star feels every other. So every rank needs to see all stars, but none has
// to store them: a rank keeps its own, and copies of each rank's stars travel round
// the ring of ranks in a block. When a block comes by, a rank adds up how its stars
// pull at its own, and hands it on. After as many hops as there are ranks every
// block is back home.
//
// Blocks lie in memory that all ranks of a machine share, and travel by change of
// ownership: Move takes as long for a gigabyte as for a byte.
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
	n     int     // stars
	steps int     // steps in time
	dt    float64 // length of a step; the cluster's own pace is about 1
	seed  uint64
	out   io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.n, "n", 1000, "stars")
	flag.IntVar(&cfg.steps, "steps", 200, "steps in time")
	flag.Float64Var(&cfg.dt, "dt", 0.01, "length of a step")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed of the random numbers")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// What may be lost, as parts of the whole. The steps in time are an approximation,
// and energy is conserved as well as that is. The pulls of two stars at each other
// are opposite whatever the step is, so momentum suffers from rounding alone.
const (
	energyTolerance   = 1e-3
	momentumTolerance = 1e-12
)

// run returns the rank's stars after the last step.
func run(world *mpi.Comm, cfg config) ([]star, error) {
	if cfg.n < 1 || cfg.steps < 0 || !(cfg.dt > 0) {
		return nil, fmt.Errorf("-n %d -steps %d -dt %g: want at least one star, no negative number of steps, and a step above 0", cfg.n, cfg.steps, cfg.dt)
	}
	say := func(format string, args ...any) {
		if world.Rank() == 0 {
			fmt.Fprintf(cfg.out, format, args...)
		}
	}
	// Rank r owns the stars first <= i < last. They are the same stars whatever the
	// number of ranks, because star i is made from seed and i alone.
	first, last := world.Rank()*cfg.n/world.Size(), (world.Rank()+1)*cfg.n/world.Size()
	own := make([]star, 0, last-first)
	for i := first; i < last; i++ {
		own = append(own, newStar(cfg.seed, i, cfg.n))
	}
	block, err := mpi.Alloc[source](world, len(own))
	if err != nil {
		return nil, err
	}
	pulls := make([]pull, len(own))

	say("%d stars on %d ranks\n", cfg.n, world.Size())
	say("%8s %14s %14s %14s\n", "time", "energy", "energy drift", "momentum drift")
	begin := time.Now()
	var start, now totals
	for step := 0; ; step++ {
		if block, err = travel(world, own, block, pulls); err != nil {
			return nil, err
		}
		if step > 0 {
			kick(own, pulls, cfg.dt/2)
		}
		// Positions and velocities are of the same moment here, and only here.
		if step == 0 || step == cfg.steps || step%max(1, cfg.steps/8) == 0 {
			if now, err = measure(world, own, pulls); err != nil {
				return nil, err
			}
			if step == 0 {
				start = now
			}
			say("%8.3f %14.8f %14.1e %14.1e\n", float64(step)*cfg.dt, now.energy(), now.energyDrift(start), now.momentumDrift(start))
		}
		if step == cfg.steps {
			break
		}
		kick(own, pulls, cfg.dt/2)
		drift(own, cfg.dt)
	}
	took := time.Since(begin)

	// A Buf is the program's to free: it is shared memory, which Go's garbage
	// collector does not know.
	if err := block.Free(); err != nil {
		return nil, err
	}
	if d := now.energyDrift(start); !(d <= energyTolerance) {
		return nil, fmt.Errorf("the energy drifted by %.1e, more than %g: take shorter steps, -dt %g", d, energyTolerance, cfg.dt/2)
	}
	if d := now.momentumDrift(start); !(d <= momentumTolerance) {
		return nil, fmt.Errorf("the momentum drifted by %.1e, more than %g", d, momentumTolerance)
	}
	pairs := float64(cfg.n) * float64(cfg.n) * float64(cfg.steps+1)
	say("energy and momentum are conserved; %.1f million pairs a second\n", pairs/took.Seconds()/1e6)
	return own, nil
}

// travel sends block round the ring and leaves in pulls what all stars do to each
// of own. It returns the block, which is in the hands of other ranks meanwhile.
func travel(world *mpi.Comm, own []star, block *mpi.Buf[source], pulls []pull) (*mpi.Buf[source], error) {
	const tag = 0
	right := (world.Rank() + 1) % world.Size()
	left := (world.Rank() + world.Size() - 1) % world.Size()

	for i, s := range own {
		block.Slice()[i] = source{s.Position, s.Mass}
	}
	clear(pulls)
	for range world.Size() {
		addPulls(pulls, own, block.Slice())
		// Move does not wait for the receiver, so all ranks may Move first and
		// receive then. From here on the block is the neighbour's, and reading it
		// would be reading what the neighbour may be changing.
		if err := block.Move(world, right, tag); err != nil {
			return nil, err
		}
		var err error
		if block, _, err = mpi.RecvMove[source](world, left, tag); err != nil {
			return nil, err
		}
	}
	return block, nil
}

// totals are sums over all stars. It is an array and not a struct, so that
// Allreduce can add totals up as the float64s that they are.
type totals [6]float64

// The places in totals.
const (
	kinetic   = iota // energy of motion
	potential        // energy of attraction, negative
	momentumX        // mass times velocity
	momentumY
	momentumZ
	motion // mass times speed: what momentum is small or large against
)

// measure adds up the stars of all ranks, just after travel.
func measure(world *mpi.Comm, own []star, pulls []pull) (totals, error) {
	var mine, all totals
	for i, s := range own {
		speed := s.Velocity.length()
		mine[kinetic] += s.Mass * speed * speed / 2
		mine[potential] += s.Mass * pulls[i].potential / 2 // each pair is met twice
		mine[motion] += s.Mass * speed
		mine[momentumX] += s.Mass * s.Velocity.X
		mine[momentumY] += s.Mass * s.Velocity.Y
		mine[momentumZ] += s.Mass * s.Velocity.Z
	}
	err := collective.Allreduce(world, all[:], mine[:], collective.Sum)
	return all, err
}

func (t totals) energy() float64 { return t[kinetic] + t[potential] }

// energyDrift is the energy lost or won since start, relative to all energy there
// is.
func (t totals) energyDrift(start totals) float64 {
	return math.Abs(t.energy()-start.energy()) / (start[kinetic] - start[potential])
}

func (t totals) momentum() vector { return vector{t[momentumX], t[momentumY], t[momentumZ]} }

// momentumDrift is the momentum lost or won since start, relative to all motion
// there is.
func (t totals) momentumDrift(start totals) float64 {
	return t.momentum().minus(start.momentum()).length() / start[motion]
}
