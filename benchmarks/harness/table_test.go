package harness

import (
	"strings"
	"testing"
)

func TestLister(t *testing.T) {
	var l Lister
	var out strings.Builder
	for _, r := range []Result{{Case: "latency", Bytes: 0, Ranks: 2, Value: 0.104}, {Case: "latency", Bytes: 1 << 20, Ranks: 2, Value: 61.256}, {Case: "bw", Bytes: 8, Ranks: 2, Value: 120},
		{Case: "iallreduce_overlap", Bytes: 8, Ranks: 2, Value: 50, Overlap: &Overlap{Overall: 1.5, Compute: 1, Pure: 1}}} {
		if err := l.Write(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	const want = `# latency, 2 ranks
# Size          Latency (us)
0                       0.10
1048576                61.26

# bw, 2 ranks
# Size      Bandwidth (MB/s)
8                     120.00

# iallreduce_overlap, 2 ranks
# Size           Overall(us)       Compute(us)    Pure Comm.(us)        Overlap(%)
8                       1.50              1.00              1.00             50.00
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestOverlapPercent(t *testing.T) {
	for _, tt := range []struct {
		o    Overlap
		want float64
	}{
		{Overlap{Overall: 10, Compute: 10, Pure: 8}, 100},
		{Overlap{Overall: 18, Compute: 10, Pure: 8}, 0},
		{Overlap{Overall: 12, Compute: 10, Pure: 8}, 75},
		{Overlap{Overall: 9, Compute: 10, Pure: 8}, 100}, // of two measurements
		{Overlap{Overall: 30, Compute: 10, Pure: 8}, 0},
		{Overlap{}, 0},
	} {
		if got := tt.o.Percent(); got != tt.want {
			t.Errorf("%+v: %g, want %g", tt.o, got, tt.want)
		}
	}
}

func TestWriteTable(t *testing.T) {
	var s Samples
	for _, v := range []float64{0.1, 0.12} {
		s.Add(Key{"pt2pt", "latency", 8, 2}, Ours, v)
		s.Add(Key{"pt2pt", "latency", 8, 2}, OpenMPI, 2*v)
		s.Add(Key{"pt2pt", "latency", 8, 2}, Tuned("big"), v)
	}
	s.Add(Key{"pt2pt", "latency", 1 << 20, 2}, Ours, 60)
	s.Add(Key{"pt2pt", "move", 8, 2}, Ours, 0.3)
	targets := []Target{
		target("latency", func(t *Target) { t.RatioOpenMPI = num(1.5) }),
		target("move", func(t *Target) { t.Max = num(0.25) }),
	}
	var out strings.Builder
	if err := WriteTable(&out, s.Rows(), targets); err != nil {
		t.Fatal(err)
	}
	const want = `
# pt2pt latency, 2 ranks, us
# size  ours                  openmpi               openmpi_tuned         tuned_by  ratio  ratio_tuned  target
8       0.110 [0.100..0.120]  0.220 [0.200..0.240]  0.110 [0.100..0.120]  big       2.00x  1.00x        ok  openmpi>=1.5
1M      60.0                  -                     -                     -         -      -            LOW !openmpi>=1.5

# pt2pt move, 2 ranks, us
# size  ours   target
8       0.300  LOW !max<=0.25
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
