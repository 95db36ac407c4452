package harness

import "time"

// maxIterations ends the search for a long enough batch.
const maxIterations = 1_000_000_000

// A Pace chooses how many iterations the batches of one point have. The C twin follows the same rule.
//
// Batches of 1, 4, 16 ... iterations warm everything up until one takes an eighth of the budget (or all of it at once). The
// next one is as long as the budget at the pace of that one, and it is the measured one unless it took less than a quarter
// of the budget: then an interruption had made the pace look slow, and a longer one follows.
type Pace struct {
	budget    time.Duration
	n         int
	measuring bool
}

// NewPace starts a point whose measured batch should take about budget, which must be positive.
func NewPace(budget time.Duration) *Pace {
	if budget <= 0 {
		panic("harness: the budget of a point must be positive")
	}
	return &Pace{budget: budget, n: 1}
}

// Iterations is the length of the batch at hand, 0 after the measured one.
func (p *Pace) Iterations() int { return p.n }

// Took says how long the batch at hand took and moves to the next one.
func (p *Pace) Took(t time.Duration) {
	switch {
	case p.n == 0:
	case p.measuring:
		if t >= p.budget/4 || p.n >= maxIterations {
			p.n = 0
		} else {
			p.n = p.fill(t)
		}
	case t >= p.budget, p.n >= 2 && t >= p.budget/8:
		p.measuring = true
		p.n = p.fill(t)
	default:
		p.n = 4 * min(p.n, maxIterations/4)
		p.measuring = p.n == maxIterations
	}
}

// fill is the number of iterations that takes the budget when n of them took t.
func (p *Pace) fill(t time.Duration) int {
	want := maxIterations * 1.0
	if t > 0 {
		want = float64(p.budget) * float64(p.n) / float64(t)
	}
	return int(max(1, min(want+0.5, maxIterations)))
}
