package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// kinds are the numbers to choose from: number i of n.
var kinds = map[string]func(random *rand.Rand, i, n int) float64{
	"normal":  func(random *rand.Rand, i, n int) float64 { return random.NormFloat64() },
	"few":     func(random *rand.Rand, i, n int) float64 { return float64(random.IntN(10)) },
	"equal":   func(random *rand.Rand, i, n int) float64 { return 1 },
	"falling": func(random *rand.Rand, i, n int) float64 { return float64(n - i) },
}

// newKeys makes the rank's share. They are the same numbers whatever the number of
// ranks, because number i is made from seed and i alone.
func newKeys(cfg config, rank, size int) []float64 {
	first, last := rank*cfg.n/size, (rank+1)*cfg.n/size
	keys := make([]float64, 0, last-first)
	var source rand.PCG
	random := rand.New(&source)
	for i := first; i < last; i++ {
		source.Seed(cfg.seed, uint64(i))
		keys = append(keys, kinds[cfg.keys](random, i, cfg.n))
	}
	return keys
}

// place is a key and where it lay when all ranks had sorted theirs. No two are
// equal. (The fields begin with capitals as those of all that is sent.)
type place struct {
	Key         float64
	Rank, Index int
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), cmp.Compare(p.Rank, q.Rank), cmp.Compare(p.Index, q.Index))
}

// merge sorts a slice that consists of sorted runs of the given lengths. It merges
// pairs of neighbours until one is left: as many passes over the keys as the number
// of runs has bits.
func merge(runs []float64, lengths []int) []float64 {
	spare := make([]float64, 0, len(runs))
	for len(lengths) > 1 {
		rest, longer := runs, []int(nil)
		spare = spare[:0]
		for i := 0; i < len(lengths); i += 2 {
			a := rest[:lengths[i]]
			rest = rest[len(a):]
			var b []float64 // nothing, behind a last run without a pair
			if i+1 < len(lengths) {
				b = rest[:lengths[i+1]]
				rest = rest[len(b):]
			}
			longer = append(longer, len(a)+len(b))
			for len(a) > 0 && len(b) > 0 {
				if b[0] < a[0] {
					spare, b = append(spare, b[0]), b[1:]
				} else {
					spare, a = append(spare, a[0]), a[1:]
				}
			}
			spare = append(append(spare, a...), b...)
		}
		runs, spare, lengths = spare, runs, longer
	}
	return runs
}

// tally is a fingerprint of numbers in any order: how many there are, and the sum of
// a hash of each. Tallies add up like the numbers' sets.
type tally [2]uint64

func newTally(keys []float64) tally {
	t := tally{uint64(len(keys))}
	for _, key := range keys {
		// The hash makes chance of the bits, so that no two changes are likely to
		// cancel (splitmix64; Steele, Lea, Flood, OOPSLA 2014).
		h := math.Float64bits(key) + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		t[1] += h ^ h>>31
	}
	return t
}

// check finds out on all ranks together whether their pieces are in order and
// consist of the numbers that there were before.
func check(world *mpi.Comm, sorted []float64, before tally) error {
	// The greatest key of all ranks below. The last of the rank below would not do:
	// that rank may have none.
	greatest, below := []float64{math.Inf(-1)}, []float64{math.Inf(-1)} // Exscan leaves rank 0's as it is
	if len(sorted) > 0 {
		greatest[0] = sorted[len(sorted)-1]
	}
	if err := collective.Exscan(world, below, greatest, collective.Max); err != nil {
		return err
	}
	// What each rank has lost, others have won. Integers wrap around, which does no
	// harm: what cancels does so all the same.
	after := newTally(sorted)
	lost := tally{before[0] - after[0], before[1] - after[1]}
	if err := collective.Allreduce(world, lost[:], lost[:], collective.Sum); err != nil {
		return err
	}

	switch {
	case !slices.IsSorted(sorted):
		return errors.New("the piece is not in order")
	case len(sorted) > 0 && !(below[0] <= sorted[0]):
		return fmt.Errorf("the piece begins with %v, and a rank below has %v", sorted[0], below[0])
	case lost != tally{}:
		return fmt.Errorf("these are not the numbers that were to be sorted: %d are missing", int64(lost[0]))
	}
	return nil
}
