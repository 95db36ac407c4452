package collective_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// programs are tests that any number of ranks can run.
var programs = []struct {
	name string
	run  func(c *mpi.Comm) error
}{
	{"Gatherv", gatherv}, {"Scatterv", scatterv}, {"Allgatherv", allgatherv},
	{"Alltoall", alltoall}, {"Alltoallv", alltoallv}, {"Alltoallw", alltoallw},
	{"ReduceScatter", reduceScatter}, {"ReduceScatterBlock", reduceScatterBlock},
	{"Scan", scan}, {"Exscan", exscan},
}

// sizes are numbers of ranks that algorithms could take differently.
func sizes() []int {
	if os.Getenv("GOLAUNCH_LONG") != "" {
		return []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 16}
	}
	return []int{1, 2, 3, 6, 8}
}

// TestPrograms runs them with a board, where there is one, and without.
func TestPrograms(t *testing.T) {
	for _, p := range programs {
		for _, n := range sizes() {
			if testing.Short() && n > 4 {
				break
			}
			t.Run(fmt.Sprintf("%s on %d", p.name, n), func(t *testing.T) { mpitest.Run(t, n, p.run) })
			t.Run(fmt.Sprintf("%s on %d by messages", p.name, n), func(t *testing.T) {
				mpitest.Run(t, n, p.run, mpi.WithFaults(mpi.Return))
			})
		}
		t.Run(p.name+" on nodes", func(t *testing.T) { mpitest.RunTopo(t, "2+1+2", p.run) })
	}
}

// TestManyRanks is about more ranks than messages under way at a time.
func TestManyRanks(t *testing.T) {
	mpitest.Run(t, 40, func(c *mpi.Comm) error {
		me, n := c.Rank(), c.Size()
		for _, k := range []int{1, 3000} {
			src := make([]int32, n*k)
			for i := range src {
				src[i] = word(me, i/k, i%k)
			}
			dst := make([]int32, n*k)
			if err := collective.Alltoall(c, dst, src); err != nil {
				return err
			}
			for i, got := range dst {
				if want := word(i/k, me, i%k); got != want {
					return fmt.Errorf("Alltoall: element %d is %d, want %d", i, got, want)
				}
			}
			counts := make([]int, n)
			for i := range counts {
				counts[i] = k
			}
			mine := make([]int32, k)
			if err := collective.Scatterv(c, mine, src, counts, nil, 1); err != nil {
				return err
			}
			if want := word(1, me, k-1); mine[k-1] != want {
				return fmt.Errorf("Scatterv: %d, want %d", mine[k-1], want)
			}
			if err := collective.ReduceScatterBlock(c, mine, src, collective.Sum); err != nil {
				return err
			}
			var want int32
			for r := range n {
				want += word(r, me, 0)
			}
			if mine[0] != want {
				return fmt.Errorf("ReduceScatterBlock: %d, want %d", mine[0], want)
			}
		}
		return nil
	}, mpi.WithFaults(mpi.Return)) // by messages
}

func TestProgramsProcesses(t *testing.T) {
	all := func(c *mpi.Comm) error {
		for _, p := range programs {
			if err := p.run(c); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		return nil
	}
	for _, n := range []int{2, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { mpitest.RunProcesses(t, n, all) })
		t.Run(fmt.Sprint(n, " by messages"), func(t *testing.T) { mpitest.RunProcesses(t, n, all, mpi.WithFaults(mpi.Return)) })
	}
}

// words are lengths of int32 around the thresholds of the protocol below.
var words = []int{0, 1, 3, 12, 13, 255, 1020, 1021, 8192, 8193, 40001}

// word is element i of what rank from has for rank to.
func word(from, to, i int) int32 { return int32(from*1_000_003 + to*7919 + i*i*31 + i) }

func wordsOf(from, to, k int) []int32 {
	s := make([]int32, k)
	for i := range s {
		s[i] = word(from, to, i)
	}
	return s
}

// untouched is what stands where nothing is to be written.
const untouched = -77

func blank(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = untouched
	}
	return s
}

// arrangement is where pieces are in a slice of length total, at random: side by side, or with gaps and in any order.
type arrangement struct {
	counts, displs []int
	total          int
}

