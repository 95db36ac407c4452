package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-json", "-budget", "2.5", "-seconds", "0.5", "-arena", "-points", "latency:0,latency:64K,bw:8,barrier,bcast:64K,ibcast:64K"})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := harness.ParsePoints("latency:0,latency_arena:64K,bw_arena:8,barrier,bcast_arena:64K,ibcast:64K")
	if !slices.Equal(o.points, want) || o.budget != 2500*time.Microsecond || o.idle != 500*time.Millisecond || !o.json || o.hello() {
		t.Errorf("%+v", o)
	}
	if o, err = parse([]string{"-allocs"}); err != nil || o.points[0].Case != "allocs" || o.ops != 100_000 {
		t.Errorf("-allocs: %+v, %v", o, err)
	}
	if o, err = parse([]string{"-overlap", "-points", "iallreduce:8,allreduce:8,ibcast_overlap:4"}); err != nil || harness.FormatPoints(o.points) != "iallreduce_overlap:8,allreduce:8,ibcast_overlap:4" {
		t.Errorf("-overlap: %v, %v", o.points, err)
	}
	if o, err = parse([]string{"hello"}); err != nil || !o.hello() {
		t.Errorf("hello: %+v, %v", o, err)
	}
	if o, err = parse([]string{"latency", "barrier"}); err != nil || len(o.points) != 25 {
		t.Errorf("latency and barrier: %d points, %v", len(o.points), err)
	}
	bad := map[string][]string{
		"nothing to measure": nil,
		"stands alone":       {"-points", "hello,barrier"},
		"must be positive":   {"-budget", "0", "latency"},
		"unknown":            {"latancy"},
		"wants a size":       {"-points", "latency"},
	}
	for say, args := range bad {
		if _, err := parse(args); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: error %v, want one that says %q", args, err, say)
		}
	}
}

func count(of ...bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}

// Every case of the catalogue can be run, hello by main itself.
func TestEveryCaseExists(t *testing.T) {
	for _, c := range harness.Cases {
		_, timed := timedCases[c.Name]
		_, special := specialCases[c.Name]
		of, overlap, collective := collectiveNamed(c.Name)
		if count(timed, special, collective, c.Name == "hello") != 1 {
			t.Errorf("case %s: timed %v, special %v, collective %v", c.Name, timed, special, collective)
		}
		if collective && !(c.Collective && c.Floats == (of.sums != nil) && c.Nonblocking == (of.start != nil) && c.Overlap == overlap && c.Arena == of.arena) {
			t.Errorf("case %s is another in the catalogue: %+v", c.Name, c)
		}
	}
}

func TestFigures(t *testing.T) {
	tests := []struct {
		name    string
		seconds float64 // of one iteration
		bytes   int
		size    int
		want    float64
	}{
		{"latency", 2e-6, 8, 2, 1},                // half a round trip
		{"multi_lat", 2e-6, 8, 8, 1},              //
		{"barrier", 3e-6, 0, 8, 3},                //
		{"bw", 64e-6, 1000, 2, 1000},              // 64 messages of 1000 bytes in 64 us
		{"bibw", 64e-6, 1000, 2, 2000},            // both ways
		{"mbw_mr", 64e-6, 8, 2, 1},                // one message a microsecond
		{"mbw_mr", 64e-6, 8, 7, 3},                // three pairs, one rank left over
		{"latency_arena", 60e-6, 64 << 10, 2, 30}, //
		{"bw_arena", 64e-6, 1000, 2, 1000},        //
	}
	for _, tt := range tests {
		if got := timedCases[tt.name].value(tt.seconds, tt.bytes, tt.size); got < tt.want*0.999999 || got > tt.want*1.000001 {
			t.Errorf("%s: %g s for %d bytes on %d ranks: %g, want %g", tt.name, tt.seconds, tt.bytes, tt.size, got, tt.want)
		}
	}
}

func TestPageAligned(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		buf := pageAligned(n)
		if len(buf) != n || cap(buf) != n {
			t.Errorf("%d bytes: length %d, capacity %d", n, len(buf), cap(buf))
		}
		if n > 0 && addressOf(buf)%4096 != 0 {
			t.Errorf("%d bytes: at %#x", n, addressOf(buf))
		}
	}
}

// Chunks that a transport might misplace must not look alike.
func TestPatternTellsChunksApart(t *testing.T) {
	buf := make([]byte, 1<<20)
	fillPattern(buf)
	for chunk := 64; chunk <= 128<<10; chunk *= 2 {
		if first, second := buf[:chunk], buf[chunk:2*chunk]; slices.Equal(first, second) {
			t.Errorf("two chunks of %d bytes are equal", chunk)
		}
	}
}
