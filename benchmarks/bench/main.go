// Bench measures golaunch against Open MPI and MPICH, in the same run, in turns. bench.sh at the top of the repository
// starts it.
//
//	./bench.sh [-quick] [-json FILE] [-plot DIR] [-check] [-runs N] [-install-peers] [SUITE...]
//	./bench.sh -from FILE [-plot DIR] [SUITE...]
//	./bench.sh -points CASE:SIZE,... [-ranks N] [-runs N] [-budget MS] [-sides SIDE,...] [-json FILE]
//
// The last form measures these points alone, quickly and against no bars, for those who try something out. A case without a
// size means the sizes of the suites. One rank on each core if there are as many, else nobody is bound.
//
// Suites (all of them when none is named):
//
//	pt2pt       two ranks, one on each core: latency, bandwidth, message rate, arena buffers, Move, allocations
//	collective  operations of all ranks: two, one on each core; 8 ranks on fewer cores
//	oversub     8 ranks on fewer cores: ping-pong pairs and barrier; a waiting rank's processor time; shared memory per rank
//	startup     start and end of 32 ranks; making communicators of 2, 8 and 64 ranks
//
// Every run of a group of points starts one process group a side, one side after the other, then the next group, then
// all of it again, so that whatever the machine does meanwhile happens to all sides. The table has medians and
// quartiles of the runs, ratio = the best peer as installed against ours and ratio_tuned = Open MPI with the best
// settings that we know against ours: above 1 we are ahead, whatever the unit.
//
// The program exits with 1 when one of our own measurements failed and, with -check, when a row is below its bar in
// benchmarks/targets.toml or its peer is missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	quick, check bool
	json         string // file, "" = none
	plot         string // folder, "" = none
	from         string // file of rows instead of measuring, "" = measure
	runs         int    // 0 = as the plan says
	suites       []string
	points       *group // what to measure instead of suites, nil = suites
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench.sh", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "few sizes, short and few runs: shows that everything works, not how fast it is")
	flags.BoolVar(&o.check, "check", false, "exit with 1 when a row is below its bar in benchmarks/targets.toml or its peer is missing")
	flags.StringVar(&o.json, "json", "", "write one object a row to `FILE`")
	flags.StringVar(&o.plot, "plot", "", "draw latency, bandwidth and ratios as PNG pictures into `DIR`")
	flags.StringVar(&o.from, "from", "", "measure nothing: print and draw the rows that -json wrote into `FILE`")
	flags.IntVar(&o.runs, "runs", 0, "`number` of runs of every side (default 7, with -quick 1)")
	points := flags.String("points", "", "measure no suite, but this `list` of CASE:SIZE, or CASE for the usual sizes")
	ranks := flags.Int("ranks", 2, "`number` of ranks of -points")
	budget := flags.Float64("budget", 20, "`milliseconds` that the measured loop of one of -points should take")
	sides := flags.String("sides", "", "`list` of those that measure -points: ours, openmpi, openmpi_yield, mpich, openmpi_tuned/VARIANT")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: ./bench.sh [flags] [SUITE...]\nsuites: %s\n", strings.Join(suiteNames(), " "))
		flags.PrintDefaults()
		fmt.Fprintln(stderr, "  -install-peers\n    \tinstall Open MPI and MPICH from the distribution's packages; alone, nothing else")
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.runs < 0 {
		return o, fmt.Errorf("-runs %d: want a positive number", o.runs)
	}
	if o.from != "" && (o.quick || o.check || o.json != "" || o.runs != 0 || *points != "") {
		return o, errors.New("-from measures nothing: want it with -plot and suites alone")
	}
	if *points != "" {
		if o.quick || o.check || flags.NArg() > 0 {
			return o, errors.New("-points has no bars and no suites: want it without -check, -quick and suites")
		}
		g, err := pointsGroup(*points, *sides, *ranks, o.runs, *budget)
		if err != nil {
			return o, err
		}
		o.points = g
	}
	for _, name := range []*string{&o.json, &o.plot, &o.from} {
		*name = fromCaller(*name)
	}
	for _, s := range flags.Args() {
		if !slices.Contains(suiteNames(), s) {
			return o, fmt.Errorf("unknown suite %q, there are %s", s, strings.Join(suiteNames(), " "))
		}
		if !slices.Contains(o.suites, s) {
			o.suites = append(o.suites, s)
		}
	}
	if o.suites == nil {
		o.suites = suiteNames()
	}
	return o, nil
}

