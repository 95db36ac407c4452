package harness

import (
	"os"
	"strings"
	"testing"
)

func TestReadTargets(t *testing.T) {
	const good = `
[[target]]
name = "small"
suite = "pt2pt"
case = ["latency", "bw"]
bytes = ["8", "4K"]
ranks = 2
ratio = 1.5
ratio_tuned = 1.3
[[target]]
name = "quiet"
suite = "oversub"
case = ["idle"]
max = 0
`
	targets, err := ReadTargets(strings.NewReader(good))
	if err != nil || len(targets) != 2 {
		t.Fatalf("%v, %v", targets, err)
	}
	selects := map[Key]bool{
		{"pt2pt", "latency", 8, 2}:       true,
		{"pt2pt", "bw", 4096, 2}:         true,
		{"pt2pt", "latency", 7, 2}:       false,
		{"pt2pt", "latency", 4097, 2}:    false,
		{"pt2pt", "latency", 8, 3}:       false,
		{"pt2pt", "bibw", 8, 2}:          false,
		{"oversub", "latency", 8, 2}:     false,
		{"pt2pt", "latency_arena", 8, 2}: false,
	}
	for k, want := range selects {
		if got := targets[0].Selects(k); got != want {
			t.Errorf("selects %v: %v, want %v", k, got, want)
		}
	}
	if !targets[1].Selects(Key{"oversub", "idle", 0, 5}) {
		t.Error("without bytes and ranks, any row of the case is selected")
	}

	const head = "[[target]]\nname=\"x\"\nsuite=\"pt2pt\"\n"
	bad := map[string]string{
		head + "case=[\"latency\"]\nratoi=2\n":                     "ratoi",
		head + "case=[\"latancy\"]\nratio=2\n":                     `unknown case "latancy"`,
		head + "case=[\"latency\"]\n":                              "no bar",
		head + "case=[\"latency\"]\nratio_mean=0\n":                "positive",
		head + "case=[\"latency\"]\nratio=0\n":                     "positive",
		head + "case=[\"latency\"]\nmax=-1\n":                      "positive",
		head + "case=[\"latency\"]\nratio=nan\n":                   "positive",
		head + "ratio=2\n":                                         "are needed",
		head + "case=[\"latency\"]\nratio=2\nbytes=[\"8\"]\n":      "first and the last",
		head + "case=[\"latency\"]\nratio=2\nbytes=[\"8\",\"4\"]":  "above the last",
		head + "case=[\"latency\"]\nratio=2\nbytes=[\"8\",\"4X\"]": `size "4X"`,
		head + "case=3\n":                                          "line 4",
	}
	for in, say := range bad {
		if _, err := ReadTargets(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s\nerror %v, want one that says %q", in, err, say)
		}
	}
}

func TestTheTargetsFile(t *testing.T) {
	f, err := os.Open("../targets.toml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	targets, err := ReadTargets(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(targets) < 10 {
		t.Errorf("only %d targets", len(targets))
	}
}

func FuzzReadTargets(f *testing.F) {
	f.Add("[[target]]\nname=\"x\"\nsuite=\"pt2pt\"\ncase=[\"latency\"]\nbytes=[\"8\",\"4K\"]\nratio=2\n")
	f.Add("[[target]]\nratoi=2\n")
	f.Fuzz(func(t *testing.T, text string) {
		targets, err := ReadTargets(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, target := range targets {
			if target.Name == "" || target.lo > target.hi {
				t.Fatalf("accepted %+v", target)
			}
		}
	})
}
