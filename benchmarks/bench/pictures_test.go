package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

var keepPictures = flag.String("pictures", "", "folder for the pictures that TestPictures makes, to look at")

// madeUp are rows as the full plan has them, with figures from a formula.
func madeUp() []harness.Row {
	var s harness.Samples
	slower := map[harness.Side]float64{harness.Ours: 1, harness.OpenMPI: 2.2, harness.OpenMPIYield: 1.9, harness.MPICH: 2.6,
		harness.Tuned("two-copy-64k"): 1.5, harness.Tuned("two-copy-32k"): 1.6, harness.Tuned("one-copy-8k"): 1.7}
	for _, g := range plan(suiteNames(), false, 0) {
		for i, p := range slices.Concat(g.points, g.ours) {
			for _, side := range g.sides {
				if side != harness.Ours && i >= len(g.points) {
					continue
				}
				seconds := (1e-7 + float64(p.Bytes)/15e9) * slower[side] * (1 + 0.3*float64(i%3)) // of one message
				if side == harness.MPICH && g.suite == "oversub" {
					seconds *= 700
				}
				c, _ := harness.CaseNamed(p.Case)
				v := map[string]float64{"us": 1e6 * seconds, "MB/s": float64(p.Bytes) / 1e6 / seconds, "Mmsg/s": 1e-6 / seconds, "ms": 1e8 * seconds}[c.Unit]
				if p.Case == "move" {
					v = 0.2
				}
				for run := range 5 {
					s.Add(g.key(p), side, v*(1+0.05*float64(run)))
				}
			}
		}
	}
	return s.Rows()
}

// From the rows that -json recorded to pictures that show something: the whole way of bench.sh -from FILE -plot DIR.
func TestPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module of its own")
	}
	t.Chdir("../..")
	rows := filepath.Join(t.TempDir(), "rows.json")
	if err := writeRows(rows, madeUp()); err != nil {
		t.Fatal(err)
	}
	folder := *keepPictures
	if folder == "" {
		folder = filepath.Join(t.TempDir(), "new", "pictures")
	}
	var out strings.Builder
	if err := bench(context.Background(), []string{"-from", rows, "-plot", folder}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(out.String(), "# pictures\n")
	if !found || !strings.Contains(out.String(), "# pt2pt latency, 2 ranks, us\n") {
		t.Fatalf("want a table and then the names of the pictures:\n%s", out.String())
	}
	var names []string
	for name := range strings.Lines(list) {
		name = strings.TrimSpace(name)
		names = append(names, filepath.Base(name))
		checkPicture(t, name)
	}
	want := "pt2pt-latency-2.png pt2pt-bw-2.png pt2pt-bibw-2.png oversub-multi_lat-8.png pt2pt-ratio.png oversub-ratio.png startup-ratio-32.png startup-ratio-64.png"
	for _, w := range strings.Fields(want) {
		if !slices.Contains(names, w) {
			t.Errorf("no %s among %v", w, names)
		}
	}
}

// checkPicture opens a picture and wants it large, mostly white, with something in every third of it, and some of that in colour.
func checkPicture(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	size := img.Bounds().Size()
	if size.X < 800 || size.Y < 150 {
		t.Errorf("%s: only %v", name, size)
	}
	isWhite := func(r, g, b uint8) bool { return r&g&b == 255 }
	coloured := func(r, g, b uint8) bool { return max(r, g, b)-min(r, g, b) > 100 }
	if n := count(img, img.Bounds(), coloured); n < 50 {
		t.Errorf("%s: only %d dots of any colour: no curves, no marks", name, n)
	}
	white := count(img, img.Bounds(), isWhite)
	if all := size.X * size.Y; white < all/2 || white > all*99/100 {
		t.Errorf("%s: %d of %d dots are white", name, white, all)
	}
	for i := range 3 {
		for _, part := range []image.Rectangle{
			image.Rect(i*size.X/3, 0, (i+1)*size.X/3, size.Y),
			image.Rect(0, i*size.Y/3, size.X, (i+1)*size.Y/3),
		} {
			if count(img, part, isWhite) == part.Dx()*part.Dy() {
				t.Errorf("%s: nothing in %v", name, part)
			}
		}
	}
}

// count is how many dots in a part of a picture are such.
func count(img image.Image, in image.Rectangle, such func(r, g, b uint8) bool) (n int) {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if such(c.R, c.G, c.B) {
				n++
			}
		}
	}
	return n
}

// `go test ./...` does not reach into another module.
func TestThePlotModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module of its own")
	}
	for _, verb := range []string{"vet", "test"} {
		cmd := exec.Command("go", verb, "-C", "../plot", "./...")
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s in benchmarks/plot: %v\n%s", verb, err, text)
		}
	}
}

func TestFromErrors(t *testing.T) {
	t.Chdir("../..")
	file := filepath.Join(t.TempDir(), "rows.json")
	if err := os.WriteFile(file, []byte(`{"suite":"startup","case":"hello","bytes":0,"ranks":32,"unit":"ms","ours":1}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, say := range map[string]string{
		"-from " + file + " pt2pt":    "no rows of pt2pt",
		"-from " + file + "x":         "no such file",
		"-from " + file + " -check":   "measures nothing",
		"-from benchmarks/bench.sh/x": "benchmarks/bench.sh",
		"-from README.md":             "README.md: row 1",
	} {
		var out strings.Builder
		if err := bench(context.Background(), strings.Fields(args), &out, io.Discard); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v, want %q", args, err, say)
		}
	}
	var out strings.Builder
	if err := bench(context.Background(), []string{"-from", file}, &out, io.Discard); err != nil || !strings.Contains(out.String(), "# startup hello, 32 ranks, ms") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestNamesAreTheCallers(t *testing.T) {
	t.Setenv("BENCH_FROM", "/somewhere")
	o, err := parse([]string{"-json", "a.json", "-plot", "/b"}, io.Discard)
	if got := fmt.Sprint(o.json, o.plot, o.from); err != nil || got != "/somewhere/a.json/b" {
		t.Errorf("%s, %v", got, err)
	}
}
