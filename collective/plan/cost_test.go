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
	"bcast/scatter-allgather": func(n, m int) cost {
		return powersOnly(n, cost{n - 1 + n*n - n - n/2*log(n), (n - 1) * m, -1}, cost{-1, (n - 1) * m, -1})
	},
	"bcast/chain": func(n, m int) cost {
		s := (m + 3) / 4 // TestCost's Segment is 4
		if n == 1 {
			return cost{}
		}
		return cost{(n - 1) * s, (n - 1) * m, n - 1 + s - 1}
	},
	"reduce/binomial": func(n, m int) cost { return cost{n - 1, (n - 1) * m, log(n)} },
	"reduce/rabenseifner": func(n, m int) cost {
		p, e := members(n), n-members(n)
		return cost{e + p*log(p) + p - 1, e*m + (p-1)*m + m/2*log(p), 2*log(p) + min(e, 1)}
	},
	"allreduce/doubling": func(n, m int) cost {
		p, e := members(n), n-members(n)
		return cost{2*e + p*log(p), (2*e + p*log(p)) * m, log(p) + 2*min(e, 1)}
	},
	"allreduce/rabenseifner": func(n, m int) cost {
		p, e := members(n), n-members(n)
		return cost{2*e + 2*p*log(p), 2*e*m + 2*(p-1)*m, 2*log(p) + 2*min(e, 1)}
	},
	"allreduce/ring": func(n, m int) cost { return cost{2 * n * (n - 1), 2 * (n - 1) * m, 2 * (n - 1)} },
	"gather/linear":  func(n, m int) cost { return cost{n - 1, (n - 1) * m, n - 1} },
	"gather/binomial": func(n, m int) cost {
		return powersOnly(n, cost{n - 1, m * (n / 2) * log(n), log(n)}, cost{n - 1, -1, log(n)})
	},
	"scatter/linear": func(n, m int) cost { return cost{n - 1, (n - 1) * m, n - 1} },
	"scatter/binomial": func(n, m int) cost {
		return powersOnly(n, cost{n - 1, m * (n / 2) * log(n), log(n)}, cost{n - 1, -1, log(n)})
	},
	"allgather/ring": func(n, m int) cost { return cost{n * (n - 1), n * (n - 1) * m, n - 1} },
	"allgather/doubling": func(n, m int) cost {
		p, e := members(n), n-members(n)
		return cost{2*e + p*log(p), (n*(p-1) + e + e*n) * m, log(p) + 2*min(e, 1)}
	},
	"allgather/bruck":   func(n, m int) cost { return cost{n * log(n), n * (n - 1) * m, log(n)} },
	"alltoall/pairwise": func(n, m int) cost { return cost{n * (n - 1), n * (n - 1) * m, n - 1} },
	"alltoall/bruck": func(n, m int) cost {
		ones := 0
		for i := range n {
			ones += bits.OnesCount(uint(i))
		}
		return powersOnly(n, cost{n * log(n), n * m * (n / 2) * log(n), log(n)}, cost{n * log(n), n * m * ones, log(n)})
	},
	"reduce_scatter/pairwise": func(n, m int) cost { return cost{n * (n - 1), n * (n - 1) * m, n - 1} },
	"reduce_scatter/halving": func(n, m int) cost {
		p, e := members(n), n-members(n)
		return cost{2*e + p*log(p), (e*n + n*(p-1) + e) * m, log(p) + 2*min(e, 1)}
	},
	"scan/doubling":   scanCost,
	"exscan/doubling": scanCost,
}

func scanCost(n, m int) cost {
	msgs := n*log(n) - (1<<log(n) - 1)
	return cost{msgs, msgs * m, log(n)}
}

// atMost are rounds that the comments bound.
var atMost = map[string]func(n int) int{
	"bcast/scatter-allgather": func(n int) int { return log(n) + n - 1 },
}

// powersOnly returns power if n is a power of two, else other.
func powersOnly(n int, power, other cost) cost {
	if n == members(n) {
		return power
	}
	return other
}

// log is the logarithm to base 2, rounded up.
func log(n int) int { return bits.Len(uint(n - 1)) }

// members returns the largest power of two up to n.
func members(n int) int { return 1 << (bits.Len(uint(n)) - 1) }

// TestCost counts messages, units and rounds: a rank sends one message and receives one message per round.
func TestCost(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		f := costs[op.String()+"/"+a.name]
		if f == nil {
			t.Fatal("no cost is told")
		}
		for n := 1; n <= 64; n++ {
			if brief && n > 9 && n%8 > 1 {
				continue
			}
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
				if limit := atMost[op.String()+"/"+a.name]; limit != nil && got.rounds > limit(n) {
					t.Fatalf("%v: %d rounds, at most %d are told", q, got.rounds, limit(n))
				}
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
