package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// field runs the program on so many ranks and returns what rank 0 has.
func field(t *testing.T, ranks int, cfg config) []float64 {
	t.Helper()
	var got []float64
	mpitest.Run(t, ranks, func(world *mpi.Comm) error {
		f, err := run(world, cfg)
		if world.Rank() == 0 {
			got = f
		} else if f != nil {
			return errors.New("a field on another rank than 0")
		}
		return err
	})
	return got
}

// oracle is Jacobi's method as one would first write it: no blocks, no halo.
func oracle(n, sweeps int) [][]float64 {
	p := plate{n: n, down: 1, across: 1}
	at := func(u [][]float64, i, j int) float64 {
		if i < 0 || i >= n || j < 0 || j >= n {
			return rim
		}
		return u[i][j]
	}
	grid := func() [][]float64 {
		u := make([][]float64, n)
		for i := range u {
			u[i] = make([]float64, n)
			for j := range u[i] {
				u[i][j] = rim
				if temperature, ok := p.pipe(i, j); ok {
					u[i][j] = temperature
				}
			}
		}
		return u
	}
	old := grid()
	for range sweeps {
		u := grid()
		for i := range n {
			for j := range n {
				if _, ok := p.pipe(i, j); !ok {
					u[i][j] = 0.25 * (at(old, i-1, j) + at(old, i+1, j) + at(old, i, j-1) + at(old, i, j+1))
				}
			}
		}
		old = u
	}
	return old
}

// The field has the same bits on any number of ranks, whatever the blocks look
// like: single cells, single rows, parts of unequal size. A new temperature is the
// sum of the same four numbers in the same order everywhere, so no tolerance is
// needed.
func TestAnyNumberOfRanks(t *testing.T) {
	for _, c := range []struct{ n, sweeps int }{{7, 1}, {7, 30}, {20, 101}, {33, 250}} {
		want := oracle(c.n, c.sweeps)
		for _, ranks := range []int{1, 2, 3, 4, 5, 6, 7, 9, 49} {
			if ranks == 49 && c.n != 7 {
				continue // one cell for each rank is for the smallest grid
			}
			t.Run(fmt.Sprintf("%d cells %d sweeps %d ranks", c.n, c.sweeps, ranks), func(t *testing.T) {
				got := field(t, ranks, config{n: c.n, iters: c.sweeps, out: io.Discard})
				for k := range got {
					if w := want[k/c.n][k%c.n]; math.Float64bits(got[k]) != math.Float64bits(w) {
						t.Fatalf("cell %d,%d is at %v, want %v", k/c.n, k%c.n, got[k], w)
					}
				}
			})
		}
	}
}

// A grid above the size that is computed twice: the checks by mathematics alone,
// blocks that travel as large messages, the stop at the tolerance, and the same
// again in equilibrium.
func TestConverges(t *testing.T) {
	cfg := config{n: 100, iters: 100_000, tol: 1e-4}
	var want []float64
	var text string
	for _, ranks := range []int{1, 2, 3, 5} {
		var out bytes.Buffer // rank 0 alone writes
		cfg.out = &out
		got := field(t, ranks, cfg)
		_, after, _ := strings.Cut(out.String(), "\n") // the first line tells the blocks
		lines, took, ok := strings.Cut(after, "converged after ")
		if !ok || strings.Contains(lines, "not") {
			t.Fatalf("%d ranks: not converged: %s", ranks, &out)
		}
		count := strings.Fields(took)[0]
		lines += count
		if sweeps, err := strconv.Atoi(count); err != nil || sweeps%checkEvery != 0 || sweeps >= cfg.iters/10 {
			t.Errorf("%d ranks: stopped after %s sweeps", ranks, count)
		}
		if want == nil {
			want, text = got, lines
			continue
		}
		if lines != text {
			t.Errorf("%d ranks print\n%s\none prints\n%s", ranks, lines, text)
		}
		for k := range got {
			if got[k] != want[k] {
				t.Fatalf("%d ranks: cell %d is at %v, with one rank at %v", ranks, k, got[k], want[k])
			}
		}
	}
}

// check finds what it is there to find.
func TestCheck(t *testing.T) {
	const n, sweeps, residual = 70, 3000, 1e-5 // above the size that is computed twice
	good := field(t, 2, config{n: n, iters: sweeps, tol: residual, out: io.Discard})
	if err := check(good, n, sweeps, residual); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		damage     func(f []float64)
	}{
		{"not a number", "cell 3,4 is at NaN", func(f []float64) { f[3*n+4] = math.NaN() }},
		{"too hot", "cell 0,1 is at 1.5", func(f []float64) { f[1] = 1.5 }},
		{"a block not received", "don't fit together", func(f []float64) {
			for i := range n / 2 {
				for j := range n / 2 {
					f[i*n+j] = rim
				}
			}
		}},
		{"halves exchanged", "don't fit together", func(f []float64) {
			for i := range n / 2 * n {
				f[i], f[i+n/2*n] = f[i+n/2*n], f[i]
			}
		}},
	} {
		bad := append([]float64(nil), good...)
		c.damage(bad)
		if err := check(bad, n, sweeps, residual); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}

	little := field(t, 1, config{n: 10, iters: 50, out: io.Discard})
	little[55] += 1e-15
	if err := check(little, 10, 50, 1); err == nil || !strings.Contains(err.Error(), "cell 5,5") {
		t.Errorf("one bit wrong: error %v, want one that names cell 5,5", err)
	}
}

func TestPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heat.png")
	var out bytes.Buffer
	field(t, 2, config{n: 50, iters: 2000, tol: 1e-4, path: path, out: &out})
	if !strings.Contains(out.String(), "wrote "+path) {
		t.Errorf("does not say that it wrote %s: %s", path, &out)
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
	size := picture.Bounds().Size()
	if size.X != size.Y || size.X < pixels || size.X%50 != 0 {
		t.Errorf("the picture has %v pixels", size)
	}
	for _, q := range pipes { // x points right and y down, in the picture as on the plate
		x, y := int(q.x*float64(size.X)), int(q.y*float64(size.Y))
		if got, want := picture.At(x, y), colour(q.temperature); got != want {
			t.Errorf("the pipe at %d,%d has colour %v, want %v", x, y, got, want)
		}
	}
}

// Bad arguments are an error of every rank, before anybody waits for anybody.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg   config
		ranks int
		want  string
	}{
		{config{n: 4, iters: 1}, 5, "-n 4: 5 ranks want a grid of at least 5"},
		{config{n: 0, iters: 1}, 1, "-n 0"},
		{config{n: -3, iters: 1}, 2, "-n -3"},
		{config{n: 10}, 2, "-iters 0"},
		{config{n: 10, iters: 1, tol: -1}, 2, "-tol -1"},
		{config{n: 10, iters: 1, path: filepath.Join("no", "such", "folder.png")}, 2, "folder.png"},
	} {
		c.cfg.out = io.Discard
		err := mpi.RunLocal(c.ranks, func(world *mpi.Comm) error {
			_, err := run(world, c.cfg)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}