func arrange(r *rand.Rand, counts []int) arrangement {
	a := arrangement{counts: counts}
	if r.IntN(3) == 0 {
		for _, k := range counts {
			a.total += k
		}
		a.total += r.IntN(3)
		return a
	}
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	if r.IntN(2) == 0 {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	a.displs = make([]int, len(counts))
	for _, i := range order {
		a.total += r.IntN(3)
		a.displs[i] = a.total
		a.total += counts[i]
	}
	return a
}

// piece is the piece of rank i in s.
func (a arrangement) piece(s []int32, i int) []int32 {
	at := 0
	if a.displs != nil {
		at = a.displs[i]
	} else {
		for _, k := range a.counts[:i] {
			at += k
		}
	}
	return s[at : at+a.counts[i] : at+a.counts[i]]
}

// randomCounts are lengths of pieces, many of them 0 or short.
func randomCounts(r *rand.Rand, n int) []int {
	counts := make([]int, n)
	for i := range counts {
		if i < 1 || r.IntN(8) == 0 {
			counts[i] = words[r.IntN(len(words))]
		} else {
			counts[i] = words[r.IntN(6)]
		}
	}
	r.Shuffle(n, func(i, j int) { counts[i], counts[j] = counts[j], counts[i] })
	return counts
}

const rounds = 6

func gatherv(c *mpi.Comm) error {
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), uint64(c.Size())))
		counts := randomCounts(r, c.Size())
		a := arrange(r, counts)
		for root := range c.Size() {
			src := wordsOf(c.Rank(), root, counts[c.Rank()])
			if c.Rank() != root {
				if err := collective.Gatherv(c, nil, nil, nil, src, root); err != nil {
					return err
				}
				continue
			}
			dst, want := blank(a.total), blank(a.total)
			for i, k := range counts {
				copy(a.piece(want, i), wordsOf(i, root, k))
			}
			if round%2 == 1 { // in place
				copy(a.piece(dst, root), src)
				src = a.piece(dst, root)
			}
			if err := collective.Gatherv(c, dst, a.counts, a.displs, src, root); err != nil {
				return err
			}
			if err := differ(fmt.Sprintf("root %d, %v", root, a), dst, want); err != nil {
				return err
			}
		}
	}
	return nil
}

func scatterv(c *mpi.Comm) error {
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), uint64(c.Size())))
		counts := randomCounts(r, c.Size())
		a := arrange(r, counts)
		for root := range c.Size() {
			dst, want := blank(counts[c.Rank()]), wordsOf(root, c.Rank(), counts[c.Rank()])
			var err error
			if c.Rank() == root {
				src := blank(a.total)
				for i, k := range counts {
					copy(a.piece(src, i), wordsOf(root, i, k))
				}
				if round%2 == 1 { // in place
					dst = a.piece(src, root)
				}
				kept := slices.Clone(src)
				err = collective.Scatterv(c, dst, src, a.counts, a.displs, root)
				if err == nil {
					err = differ("src", src, kept)
				}
			} else {
				err = collective.Scatterv(c, dst, nil, nil, nil, root)
			}
			if err != nil {
				return err
			}
			if err := differ(fmt.Sprintf("root %d, %v", root, a), dst, want); err != nil {
				return err
			}
		}
	}
	return nil
}

func allgatherv(c *mpi.Comm) error {
	for round := range 2 * rounds {
		r := rand.New(rand.NewPCG(uint64(round), uint64(c.Size())))
		counts := randomCounts(r, c.Size())
		mine := rand.New(rand.NewPCG(uint64(round), uint64(100+c.Rank()))) // every rank has its own displacements
		a := arrange(mine, counts)
		dst, want := blank(a.total), blank(a.total)
		for i, k := range counts {
			copy(a.piece(want, i), wordsOf(i, 0, k))
		}
		src := wordsOf(c.Rank(), 0, counts[c.Rank()])
		if round%2 == 1 { // in place
			copy(a.piece(dst, c.Rank()), src)
			src = a.piece(dst, c.Rank())
		}
		if err := collective.Allgatherv(c, dst, a.counts, a.displs, src); err != nil {
			return err
		}
		if err := differ(fmt.Sprint(a), dst, want); err != nil {
			return err
		}
	}
	return nil
}
