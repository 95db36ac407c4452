package explain

import (
	"os"
	"testing"

	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/invariants"
)

// regret is how much longer the table's choice takes than the best, in the model.
func regret(t *testing.T, c Call) (ratio float64, chosen, best string) {
	k := c.Case()
	k.Board = false
	price := func(by tune.Choice) loggp.Time {
		cost, err := c.Price(by)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		return cost.Time
	}
	by := tune.Choose(k)
	mine, least := price(by), loggp.Time(-1)
	for _, other := range tune.Choices(k) {
		if x := price(other); least < 0 || x < least {
			least, best = x, other.Algorithm
		}
	}
	return float64(mine) / float64(max(least, 1)), by.Algorithm, best
}

// The table never takes much more time than the best algorithm, and mostly none. On nodes of several ranks it prefers forms in
// parts, which send least between nodes, also where a network that is otherwise idle lets others be somewhat faster.
func TestRegret(t *testing.T) {
	places := map[string][]int{"one node": {2, 3, 5, 8, 12, 24}, "a node each": {2, 3, 4, 6, 8, 11, 33, 100}, "8 on a node": {16, 40, 64}}
	factor, worst := 20, 1.5
	switch {
	case invariants.Enabled: // no goroutine here, and all is much slower
		places = map[string][]int{"one node": {3, 8}, "a node each": {3, 8, 33}, "8 on a node": {16}}
	case os.Getenv("GOLAUNCH_LONG") != "":
		factor, worst = 4, 1.75
		places = map[string][]int{
			"one node":    {2, 3, 4, 5, 7, 8, 12, 16, 24, 32, 48, 64},
			"a node each": {2, 3, 4, 6, 8, 11, 16, 33, 64, 100, 256, 600, 1024, 1500},
			"8 on a node": {16, 32, 40, 64, 128, 400, 1024},
		}
	}
	for op := plan.Barrier; op <= plan.Exscan; op++ {
		for place, list := range places {
			sum, cases, worst, mean := 0.0, 0.0, worst, 1.06
			if place == "8 on a node" {
				worst, mean = 2.5, 1.2
			}
			for _, n := range list {
				c := Call{Op: op, Ranks: n, PerNode: map[string]int{"one node": n, "a node each": 1, "8 on a node": 8}[place], Machine: loggp.Default}
				for c.Bytes = 1; c.Bytes <= 32<<20; c.Bytes *= factor {
					if (op >= plan.Gather && op <= plan.ReduceScatter) && c.Bytes*n > 1<<30 {
						break
					}
					r, chosen, best := regret(t, c)
					if sum, cases = sum+r, cases+1; r > worst {
						t.Errorf("%v of %d bytes, %d ranks, %s: %s takes %.2f times as long as %s", op, c.Bytes, n, place, chosen, r, best)
					}
				}
			}
			if sum/cases > mean {
				t.Errorf("%v, %s: choices take %.3f times as long as the best ones", op, place, sum/cases)
			}
		}
	}
}
