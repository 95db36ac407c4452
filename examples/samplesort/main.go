// Samplesort sorts numbers that are spread over all ranks: afterwards each rank
// holds a sorted piece, and no number of a rank is less than one of a lower rank.
//
//	golaunch -n 4 ./examples/samplesort -n 10000000 -keys few
//
// Every rank sorts what it has and takes samples at regular steps. From all ranks'
// samples together everybody picks the same splitters, which say where one rank's
// piece ends and the next one's begins. Then each number travels once, straight to
// its rank: Alltoallv. What arrives are sorted runs, one from each rank, to be
// merged.
//
// Numbers may be equal, even all of them. No splitter could divide them, so equal
// numbers are told apart by where they lay before (keys.go). Then no rank gets much
// more than its share, whatever the numbers are.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

type config struct {
	n    int    // numbers, all ranks together
	keys string // what numbers: one of kinds
	seed uint64
	out  io.Writer
}

func main() {
	cfg := config{out: os.Stdout}
	flag.IntVar(&cfg.n, "n", 2_000_000, "numbers to sort, all ranks together")
	flag.StringVar(&cfg.keys, "keys", "normal", "what numbers: normal, few (many are equal), equal (all are), falling (in reverse order)")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed of the random numbers")
	flag.Parse()
	mpi.Run(func(world *mpi.Comm) error {
		_, err := run(world, cfg)
		return err
	})
}

// run returns the rank's piece of the sorted numbers.
func run(world *mpi.Comm, cfg config) ([]float64, error) {
	if cfg.n < 0 || kinds[cfg.keys] == nil {
		return nil, fmt.Errorf("-n %d -keys %s: want no negative number of them, and normal, few, equal or falling", cfg.n, cfg.keys)
	}
	keys := newKeys(cfg, world.Rank(), world.Size())
	before := newTally(keys) // the keys change places below

	begin := time.Now()
	sorted, err := sortAll(world, keys, cfg.n)
	if err != nil {
		return nil, err
	}
	took := time.Since(begin)
	if err := check(world, sorted, before); err != nil {
		return nil, err
	}

	most := []int{len(sorted)}
	if err := collective.Allreduce(world, most, most, collective.Max); err != nil {
		return nil, err
	}
	// Between two samples of a rank there are fewer than every keys. A piece has the
	// samples that are its share, and of each rank what lies between two more.
	limit := cfg.n/world.Size() + (world.Size()+1)*every(cfg.n, world.Size())
	if most[0] > limit {
		return nil, fmt.Errorf("a rank has %d of %d numbers, more than %d", most[0], cfg.n, limit)
	}
	if world.Rank() == 0 {
		fmt.Fprintf(cfg.out, "%d %s numbers sorted by %d ranks, %.1f million a second; the longest piece has %d, the average %d\n",
			cfg.n, cfg.keys, world.Size(), float64(cfg.n)/took.Seconds()/1e6, most[0], cfg.n/world.Size())
	}
	return sorted, nil
}

// sortAll returns the rank's piece of all ranks' keys, n of them, in order. It
// changes keys.
func sortAll(world *mpi.Comm, keys []float64, n int) ([]float64, error) {
	slices.Sort(keys)
	cuts, err := split(world, keys, n)
	if err != nil {
		return nil, err
	}

	// Each tells each how much is coming, and makes room for what comes. That is
	// an Alltoall of single numbers before the large one.
	size := world.Size()
	send, recv := make([]int, size), make([]int, size)
	for r := range size {
		send[r] = cuts[r+1] - cuts[r]
	}
	if err := collective.Alltoall(world, recv, send); err != nil {
		return nil, err
	}
	total := 0
	for _, count := range recv {
		total += count
	}
	runs := make([]float64, total)

	// The piece for rank 0 comes first in keys, then that for rank 1, and they
	// arrive side by side in rank order: no displacements are needed.
	if err := collective.Alltoallv(world, runs, recv, nil, keys, send, nil); err != nil {
		return nil, err
	}
	return merge(runs, recv), nil
}

// every is how many keys there are for one sample. The more samples the more even
// are the pieces, and the longer everybody is busy with samples. With 16 size of
// them from each rank, no piece is longer than its share by more than an eighth.
func every(n, size int) int { return max(1, n/(16*size*size)) }

// split returns where to cut sorted keys: cuts[r] <= k < cuts[r+1] go to rank r.
func split(world *mpi.Comm, keys []float64, n int) (cuts []int, err error) {
	rank, size, step := world.Rank(), world.Size(), every(n, world.Size())
	var mine []place
	for k := step - 1; k < len(keys); k += step {
		mine = append(mine, place{keys[k], rank, k})
	}

	// Ranks with more keys have more samples, and one with few may have none. So
	// first all learn how many come from whom, then come the samples: Allgatherv
	// must know the lengths beforehand, as everything that receives.
	counts := make([]int, size)
	if err := collective.Allgather(world, counts, []int{len(mine)}); err != nil {
		return nil, err
	}
	total := 0
	for _, count := range counts {
		total += count
	}
	samples := make([]place, total)
	if err := collective.Allgatherv(world, samples, counts, nil, mine); err != nil {
		return nil, err
	}

	// The same samples in the same order give the same splitters on every rank.
	slices.SortFunc(samples, place.compare)
	cuts = make([]int, size+1)
	cuts[size] = len(keys)
	for r := 1; r < size && total > 0; r++ {
		splitter := samples[r*total/size]
		cuts[r] = sort.Search(len(keys), func(k int) bool {
			return place{keys[k], rank, k}.compare(splitter) >= 0
		})
	}
	return cuts, nil
}
