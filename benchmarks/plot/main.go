// Plot draws the pictures of `bench.sh -plot DIR`: it reads charts, as harness.Charts of benchmarks/harness makes them, as
// one JSON list from standard input, writes one PNG each into the folder, and prints their names.
//
//	plot DIR < charts.json
//
// What is in a picture is decided there, where it is tested without drawing; here is how it looks. The two modules share
// no code, so that this one needs no change when the other's requirements do.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plot DIR < charts.json")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, folder string) error {
	charts, err := readCharts(in)
	if err != nil {
		return fmt.Errorf("charts: %w", err)
	}
	for _, c := range charts {
		name := filepath.Join(folder, c.File+".png")
		img, err := c.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := writePNG(name, img); err != nil {
			return err
		}
		fmt.Fprintln(out, name)
	}
	return nil
}

func writePNG(name string, img image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}

// The same as in benchmarks/harness, which explains them.
type (
	chart struct {
		File, Title, X, Y string
		Rows              []string
		Series            []series
	}
	series struct {
		Name, Key string
		Dash      int
		Dots      []dot
	}
	dot struct{ X, Y, Lo, Hi, Target float64 }
)

func readCharts(in io.Reader) (charts []chart, err error) {
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&charts); err != nil {
		return nil, err
	}
	for i := range charts {
		if err := charts[i].complete(); err != nil {
			return nil, fmt.Errorf("%q: %w", charts[i].File, err)
		}
	}
	return charts, nil
}

// complete checks what drawing relies on: a name inside of the folder, and figures that a logarithmic axis can show.
func (c *chart) complete() error {
	if c.File == "" || c.File != filepath.Base(c.File) || c.File[0] == '.' {
		return errors.New("not the name of a file")
	}
	dots := 0
	for _, s := range c.Series {
		for _, d := range s.Dots {
			figure := d.Y
			ok := d.X >= 0
			if c.Rows != nil {
				figure = d.X
				ok = d.Y == math.Trunc(d.Y) && d.Y >= 0 && d.Y < float64(len(c.Rows))
			}
			if !ok || !drawable(figure) || d.Target != 0 && !drawable(d.Target) || d.Lo > d.Hi || d.Hi != 0 && !drawable(d.Hi) || d.Lo < 0 {
				return fmt.Errorf("%s: a dot that can't be drawn: %+v", s.Name, d)
			}
			dots++
		}
	}
	if dots == 0 {
		return errors.New("no dots")
	}
	return nil
}

// drawable keeps the axes within what a picture can show; nothing that anybody measures is outside.
func drawable(v float64) bool { return v >= 1e-9 && v <= 1e15 }
