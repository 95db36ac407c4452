package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// oracle moves the stars as one would first write it: no ranks, no blocks, and the
// pulls straight from Newton's law.
func oracle(cfg config) []star {
	stars := make([]star, cfg.n)
	for i := range stars {
		stars[i] = newStar(cfg.seed, i, cfg.n)
	}
	accelerations := func() []vector {
		a := make([]vector, cfg.n)
		for i, s := range stars {
			for j, t := range stars {
				if i != j {
					d := t.Position.minus(s.Position)
					a[i] = a[i].plus(d.times(t.Mass / math.Pow(d.dot(d)+softening*softening, 1.5)))
				}
			}
		}
		return a
	}
	a := accelerations()
	for range cfg.steps {
		for i := range stars {
			s := &stars[i]
			s.Velocity = s.Velocity.plus(a[i].times(cfg.dt / 2))
			s.Position = s.Position.plus(s.Velocity.times(cfg.dt))
		}
		a = accelerations()
		for i := range stars {
			stars[i].Velocity = stars[i].Velocity.plus(a[i].times(cfg.dt / 2))
		}
	}
	return stars
}

// Any number of ranks gives the same stars, also when they can't be shared out
// evenly and when some ranks have none. The same but for rounding, because the
// pulls on a star are added up in the order in which the blocks come by: a few
// units in the last place per step, which 20 steps don't make grow to 1e-12.
func TestAnyNumberOfRanks(t *testing.T) {
	const tolerance = 1e-12
	for _, n := range []int{1, 4, 61} {
		cfg := config{n: n, steps: 20, dt: 0.01, seed: 7, out: io.Discard}
		want := oracle(cfg)
		for _, ranks := range []int{1, 2, 3, 5} {
			t.Run(fmt.Sprint(n, " stars ", ranks, " ranks"), func(t *testing.T) {
				parts := make([][]star, ranks) // an element for each rank: nothing is shared
				mpitest.Run(t, ranks, func(world *mpi.Comm) error {
					own, err := run(world, cfg)
					parts[world.Rank()] = own
					return err
				})
				var got []star
				for _, p := range parts {
					got = append(got, p...)
				}
				if len(got) != n {
					t.Fatalf("%d stars, want %d", len(got), n)
				}
				for i, s := range got {
					x := s.Position.minus(want[i].Position).length()
					v := s.Velocity.minus(want[i].Velocity).length()
					if !(x <= tolerance && v <= tolerance) || s.Mass != want[i].Mass {
						t.Fatalf("star %d is %v, want %v", i, s, want[i])
					}
				}
			})
		}
	}
}

func TestPrintsDrifts(t *testing.T) {
	var out bytes.Buffer // rank 0 alone writes
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		return second(run(world, config{n: 50, steps: 16, dt: 0.01, seed: 1, out: &out}))
	})
	// Two lines of heading, the beginning, eight times between, the verdict.
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2+1+8+1 || !strings.Contains(lines[11], "are conserved") || !strings.Contains(lines[10], "0.160") {
		t.Errorf("printed\n%s", &out)
	}
}

// A cluster in equilibrium stays as large as it was: its stars have the right
// speeds.
func TestEquilibrium(t *testing.T) {
	const n = 1000
	var sum totals
	own := make([]star, n)
	sources := make([]source, n)
	for i := range own {
		own[i] = newStar(1, i, n)
		sources[i] = source{own[i].Position, own[i].Mass}
	}
	pulls := make([]pull, n)
	addPulls(pulls, own, sources)
	mpitest.Run(t, 1, func(world *mpi.Comm) (err error) {
		sum, err = measure(world, own, pulls)
		return err
	})
	// In theory the energy is -3 pi/64, and the kinetic energy half of the
	// potential. A thousand stars at random come near.
	if e := sum.energy(); math.Abs(e+3*math.Pi/64) > 0.01 {
		t.Errorf("energy %v, want about %v", e, -3*math.Pi/64)
	}
	if q := -sum[kinetic] / sum[potential]; math.Abs(q-0.5) > 0.03 {
		t.Errorf("kinetic is %v of potential energy, want about one half", q)
	}
}

// The checks find what they are there to find.
func TestDrifts(t *testing.T) {
	start := totals{kinetic: 1, potential: -3, momentumX: 1, momentumY: 2, momentumZ: 3, motion: 10}
	for _, c := range []struct {
		at               int
		by               float64
		energy, momentum float64
	}{
		{kinetic, 0.4, 0.1, 0},
		{potential, -0.4, 0.1, 0},
		{momentumX, 1, 0, 0.1},
		{momentumY, -1, 0, 0.1},
		{momentumZ, 2, 0, 0.2},
	} {
		now := start
		now[c.at] += c.by
		if e, m := now.energyDrift(start), now.momentumDrift(start); math.Abs(e-c.energy) > 1e-12 || math.Abs(m-c.momentum) > 1e-12 {
			t.Errorf("total %d changed by %g: drifts %g and %g, want %g and %g", c.at, c.by, e, m, c.energy, c.momentum)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  config
		want string
	}{
		{config{n: 0, dt: 1}, "-n 0"},
		{config{n: 1, dt: 1, steps: -1}, "-steps -1"},
		{config{n: 1, dt: 0}, "-dt 0"},
		{config{n: 1, dt: math.NaN()}, "-dt NaN"},
		{config{n: 100, steps: 40, dt: 0.5, seed: 1}, "take shorter steps, -dt 0.25"},
	} {
		c.cfg.out = io.Discard
		err := mpi.RunLocal(2, func(world *mpi.Comm) error { return second(run(world, c.cfg)) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}

// second is the error of a call whose result does not matter.
func second[T any](_ T, err error) error { return err }
