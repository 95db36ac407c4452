package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// A painter is the program that draws charts; it is a module of its own, benchmarks/plot.
type painter struct {
	program string
	folder  string // for the pictures
}

// newPainter builds the program in the folder tmp and makes the folder for the pictures, both before anything is
// measured: after ten minutes it would be a pity.
func newPainter(ctx context.Context, tmp, folder string) (*painter, error) {
	p := &painter{program: filepath.Join(tmp, "plot"), folder: folder}
	cmd := exec.CommandContext(ctx, "go", "build", "-C", "benchmarks/plot", "-o", p.program, ".")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build -C benchmarks/plot: %w\n%s", err, text)
	}
	return p, os.MkdirAll(folder, 0o777)
}

// paint draws all charts of the rows and returns the names of the pictures, a line each.
func (p *painter) paint(ctx context.Context, rows []harness.Row, targets []harness.Target) (names string, err error) {
	charts := harness.Charts(rows, targets)
	if len(charts) == 0 {
		return "", nil
	}
	text, err := json.Marshal(charts)
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, p.program, p.folder)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("drawing into %s: %w%s", p.folder, err, tail(stderr.String(), 12))
	}
	return stdout.String(), nil
}
