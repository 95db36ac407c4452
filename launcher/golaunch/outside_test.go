//go:build linux

package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The module of somebody who uses ours: a program, its tests and its benchmarks.
var outside = map[string]string{
	"main.go": `package main

import (
	"fmt"
	"os"

	"github.com/golaunch/golaunch/runtime/mpi"
)

func main() {
	mpi.Run(func(world *mpi.Comm) error {
		total, err := squares(world, 100)
		if err != nil {
			return err
		}
		right, left := (world.Rank()+1)%world.Size(), (world.Rank()+world.Size()-1)%world.Size()
		from := []int{-1}
		if _, err := mpi.Sendrecv(world, []int{world.Rank()}, right, 1, from, left, 1); err != nil {
			return err
		}
		fmt.Printf("rank %d of %d in process %d: neighbour %d, sum %d\n", world.Rank(), world.Size(), os.Getpid(), from[0], total)
		return nil
	})
}
`,
	"squares.go": `package main

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// squares adds up the squares of 0 to n-1, of which every rank takes its share.
func squares(world *mpi.Comm, n int) (int, error) {
	sum := []int{0}
	for i := world.Rank(); i < n; i += world.Size() {
		sum[0] += i * i
	}
	err := collective.Allreduce(world, sum, sum, collective.Sum)
	return sum[0], err
}
`,
	"squares_test.go": `package main

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

func TestSquares(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			got, err := squares(world, 100)
			if err == nil && got != 328350 {
				t.Errorf("rank %d of %d: %d, want 328350", world.Rank(), n, got)
			}
			return err
		})
	}
}

func loop(world *mpi.Comm, iters int) error {
	for range iters {
		if _, err := squares(world, 10); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkSquares(b *testing.B) {
	b.Run("goroutines", func(b *testing.B) { mpitest.Bench(b, 3, loop) })
	b.Run("processes", func(b *testing.B) { mpitest.BenchProcesses(b, 3, loop) })
}
`,
}

const ourModule = "github.com/golaunch/golaunch"

// An outsider is a user's module and the surroundings in which its commands run.
type outsider struct {
	t        *testing.T
	root     string // our module
	dir      string
	golaunch string
	env      []string
}

func newOutsider(t *testing.T) *outsider {
	t.Helper()
	ask := func(name string) string {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatalf("go env %s: %v", name, err)
		}
		return strings.TrimSpace(string(out))
	}
	root := filepath.Dir(ask("GOMOD"))
	o := &outsider{t: t, root: root, dir: t.TempDir(), golaunch: filepath.Join(t.TempDir(), "golaunch")}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOLAUNCH_") {
			o.env = append(o.env, v)
		}
	}
	// Nothing is fetched: what our module needs, this test's build needed too. Executables that golaunch builds go
	// into a folder of the test, what the compiler caches does not.
	o.env = append(o.env, "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local",
		"GOCACHE="+ask("GOCACHE"), "GOMODCACHE="+ask("GOMODCACHE"), "XDG_CACHE_HOME="+t.TempDir())

	build := exec.Command("go", "build", "-o", o.golaunch, ourModule+"/launcher/golaunch")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building golaunch: %v\n%s", err, out)
	}
	for name, text := range outside {
		o.write(name, text)
	}
	o.run(0, "go", "mod", "init", "example.com/outside")
	o.run(0, "go", "mod", "edit", "-require="+ourModule+"@v0.0.0", "-replace="+ourModule+"="+root)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	o.write("go.sum", string(sums))
	return o
}

func (o *outsider) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o666); err != nil {
		o.t.Fatal(err)
	}
}

// run runs a command in the user's module, wants this exit code and returns all output.
func (o *outsider) run(code int, name string, args ...string) string {
	o.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = o.dir, o.env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.t.Fatalf("%s %s: exit code %d, want %d\n%s", filepath.Base(name), strings.Join(args, " "), got, code, out)
	}
	return string(out)
}

// want looks for a pattern in a command's output.
func (o *outsider) want(out, pattern string) {
	o.t.Helper()
	if !regexp.MustCompile("(?m)" + pattern).MatchString(out) {
		o.t.Errorf("no %s in\n%s", pattern, out)
	}
}

// TestOutside is what a user does: a module of their own, a program, tests, benchmarks.
func TestOutside(t *testing.T) {
	o := newOutsider(t)

	out := o.run(0, o.golaunch, "-n", "4", ".")
	pids := map[string]bool{}
	for r := range 4 {
		o.want(out, fmt.Sprintf(`^rank %d of 4 in process \d+: neighbour %d, sum 328350$`, r, (r+3)%4))
	}
	for _, pid := range regexp.MustCompile(`process \d+`).FindAllString(out, -1) {
		pids[pid] = true
	}
	if len(pids) != 4 || strings.Count(out, "\n") != 4 {
		t.Errorf("want four lines from four processes:\n%s", out)
	}

	out = o.run(0, "go", "test", "-v", ".")
	o.want(out, `^--- PASS: TestSquares `)

	out = o.run(0, "go", "test", "-run=^$", "-bench=Squares", "-benchtime=200x", ".")
	o.want(out, `^BenchmarkSquares/goroutines\S*\s+200\s+[0-9.]+ ns/op`)
	o.want(out, `^BenchmarkSquares/processes\S*\s+200\s+[0-9.]+ ns/op`)
}

// TestOtherSegmentVersion: a program linked against another version of the
// shared memory's map can't join, and golaunch says why in one sentence.
func TestOtherSegmentVersion(t *testing.T) {
	o := newOutsider(t)
	file := filepath.Join(o.root, "runtime", "segment", "doc.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^const Version = \d+$`)
	if !version.Match(text) {
		t.Fatalf("%s names no version: the test is out of date", file)
	}
	other := filepath.Join(t.TempDir(), "doc.go")
	if err := os.WriteFile(other, version.ReplaceAll(text, []byte("const Version = 9999")), 0o666); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: other}})
	if err != nil {
		t.Fatal(err)
	}
	o.write("overlay.json", string(overlay))
	o.env = append(o.env, "GOFLAGS=-mod=mod -overlay="+filepath.Join(o.dir, "overlay.json"))
	out := o.run(1, o.golaunch, "-n", "2", ".")
	sentence := `this program was built for segment version 9999, the golaunch that started it makes version \d+: build both from the same golaunch release`
	if !regexp.MustCompile(`^golaunch: rank \d .*` + sentence + `; the other rank was ended\n$`).MatchString(out) {
		t.Errorf("want this one line, %s:\n%s", sentence, out)
	}
}
