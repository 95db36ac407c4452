package mpitest

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// What a test binary that is a rank finds in its environment beside what golaunch
// gives, and the descriptor on which rank 0 of a benchmark reports.
const (
	envTest  = "GOLAUNCH_TEST"    // name of the test
	envBench = "GOLAUNCH_BENCH"   // name of the benchmark
	envIters = "GOLAUNCH_BENCH_N" // iterations
	reportFD = bootstrap.ControlFD + 1
)

// order says which processes to start, and where what they print goes.
type order struct {
	ranks          int
	args, env      []string // of each; the environment beyond this process's
	stdout, stderr io.Writer
	watch          func(any) // takes what rank 0 reports: started, ended; nil when it does not
	what, call     string    // for errors: "the test", "RunProcesses"
}

// Rank 0 reports.
type (
	started struct{}
	ended   struct{ ns, mallocs, bytes uint64 }
)

// The report of rank 0, a line each:
//
//	start
//	end <nanoseconds> <allocations> <allocated bytes>
const (
	reportStart = "start\n"
	reportEnd   = "end %d %d %d\n"
)

// asRank says whether this process is a rank, of which benchmark, and for how many iterations.
func asRank() (name string, iters int, ok bool) {
	name, ok = os.LookupEnv(envBench)
	if !ok {
		return "", 0, false
	}
	iters, err := strconv.Atoi(os.Getenv(envIters))
	return name, iters, err == nil
}

// rankArgs are the arguments of a rank: this test or benchmark and no other, so
// many iterations of it, and the program's own flags.
func rankArgs(name string, iters int) []string {
	pattern := strings.Split(name, "/")
	for i, p := range pattern {
		pattern[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	only := strings.Join(pattern, "/")
	args := []string{"-test.run=" + only}
	if iters > 0 {
		args = []string{"-test.run=^$", "-test.bench=" + only, fmt.Sprintf("-test.benchtime=%dx", iters)}
	}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	if flag.NArg() > 0 {
		args = append(append(args, "--"), flag.Args()...)
	}
	return args
}

// benchAsRank runs fn as a rank of a benchmark and ends the process.
func benchAsRank(iters int, fn func(*mpi.Comm, int) error, opts []mpi.Option) {
	beRank(func(world *mpi.Comm) error {
		r := report{}
		if world.Rank() == 0 {
			r.to = os.NewFile(reportFD, "report")
		}
		return errors.Join(timed(world, iters, fn, r.start, r.stop), r.err)
	}, func() bool { return true }, opts)
	os.Exit(0)
}

// beRank runs fn as a rank. It ends the process if that fails, and returns without
// having finalised when well says that it has failed otherwise.
func beRank(fn func(*mpi.Comm) error, well func() bool, opts []mpi.Option) {
	// Where standard output goes stand testing's own lines.
	os.Stdout = os.Stderr
	world, err := mpi.Init(opts...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	trace, err := guarded(func() error { return fn(world) })
	switch {
	case trace != "":
		fmt.Fprint(os.Stderr, trace)
		world.Abort(2, err.Error())
	case errors.Is(err, mpi.ErrAborted): // somebody else is to blame, and has said so
		os.Exit(1)
	case err != nil:
		world.Abort(1, err.Error())
	case !well():
		return
	}
	if err := mpi.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// guarded makes an error of a panic, with what Go would have printed.
func guarded(f func() error) (trace string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
			trace = fmt.Sprintf("panic: %v\n\n%s", r, debug.Stack())
		}
	}()
	return "", f()
}

// report is rank 0's watch, and what it tells.
type report struct {
	to  *os.File
	err error

	began  time.Time
	before runtime.MemStats
}

func (r *report) start() {
	runtime.ReadMemStats(&r.before)
	r.say(reportStart)
	r.began = time.Now()
}

func (r *report) stop() {
	took := time.Since(r.began)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	r.say(fmt.Sprintf(reportEnd, took.Nanoseconds(), after.Mallocs-r.before.Mallocs, after.TotalAlloc-r.before.TotalAlloc))
}

func (r *report) say(line string) {
	if _, err := r.to.WriteString(line); err != nil && r.err == nil {
		r.err = err
	}
}