// bench is the whole program. It runs in the top folder of the module.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	targets, err := readTargets("benchmarks/targets.toml")
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "golaunch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	var pictures *painter
	if o.plot != "" {
		fmt.Fprintln(stderr, "bench: building benchmarks/plot")
		if pictures, err = newPainter(ctx, tmp, o.plot); err != nil {
			return err
		}
	}
	if o.from != "" {
		rows, err := readRows(o.from, o.suites)
		if err != nil {
			return err
		}
		return show(ctx, stdout, rows, targets, pictures)
	}

	if o.json != "" {
		if err := writeRows(o.json, nil); err != nil { // better now than after the measurement
			return err
		}
	}
	sides, err := build(ctx, tmp, stderr)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, describe(sides))
	c := collector{sides: sides, stderr: stderr}
	groups := plan(o.suites, o.quick, o.runs)
	if o.points != nil {
		groups = []group{*o.points}
	}
	if err := c.run(ctx, groups); err != nil {
		return err
	}
	rows := c.samples.Rows()
	if o.json != "" {
		if err := writeRows(o.json, rows); err != nil {
			return err
		}
	}
	err = show(ctx, stdout, rows, targets, pictures)
	fmt.Fprint(stdout, c.notes())
	if err != nil {
		return err
	}
	failed := ""
	if n := c.failed[harness.Ours]; n > 0 {
		failed = fmt.Sprintf("%d of our own measurements failed, see above", n)
	}
	if o.check {
		flaws := c.affinityFlaws()
		if failed != "" {
			flaws = append(flaws, failed)
		}
		return check(stdout, rows, targets, o, flaws)
	}
	if failed != "" {
		return errors.New(failed)
	}
	return nil
}

// show prints the table of the rows and draws them if there is a painter.
func show(ctx context.Context, stdout io.Writer, rows []harness.Row, targets []harness.Target, pictures *painter) error {
	if err := harness.WriteTable(stdout, rows, targets); err != nil || pictures == nil {
		return err
	}
	names, err := pictures.paint(ctx, rows, targets)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\n# pictures\n%s", names)
	return err
}

func readTargets(file string) ([]harness.Target, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	targets, err := harness.ReadTargets(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return targets, nil
}

// fromCaller is the name of a file or folder as bench.sh's caller meant it: relative to where bench.sh was called.
func fromCaller(name string) string {
	if from := os.Getenv("BENCH_FROM"); from != "" && name != "" && !filepath.IsAbs(name) {
		return filepath.Join(from, name)
	}
	return name
}

func writeRows(file string, rows []harness.Row) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(harness.WriteJSON(f, rows), f.Close())
}

// readRows reads the rows of the suites.
func readRows(file string, suites []string) ([]harness.Row, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := harness.ReadRows(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	rows = slices.DeleteFunc(rows, func(r harness.Row) bool { return !slices.Contains(suites, r.Suite) })
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no rows of %s", file, strings.Join(suites, ", "))
	}
	return rows, nil
}

// check prints what is wrong and returns an error if anything is.
func check(w io.Writer, rows []harness.Row, targets []harness.Target, o options, flaws []string) error {
	for _, f := range harness.Check(rows, targets, o.suites, !o.quick) {
		flaws = append(flaws, f.String())
	}
	short := ""
	if o.quick {
		short = " (of a quick run: no figure to rely on)"
	}
	if len(flaws) == 0 {
		fmt.Fprintf(w, "\ncheck: every bar of %s is reached%s\n", strings.Join(o.suites, ", "), short)
		return nil
	}
	fmt.Fprintf(w, "\ncheck: not reached%s:\n  %s\n", short, strings.Join(flaws, "\n  "))
	return fmt.Errorf("bars not reached: %d", len(flaws))
}
