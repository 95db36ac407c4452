package mpi_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// stderr is what f writes to standard error, by lines in order of the alphabet.
func stderr(t *testing.T, f func()) []string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer func(old *os.File) { os.Stderr = old }(os.Stderr)
	os.Stderr = w
	f()
	w.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// A rank that leaves buffers behind, its own or received ones, says so in the end; one that gave them away does not.
func TestLeaks(t *testing.T) {
	alloc := func(c *mpi.Comm, n int) *mpi.Buf[int32] {
		b, err := mpi.Alloc[int32](c, n)
		if err != nil {
			t.Error(err)
		}
		return b
	}
	for _, k := range []struct {
		name string
		fn   func(c *mpi.Comm) error
		want []string
	}{
		{"own", func(c *mpi.Comm) error {
			if c.Rank() == 1 {
				alloc(c, 100)
				alloc(c, 5000)
				return alloc(c, 7).Free()
			}
			return nil
		}, []string{"mpi: rank 1: 2 buffers from Alloc (20400 bytes) were not freed before Finalize"}},
		{"received", func(c *mpi.Comm) error {
			if c.Rank() == 0 {
				return errors.Join(alloc(c, 10).Move(c, 1, 0), alloc(c, 20).Move(c, 1, 0))
			}
			a, _, err := mpi.RecvMove[int32](c, 0, 0)
			_, _, err2 := mpi.RecvMove[int32](c, 0, 0)
			return errors.Join(err, err2, a.Free())
		}, []string{"mpi: rank 1: 1 buffers from Alloc (80 bytes) were not freed before Finalize"}},
		{"given away, and received after its giver's end", func(c *mpi.Comm) error {
			if c.Rank() == 0 {
				return alloc(c, 10).Move(c, 1, 0)
			}
			for late := time.Now().Add(20 * time.Second); !mpi.Finalized(c, 0); runtime.Gosched() {
				if time.Now().After(late) {
					return errors.New("rank 0 doesn't end")
				}
			}
			b, _, err := mpi.RecvMove[int32](c, 0, 0)
			if err != nil {
				return err
			}
			return b.Free()
		}, []string{""}},
		{"none", func(c *mpi.Comm) error { return alloc(c, 1).Free() }, []string{""}},
	} {
		t.Run(k.name, func(t *testing.T) {
			got := stderr(t, func() {
				if err := mpi.RunLocal(2, k.fn); err != nil {
					t.Error(err)
				}
			})
			if !slices.Equal(got, k.want) {
				t.Errorf("got %q, want %q", got, k.want)
			}
		})
	}
}
