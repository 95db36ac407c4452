package mpitest

import (
	"errors"
	"flag"
	"fmt"
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

// What a test binary that is a rank of BenchProcesses finds in its environment
// beside what golaunch gives, and the descriptor on which rank 0 reports.
const (
	envBench = "GOLAUNCH_BENCH"   // name of the benchmark
	envIters = "GOLAUNCH_BENCH_N" // iterations
	reportFD = bootstrap.ControlFD + 1
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

// rankArgs are the arguments of a rank: this benchmark and no other, so many iterations, and the
// program's own flags.
func rankArgs(name string, iters int) []string {
	pattern := strings.Split(name, "/")
	for i, p := range pattern {
		pattern[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	args := []string{"-test.run=^$", "-test.bench=" + strings.Join(pattern, "/"), fmt.Sprintf("-test.benchtime=%dx", iters)}
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

// beRank runs fn as a rank and ends the process.
func beRank(iters int, fn func(*mpi.Comm, int) error, opts []mpi.Option) {
	// Whoever started us has thrown standard output away: testing's own lines stand there.
	os.Stdout = os.Stderr
	world, err := mpi.Init(opts...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	trace, err := guarded(func() error {
		r := report{}
		if world.Rank() == 0 {
			r.to = os.NewFile(reportFD, "report")
		}
		return errors.Join(timed(world, iters, fn, r.start, r.stop), r.err)
	})
	switch {
	case trace != "":
		fmt.Fprint(os.Stderr, trace)
		world.Abort(2, err.Error())
	case errors.Is(err, mpi.ErrAborted): // somebody else is to blame, and has said so
		os.Exit(1)
	case err != nil:
		world.Abort(1, err.Error())
	}
	if err := mpi.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
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
