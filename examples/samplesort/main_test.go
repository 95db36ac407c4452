package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// pieces runs fn on so many ranks and returns what each of them has.
func pieces(t *testing.T, ranks int, fn func(world *mpi.Comm) ([]float64, error)) [][]float64 {
	t.Helper()
	parts := make([][]float64, ranks) // an element for each rank: nothing is shared
	mpitest.Run(t, ranks, func(world *mpi.Comm) error {
		part, err := fn(world)
		parts[world.Rank()] = part
		return err
	})
	return parts
}

// Any number of ranks sorts as one does, also when there are fewer numbers than
// ranks, and when all are equal.
func TestAnyNumberOfRanks(t *testing.T) {
	for kind := range kinds {
		for _, n := range []int{0, 1, 4, 100, 20_000} {
			cfg := config{n: n, keys: kind, seed: 7, out: io.Discard}
			want := newKeys(cfg, 0, 1)
			slices.Sort(want)
			for _, ranks := range []int{1, 2, 3, 5} {
				t.Run(fmt.Sprint(n, " ", kind, " ", ranks, " ranks"), func(t *testing.T) {
					got := slices.Concat(pieces(t, ranks, func(world *mpi.Comm) ([]float64, error) { return run(world, cfg) })...)
					if !slices.Equal(got, want) {
						t.Errorf("%d numbers, not those that one rank gets, or in another order", len(got))
					}
				})
			}
		}
	}
}

// Ranks may have very different numbers of keys before, and have nearly the same
// after.
func TestUneven(t *testing.T) {
	const n, ranks = 50_000, 5
	all := newKeys(config{n: n, keys: "few", seed: 3}, 0, 1)
	want := slices.Sorted(slices.Values(all))
	for owner := range ranks { // it has all but one, which is its neighbour's
		parts := pieces(t, ranks, func(world *mpi.Comm) ([]float64, error) {
			var mine []float64
			switch world.Rank() {
			case owner:
				mine = slices.Clone(all[1:])
			case (owner + 1) % ranks:
				mine = slices.Clone(all[:1])
			}
			return sortAll(world, mine, n)
		})
		if !slices.Equal(slices.Concat(parts...), want) {
			t.Errorf("keys of rank %d: not in order", owner)
		}
		for rank, part := range parts {
			if len(part) < n/ranks*7/8 || len(part) > n/ranks*9/8 {
				t.Errorf("keys of rank %d: rank %d has %d of %d after sorting", owner, rank, len(part), n)
			}
		}
	}
}

func TestMerge(t *testing.T) {
	for _, lengths := range [][]int{{}, {0}, {3}, {2, 2}, {0, 5}, {4, 0, 1}, {1, 2, 3, 4, 5, 6, 7}, {0, 0, 9, 0, 0}} {
		var runs []float64
		for k, length := range lengths {
			run := newKeys(config{n: length, keys: "few", seed: uint64(k)}, 0, 1)
			slices.Sort(run)
			runs = append(runs, run...)
		}
		want := slices.Sorted(slices.Values(runs))
		if got := merge(runs, lengths); !slices.Equal(got, want) {
			t.Errorf("runs of %v: got %v, want %v", lengths, got, want)
		}
	}
}

// check finds what it is there to find.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, want string
		parts      [3][]float64
	}{
		{"good", "", [3][]float64{{1, 2}, {2, 3}, {4}}},
		{"a rank without any", "", [3][]float64{{1, 2, 2}, {}, {3, 4}}},
		{"all on the last", "", [3][]float64{{}, {}, {1, 2, 2, 3, 4}}},
		{"one piece", "not in order", [3][]float64{{1, 2}, {3, 2}, {4}}},
		{"between pieces", "begins with 2, and a rank below has 3", [3][]float64{{1, 3}, {2, 2}, {4}}},
		{"across an empty one", "begins with 1, and a rank below has 2", [3][]float64{{2, 2}, {}, {1, 3, 4}}},
		{"one lost", "1 are missing", [3][]float64{{1, 2}, {2, 3}, {}}},
		{"one twice", "-1 are missing", [3][]float64{{1, 2}, {2, 3}, {4, 4}}},
		{"another number", "0 are missing", [3][]float64{{1, 2}, {3, 3}, {4}}},
	} {
		err := mpi.RunLocal(3, func(world *mpi.Comm) error {
			var before tally
			if world.Rank() == 1 {
				before = newTally([]float64{4, 2, 1, 3, 2})
			}
			return check(world, c.parts[world.Rank()], before)
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestPrints(t *testing.T) {
	var out bytes.Buffer // rank 0 alone writes
	pieces(t, 2, func(world *mpi.Comm) ([]float64, error) {
		return run(world, config{n: 1000, keys: "equal", out: &out})
	})
	if !strings.HasPrefix(out.String(), "1000 equal numbers sorted by 2 ranks") || !strings.Contains(out.String(), "the average 500") {
		t.Errorf("printed %s", &out)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  config
		want string
	}{
		{config{n: -1, keys: "few"}, "-n -1"},
		{config{n: 1, keys: "large"}, "-keys large"},
	} {
		c.cfg.out = io.Discard
		err := mpi.RunLocal(2, func(world *mpi.Comm) error {
			_, err := run(world, c.cfg)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}
