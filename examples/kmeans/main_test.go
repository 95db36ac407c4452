package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// oracle is the method as one would first write it: no ranks, and plain sums.
func oracle(cfg config) (centres []point, iterations int) {
	points := make([]point, cfg.n)
	for i := range points {
		points[i] = newPoint(cfg.seed, i, cfg.k)
	}
	nearest := func(p point) (g int, distance float64) {
		distance = math.Inf(1)
		for c, q := range centres {
			if d := math.Hypot(p.X-q.X, p.Y-q.Y); d < distance {
				g, distance = c, d
			}
		}
		return g, distance
	}
	for range cfg.k {
		far := 0
		for i, p := range points {
			_, d := nearest(p)
			if _, most := nearest(points[far]); d > most {
				far = i
			}
		}
		centres = append(centres, points[far])
	}
	group := make([]int, cfg.n)
	for iterations < cfg.iters {
		changed := iterations == 0
		sums, counts := make([]point, cfg.k), make([]float64, cfg.k)
		for i, p := range points {
			g, _ := nearest(p)
			changed = changed || g != group[i]
			group[i] = g
			sums[g] = point{sums[g].X + p.X, sums[g].Y + p.Y}
			counts[g]++
		}
		iterations++
		if !changed {
			break
		}
		for c, count := range counts {
			if count > 0 {
				centres[c] = point{sums[c].X / count, sums[c].Y / count}
			}
		}
	}
	return centres, iterations
}

// found runs the program on so many ranks, and returns the centres and what rank 0
// has printed.
func found(t *testing.T, ranks int, cfg config) ([]point, string) {
	t.Helper()
	var out bytes.Buffer // rank 0 alone writes
	cfg.out = &out
	parts := make([][]point, ranks) // an element for each rank: nothing is shared
	mpitest.Run(t, ranks, func(world *mpi.Comm) error {
		centres, err := run(world, cfg)
		parts[world.Rank()] = centres
		return err
	})
	for rank, centres := range parts {
		if fmt.Sprint(centres) != fmt.Sprint(parts[0]) {
			t.Errorf("rank %d has the centres %v, rank 0 %v", rank, centres, parts[0])
		}
	}
	return parts[0], out.String()
}

// Any number of ranks finds the same centres, to the last bit, also when there are
// fewer points than ranks.
func TestAnyNumberOfRanks(t *testing.T) {
	for _, cfg := range []config{
		{n: 1, k: 1, iters: 10, seed: 1},
		{n: 4, k: 3, iters: 10, seed: 2},
		{n: 501, k: 5, iters: 10, seed: 3},
		{n: 5000, k: 20, iters: 10, seed: 4},
	} {
		oracle, iterations := oracle(cfg)
		one, _ := found(t, 1, cfg)
		for c, p := range one {
			if p.square(oracle[c]) > 1e-24 {
				t.Errorf("%d points: centre %d is %v, want %v", cfg.n, c, p, oracle[c])
			}
		}
		for _, ranks := range []int{1, 2, 3, 5} {
			t.Run(fmt.Sprint(cfg.n, " points ", ranks, " ranks"), func(t *testing.T) {
				got, text := found(t, ranks, cfg)
				for c, p := range got {
					if p != one[c] {
						t.Errorf("centre %d is %v, with one rank %v", c, p, one[c])
					}
				}
				if !strings.Contains(text, fmt.Sprintf(" in %d iterations", iterations)) {
					t.Errorf("want %d iterations, printed\n%s", iterations, text)
				}
			})
		}
	}
}

// Bad centres get better over several iterations, and a centre that no point is
// near to stays where it is.
func TestSettles(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		points := []point{{X: float64(world.Rank())}, {X: 10 + float64(world.Rank())}}
		centres := []point{{X: -5}, {X: 1.9}, {X: 100, Y: 100}}
		iterations, err := settle(world, points, centres, 100, func(string, ...any) {})
		want := []point{{X: 1}, {X: 11}, {X: 100, Y: 100}}
		if fmt.Sprint(centres) != fmt.Sprint(want) || iterations < 3 {
			t.Errorf("rank %d: centres %v after %d iterations, want %v after 3 or more", world.Rank(), centres, iterations, want)
		}
		return err
	})
}

// check finds what it is there to find.
func TestCheck(t *testing.T) {
	cfg := config{n: 4000, k: 4}
	limit := 6 * deviation / math.Sqrt(1000)
	for _, c := range []struct {
		name, want string
		damage     func(centres []point)
	}{
		{"nothing", "", func([]point) {}},
		{"other numbers", "", func(c []point) { c[0], c[3] = c[3], c[0] }},
		{"a little", "", func(c []point) { c[1].X += limit / 2 }},
		{"too much", "no centre within", func(c []point) { c[1].X += 2 * limit }},
		{"two in a group", "no centre within", func(c []point) { c[1] = c[2] }},
		{"not a number", "no centre within", func(c []point) { c[1].X = math.NaN() }},
	} {
		centres := []point{trueCentre(0), trueCentre(1), trueCentre(2), trueCentre(3)}
		c.damage(centres)
		err := check(centres, cfg)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmeans.png")
	const k = 3
	centres, text := found(t, 2, config{n: 30_000, k: k, iters: 10, seed: 1, path: path})
	if !strings.Contains(text, "wrote "+path) {
		t.Errorf("does not say that it wrote %s: %s", path, text)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	half := math.Sqrt(k) + 4*deviation // from the middle of the picture to its border
	for c, p := range centres {
		x, y := int((p.X/half+1)/2*pixels), int((p.Y/half+1)/2*pixels)
		seen := false // a point of the group, near enough
		for dx := -4; dx <= 4; dx++ {
			r, g, b, _ := picture.At(x+dx, y).RGBA()
			wr, wg, wb, _ := colour(c).RGBA()
			seen = seen || r == wr && g == wg && b == wb
		}
		if !seen {
			t.Errorf("no point of group %d near %d,%d", c, x, y)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  config
		want string
	}{
		{config{n: 3, k: 4, iters: 1}, "-n 3 -k 4"},
		{config{n: 3, k: 0, iters: 1}, "-k 0"},
		{config{n: 300, k: 256, iters: 1}, "-k 256"},
		{config{n: 3, k: 3}, "-iters 0"},
		{config{n: 3, k: 3, iters: 1, path: filepath.Join("no", "such", "folder.png")}, "folder.png"},
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
