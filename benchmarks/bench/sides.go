package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// A side is one of the commands that are compared.
type side struct {
	program string                                     // its mpibench
	version string                                     // of the library
	missing string                                     // why it can't run, "" when it can
	launch  func(ranks int, bind bool) (argv []string) // everything before the program
}

// A variant is one way to tune Open MPI 4.1 on one machine. None is the best at every size, so a row counts the best of them.
type variant struct {
	name  string
	flags []string
	msgs  bool // collectives are made of messages even with one rank on each core
}

// variants of the tuned Open MPI. The first is the one of a quick run. What they change:
//   - two-copy: through shared memory in fragments, without the system call that copies from process to process, which is
//     slow between virtual processors. Large fragments are better for one message at a time, those of 32 KiB for windows.
//   - one-copy: with that system call, which is the default, but messages of 4 KiB to 8 KiB without a handshake.
//   - msgs: large collectives are faster by messages than in shared memory, small ones the other way round.
var variants = []variant{
	{"two-copy-64k", twoCopy64K, false},
	{"two-copy-32k", []string{
		"--mca", "btl_vader_single_copy_mechanism", "none",
		"--mca", "btl_vader_max_send_size", "32768",
		"--mca", "btl_vader_eager_limit", "32768",
	}, false},
	{"one-copy-8k", []string{
		"--mca", "btl_vader_eager_limit", "8192",
	}, false},
	{"two-copy-msgs", twoCopy64K, true},
}

var twoCopy64K = []string{
	"--mca", "btl_vader_single_copy_mechanism", "none",
	"--mca", "btl_vader_max_send_size", "65536",
	"--mca", "btl_vader_eager_limit", "32768",
}

// collTuned goes with one rank on each core, but for msgs: collectives in shared memory. With more ranks than processors they spin, and a
// barrier takes twenty times as long, so there the tuned peer is told to yield instead.
var collTuned = []string{"--mca", "coll_sm_priority", "90"}

var yielding = []string{"--mca", "mpi_yield_when_idle", "1"}

// command is the whole command line for one run of a group.
func (s *side) command(g *group, points []harness.Point) []string {
	argv := append(s.launch(g.ranks, g.bind), s.program, "-points", harness.FormatPoints(points))
	if g.wall {
		return argv
	}
	argv = append(argv, "-json", "-budget", milliseconds(g.budget))
	if g.idle > 0 {
		argv = append(argv, "-seconds", strconv.FormatFloat(g.idle.Seconds(), 'g', -1, 64))
	}
	return argv
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'g', -1, 64)
}

// build makes the programs of all sides in the folder. Ours must build; a peer that is not there or does not build is missing.
func build(ctx context.Context, folder string, stderr io.Writer) (map[harness.Side]*side, error) {
	fmt.Fprintln(stderr, "bench: building golaunch and mpibench")
	golaunch, ours := filepath.Join(folder, "golaunch"), filepath.Join(folder, "mpibench")
	for out, pkg := range map[string]string{golaunch: "./launcher/golaunch", ours: "./benchmarks/mpibench"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
		}
	}
	openmpi := peer(ctx, folder, "openmpi", stderr)
	mpich := peer(ctx, folder, "mpich", stderr, "-Wno-stringop-overflow")
	with := func(s side, more ...string) *side {
		s.launch = func(ranks int, bind bool) []string { return append(launchOpenMPI(ranks, bind), more...) }
		return &s
	}
	mpich.launch = launchMPICH
	sides := map[harness.Side]*side{
		harness.Ours: {program: ours, version: revision(ctx), launch: func(ranks int, bind bool) []string {
			return []string{golaunch, "-n", strconv.Itoa(ranks), "-bind", coreOrNone(bind)}
		}},
		harness.OpenMPI:      with(openmpi),
		harness.OpenMPIYield: with(openmpi, yielding...),
		harness.MPICH:        &mpich,
	}
	for _, v := range variants {
		s := openmpi
		s.launch = v.launch
		sides[harness.Tuned(v.name)] = &s
	}
	return sides, nil
}

// launch is Open MPI's command with the settings of the variant and those that go with the ranks' binding.
func (v variant) launch(ranks int, bind bool) []string {
	argv := append(launchOpenMPI(ranks, bind), v.flags...)
	switch {
	case !bind:
		return append(argv, yielding...)
	case v.msgs:
		return argv
	}
	return append(argv, collTuned...)
}

func launchOpenMPI(ranks int, bind bool) []string {
	return []string{"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", coreOrNone(bind), "-n", strconv.Itoa(ranks)}
}

func launchMPICH(ranks int, bind bool) []string {
	return []string{"mpirun.mpich", "-bind-to", coreOrNone(bind), "-n", strconv.Itoa(ranks)}
}

func coreOrNone(bind bool) string {
	if bind {
		return "core"
	}
	return "none"
}

// peer compiles the C twin for one library.
func peer(ctx context.Context, folder, name string, stderr io.Writer, flags ...string) side {
	s := side{program: filepath.Join(folder, "mpibench."+name)}
	for _, tool := range []string{"mpirun." + name, "mpicc." + name} {
		if _, err := exec.LookPath(tool); err != nil {
			s.missing = tool + " is not installed (./bench.sh -install-peers)"
			return s
		}
	}
	fmt.Fprintf(stderr, "bench: building mpibench for %s\n", name)
	sources, err := filepath.Glob("benchmarks/peers/*.c")
	if err != nil {
		s.missing = err.Error()
		return s
	}
	args := append([]string{"-O3", "-o", s.program}, flags...)
	if text, err := exec.CommandContext(ctx, "mpicc."+name, append(args, sources...)...).CombinedOutput(); err != nil {
		s.missing = fmt.Sprintf("mpicc.%s: %v\n%s", name, err, text)
		return s
	}
	text, err := exec.CommandContext(ctx, "mpirun."+name, "--version").Output()
	if s.version = versionNumber(string(text)); err != nil || s.version == "" {
		s.version = "of unknown version"
	}
	return s
}

// versionNumber finds the first thing like 4.1.4 in what a program says about itself.
func versionNumber(text string) string {
	return regexp.MustCompile(`\d+\.\d+(\.\d+)*\w*`).FindString(text)
}

// revision of the work tree, as git knows it.
func revision(ctx context.Context) string {
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "of unknown revision"
	}
	rev := strings.TrimSpace(string(head))
	var exit *exec.ExitError
	if err := exec.CommandContext(ctx, "git", "diff", "--quiet", "HEAD").Run(); errors.As(err, &exit) {
		rev += " with changes"
	}
	return rev
}
