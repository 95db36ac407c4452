package plan

import (
	"math/bits"
	"testing"
)

// costs are what the comments above the algorithms say, for n ranks and m units (of the vector, or of each block).
// A negative number is not checked: the comment tells it for powers of two only, where n is none.
var costs = map[string]func(n, m int) cost{
	"barrier/dissemination": func(n, m int) cost { return cost{n * log(n), 0, log(n)} },
	"bcast/binomial":        func(n, m int) cost { return cost{n - 1, (n - 1) * m, log(n)} },
}

// log is the logarithm to base 2, rounded up.
func log(n int) int { return bits.Len(uint(n - 1)) }

// members and extras are those of the core.
func members(n int) int { return 1 << (bits.Len(uint(n)) - 1) }
func extras(n int) int  { return n - members(n) }

// TestCost counts messages, units and rounds: a rank sends one message and receives one message per round.
func TestCost(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		f := costs[op.String()+"/"+a.name]
		if f == nil {
			t.Fatal("no cost is told")
		}
		for n := 1; n <= 64; n++ {
			m := 4
			if vector(op) {
				if m = 2 * n; a.name == "rabenseifner" { // pieces of equal length
					m = 2 * members(n)
				}
			}
			for root := range n {
				if root > 0 && (!rooted(op) || root%7 != 3) {
					continue
				}
				q := &problem{op: op, alg: a.name, n: n, root: root, count: m, segment: 4, ordered: a.ordered}
				mach := &machine{}
				if err := q.solve(mach); err != nil {
					t.Fatal(err)
				}
				want, got := f(n, m), mach.cost
				for _, x := range [][2]*int{{&want.messages, &got.messages}, {&want.units, &got.units}, {&want.rounds, &got.rounds}} {
					if *x[0] < 0 {
						*x[0] = *x[1]
					}
				}
				if got != want {
					t.Fatalf("%v: %+v, want %+v", q, got, want)
				}
			}
		}
	})
}
