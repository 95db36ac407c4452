package harness

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drive runs a whole point with a fake loop and returns the measured batch and how long everything took.
func drive(t interface{ Fatalf(string, ...any) }, budget time.Duration, loop func(batch, n int) time.Duration) (n int, took, total time.Duration) {
	p := NewPace(budget)
	for batch := 0; p.Iterations() > 0; batch++ {
		if batch > 60 {
			t.Fatalf("no end after %d batches", batch)
		}
		n = p.Iterations()
		took = loop(batch, n)
		total += took
		p.Took(took)
	}
	return n, took, total
}

func TestPaceOfASteadyLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := time.Duration(rapid.Int64Range(1e6, 1e9).Draw(t, "budget"))
		one := time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "iteration"))
		n, took, total := drive(t, budget, func(_, n int) time.Duration { return time.Duration(n) * one })
		switch {
		case one >= budget:
			if n != 1 || total != 2*one {
				t.Fatalf("iterations of %v, budget %v: measured %d, %v in all; want one for warm-up and one", one, budget, n, total)
			}
		case took < budget/2 || took > 2*budget:
			t.Fatalf("iterations of %v, budget %v: the measured batch took %v", one, budget, took)
		case total-took > 5*budget:
			t.Fatalf("iterations of %v, budget %v: the warm-up took %v", one, budget, total-took)
		}
	})
}

// One interruption during the warm-up makes a short batch look long; the measured batch must not be short because of it.
func TestPaceSurvivesAnInterruption(t *testing.T) {
	const budget, one = 100 * time.Millisecond, 200 * time.Nanosecond
	for hit := range 8 {
		n, took, _ := drive(t, budget, func(batch, n int) time.Duration {
			d := time.Duration(n) * one
			if batch == hit {
				d += 2 * budget
			}
			return d
		})
		if took < budget/4 || n < 1000 {
			t.Errorf("interrupted in batch %d: measured %d iterations in %v", hit, n, took)
		}
	}
}

func TestPaceEndsWithAStoppedClock(t *testing.T) {
	n, _, _ := drive(t, time.Second, func(_, n int) time.Duration { return 0 })
	if n != maxIterations {
		t.Errorf("measured %d iterations, want %d", n, maxIterations)
	}
}

func TestPaceWantsABudget(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a budget of zero")
		}
	}()
	NewPace(0)
}
