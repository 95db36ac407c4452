package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

func TestHello(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var out bytes.Buffer
			mpitest.Run(t, n, func(world *mpi.Comm) error {
				if world.Rank() == 0 { // the only one that may write
					return run(world, &out)
				}
				return run(world, io.Discard)
			})
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != n {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), n, &out)
			}
			for i, line := range lines {
				if want := fmt.Sprintf("hello from rank %d of %d,", i, n); !strings.HasPrefix(line, want) {
					t.Errorf("line %d is %q, want %q", i, line, want)
				}
			}
		})
	}
}
