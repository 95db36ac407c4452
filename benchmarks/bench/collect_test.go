package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// fake is a side whose program is a shell script.
func fake(t *testing.T, script string) *side {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &side{program: program, launch: func(int, bool) []string { return []string{"/bin/sh"} }}
}

// says is a script that reports the given latencies in turn (the last one for ever) for 8 bytes, and its processors.
func says(masks string, values ...float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "echo '{\"case\":\"affinity\",\"ranks\":2,\"masks\":[%s]}'\n", masks)
	b.WriteString("n=$(cat \"$0.n\" 2>/dev/null || echo 0); echo $((n+1)) >\"$0.n\"\ncase $n in\n")
	for i, v := range values {
		pattern := fmt.Sprint(i)
		if i == len(values)-1 {
			pattern = "*"
		}
		fmt.Fprintf(&b, "%s) echo '{\"case\":\"latency\",\"bytes\":8,\"ranks\":2,\"unit\":\"us\",\"value\":%g}';;\n", pattern, v)
	}
	b.WriteString("esac\n")
	return b.String()
}

func latencyGroup(runs, peers int, sides ...harness.Side) []group {
	return []group{{suite: "pt2pt", name: "latency", ranks: 2, sides: sides, points: harness.PointsOf("latency", "8"),
		runs: runs, peers: peers, budget: time.Millisecond, timeout: 20 * time.Second}}
}

func TestCollect(t *testing.T) {
	c := collector{stderr: io.Discard, sides: map[harness.Side]*side{
		harness.Ours:    fake(t, says(`"1","2"`, 0.1, 0.5, 0.2)),
		harness.OpenMPI: fake(t, "echo a warning; "+says(`"2","1"`, 0.4)),
		harness.MPICH:   {missing: "not installed"},
	}}
	if err := c.run(context.Background(), latencyGroup(3, 2, harness.Ours, harness.OpenMPI, harness.MPICH)); err != nil {
		t.Fatal(err)
	}
	rows := c.samples.Rows()
	if len(rows) != 1 {
		t.Fatalf("%d rows, want 1: %+v", len(rows), rows)
	}
	r := rows[0]
	if *r.Ours != 0.2 || *r.OpenMPI != 0.4 || r.MPICH != nil || *r.Ratio != 2 || r.Runs[harness.Ours] != 3 || r.Runs[harness.OpenMPI] != 2 {
		t.Errorf("row %+v", r)
	}
	if flaws := c.affinityFlaws(); len(flaws) != 0 {
		t.Errorf("the same processors in another order: %v", flaws)
	}
	if notes := c.notes(); !strings.Contains(notes, "affinity masks of the ranks: 1 2") || !strings.Contains(notes, `openmpi also printed "a warning"`) {
		t.Errorf("notes:\n%s", notes)
	}
}

func TestCollectNotesFailures(t *testing.T) {
	scripts := map[string]string{
		"exit 3":                        "exit status 3",
		"echo oops >&2; exit 1":         "oops",
		"true":                          "no result for latency:8",
		"echo '{\"case\":'":             "result line",
		says(`"1"`, 1) + says(`"1"`, 1): "that nobody asked for",
		"sleep 60 & wait":               "no end after",
	}
	for script, say := range scripts {
		c := collector{stderr: io.Discard, sides: map[harness.Side]*side{harness.Ours: fake(t, script)}}
		groups := latencyGroup(1, 1, harness.Ours)
		if say == "no end after" {
			groups[0].timeout = 300 * time.Millisecond
		}
		if err := c.run(context.Background(), groups); err != nil {
			t.Fatal(err)
		}
		if c.failed[harness.Ours] != 1 || len(c.trouble) != 1 || !strings.Contains(c.trouble[0], say) {
			t.Errorf("%s: failed %v, trouble %q; want %q", script, c.failed, c.trouble, say)
		}
		if rows := c.samples.Rows(); len(rows) != 1 || rows[0].Ours != nil {
			t.Errorf("%s: rows %+v; want one without a figure", script, rows)
		}
	}
}

func TestCollectStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := collector{stderr: io.Discard, sides: map[harness.Side]*side{harness.Ours: fake(t, "exit 0")}}
	if err := c.run(ctx, latencyGroup(5, 5, harness.Ours)); err == nil {
		t.Error("no error after an interruption")
	}
}

func TestAffinityFlaws(t *testing.T) {
	c := collector{affinity: map[string]map[harness.Side]string{}}
	g := &latencyGroup(1, 1)[0]
	c.keepAffinity(g, harness.Ours, []string{"1", "2"})
	c.keepAffinity(g, harness.OpenMPI, []string{"3", "3"})
	c.keepAffinity(g, harness.MPICH, []string{"2", "1"})
	c.keepAffinity(g, harness.Tuned("x"), []string{"2", "2"})
	if flaws := c.affinityFlaws(); len(flaws) != 2 || !strings.Contains(flaws[0], "ours 1 2, openmpi 3 3") || !strings.Contains(flaws[1], "openmpi_tuned/x 2 2") {
		t.Errorf("flaws %q", flaws)
	}
}

func TestCommand(t *testing.T) {
	s := side{program: "./mpibench", launch: launchMPICH}
	g := group{ranks: 2, bind: true, budget: 40 * time.Millisecond}
	got := strings.Join(s.command(&g, harness.PointsOf("latency", "8", "64K")), " ")
	if want := "mpirun.mpich -bind-to core -n 2 ./mpibench -points latency:8,latency:64K -json -budget 40"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	g = group{ranks: 32, wall: true}
	s.launch = launchOpenMPI
	got = strings.Join(s.command(&g, []harness.Point{{Case: "hello"}}), " ")
	if want := "mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none -n 32 ./mpibench -points hello"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A variant is Open MPI as installed with its own settings behind, and yields where there are more ranks than processors.
func TestVariantsLaunch(t *testing.T) {
	for _, v := range variants {
		for bind, also := range map[bool][]string{true: collTuned, false: yielding} {
			if bind && v.msgs {
				also = nil
			}
			want := slices.Concat(launchOpenMPI(3, bind), v.flags, also)
			if got := v.launch(3, bind); !slices.Equal(got, want) {
				t.Errorf("%s, bind %v: %q, want %q", v.name, bind, got, want)
			}
		}
	}
}

func TestVersionNumber(t *testing.T) {
	for text, want := range map[string]string{
		"mpirun.openmpi (OpenRTE) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/": "4.1.4",
		"HYDRA build details:\n    Version:                                 4.0.2\n":               "4.0.2",
		"Version: 4.2.0rc1": "4.2.0rc1",
		"nothing":           "",
	} {
		if got := versionNumber(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	if got := settings(yielding); got != "mpi_yield_when_idle=1" {
		t.Errorf("%q", got)
	}
	if got := settings(variants[0].flags); !strings.HasPrefix(got, "btl_vader_single_copy_mechanism=none btl_vader_max_send_size=65536 ") {
		t.Errorf("%q", got)
	}
}
