package main

import (
	"bytes"
	"encoding/json"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

// labels are the written ticks between two figures.
func labels(t plot.Ticker, lo, hi float64) string {
	var words []string
	for _, tick := range t.Ticks(at(lo), at(hi)) {
		if tick.Label != "" {
			words = append(words, tick.Label)
		}
	}
	return strings.Join(words, " ")
}

func TestTicks(t *testing.T) {
	tests := []struct {
		name   string
		ticks  plot.Ticker
		lo, hi float64
		want   string
	}{
		{"sizes", sizeTicks{}, 0.4, 80 << 20, "0 1 4 16 64 256 1K 4K 16K 64K 256K 1M 4M 16M 64M"},
		{"few sizes", sizeTicks{}, 7, 9 << 10, "8 16 32 64 128 256 512 1K 2K 4K 8K"},
		{"decades", decadeTicks{}, 0.09, 20000, "0.1 1 10 100 1000 10000"},
		{"one decade", decadeTicks{}, 0.9, 21, "1 2 5 10 20"},
		{"ratios", ratioTicks{}, 0.45, 4.1, "0.5x 0.75x 1x 1.5x 2x 3x 4x"},
		{"large ratios", ratioTicks{}, 0.4, 3000, "1x 4x 16x 64x 256x 1024x"},
		{"huge ratios", ratioTicks{}, 0.4, 1e9, "1x 8x 64x 512x 4096x 32768x 262144x 2097152x 1.68e+07x 1.34e+08x"},
	}
	for _, tt := range tests {
		if got := labels(tt.ticks, tt.lo, tt.hi); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Every tick lies on its axis, and stands where the figure that it names does.
func TestTicksOnTheAxis(t *testing.T) {
	for _, m := range []plot.Ticker{sizeTicks{}, decadeTicks{}, ratioTicks{}} {
		for lo := 1e-9; lo < 1e9; lo *= 37 {
			for hi := lo * 1.01; hi < 1e15; hi *= 41 {
				for _, tick := range m.Ticks(at(lo), at(hi)) {
					if tick.Value < at(lo) || tick.Value > at(hi) {
						t.Fatalf("%T from %g to %g: a tick at %g", m, lo, hi, tick.Value)
					}
				}
			}
		}
	}
}

func TestReadChartsErrors(t *testing.T) {
	const good = `[{"File":"a","Title":"t","X":"x","Y":"y","Series":[{"Name":"s","Key":"ours","Dash":0,"Dots":[{"X":8,"Y":2,"Lo":1,"Hi":3,"Target":0}]}]}]`
	if c, err := readCharts(strings.NewReader(good)); err != nil || len(c) != 1 || c[0].Series[0].Dots[0] != (dot{8, 2, 1, 3, 0}) {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, change := range [][2]string{
		{`"File":"a"`, `"File":"../a"`},
		{`"File":"a"`, `"File":"a/b"`},
		{`"File":"a"`, `"File":".."`},
		{`"File":"a"`, `"File":""`},
		{`"Title"`, `"Tilte"`},
		{`"X":8`, `"X":-8`},
		{`"Y":2`, `"Y":0`},
		{`"Y":2`, `"Y":1e300`},
		{`"Lo":1`, `"Lo":4`},
		{`"Lo":1`, `"Lo":-1`},
		{`"Target":0`, `"Target":-1`},
		{`"Y":"y"`, `"Y":"y","Rows":["one"]`}, // a dot in row 2 of 1
		{`{"X":8,"Y":2,"Lo":1,"Hi":3,"Target":0}`, ``},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if _, err := readCharts(strings.NewReader(bad)); err == nil {
			t.Errorf("no error for %s", bad)
		}
	}
}

// What readCharts lets through can be drawn, whatever the figures.
func TestDraw(t *testing.T) {
	charts := []chart{
		{File: "one", Series: []series{{Name: "s", Key: "ours", Dots: []dot{{X: 0, Y: 1}}}}},
		{File: "flat", Series: []series{{Name: "s", Key: "mpich", Dash: 1, Dots: []dot{{X: 8, Y: 2}, {X: 16, Y: 2}}}}},
		{File: "wide", Series: []series{{Name: "s", Key: "nobody", Dash: 2, Dots: []dot{{X: 0, Y: 1e-9, Lo: 1e-9, Hi: 1e15}, {X: 1 << 30, Y: 1e15}}}}},
		{File: "rows", Rows: []string{"a", "b"}, Series: []series{{Name: "r", Key: "ratio", Dots: []dot{{X: 1e-9, Y: 0, Target: 1e15}, {X: 1e15, Y: 1}}}}},
	}
	text, err := json.Marshal(charts)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var out strings.Builder
	if err := run(bytes.NewReader(text), &out, folder); err != nil {
		t.Fatal(err)
	}
	for i, name := range strings.Fields(out.String()) {
		if want := filepath.Join(folder, charts[i].File+".png"); name != want {
			t.Errorf("wrote %s, want %s", name, want)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := color.NRGBAModel.Convert(colourOf(charts[i].Series[0].Key))
		found := false
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				found = found || color.NRGBAModel.Convert(img.At(x, y)) == want
			}
		}
		if !found {
			t.Errorf("%s: nothing in the colour of its series", name)
		}
	}
	if err := run(bytes.NewReader(text), &out, filepath.Join(folder, "missing")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
