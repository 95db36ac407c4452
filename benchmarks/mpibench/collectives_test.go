package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// What an operation leaves passes the check, and nothing else does: not a single other byte, nor the data of another rank.
func TestCheckOfCollectives(t *testing.T) {
	const n = 24
	for _, one := range harness.Cases {
		name := one.Name
		c, _, ok := collectiveNamed(name)
		if !ok {
			continue
		}
		for _, size := range []int{2, 5} {
			mpitest.Run(t, size, func(world *mpi.Comm) error {
				b := newBench(world, options{points: []harness.Point{{Case: name, Bytes: n}}}, nil)
				sends, recvs := c.buffers(b.rank, b.size, n)
				send, recv := b.send[:sends], b.recv[:recvs]
				b.fill(&c, n, send)
				op := c.op
				if c.start != nil {
					op = func(b *bench, send, recv []byte) func() error { return waited(c.start(b, send, recv)) }
				}
				if err := op(b, send, recv)(); err != nil {
					return err
				}
				if err := b.check(&c, n, recv); err != nil {
					t.Errorf("%s, %d ranks: %v", name, size, err)
				}
				if c.sums != nil && recvs > 0 {
					_, _, mine := c.sums(b.rank, b.size, n/4)
					recv = recv[:4*mine]
				}
				for i := range recv {
					recv[i] ^= 0x40
					if b.check(&c, n, recv) == nil {
						t.Errorf("%s, %d ranks: byte %d of rank %d is wrong and passes", name, size, i, b.rank)
						break
					}
					recv[i] ^= 0x40
				}
				return nil
			})
		}
	}
}

func TestParts(t *testing.T) {
	for _, size := range []int{1, 2, 3, 8} {
		for elements := range 20 {
			next := 0
			for rank := range size {
				ranks, first, n := partOverAll(rank, size, elements)
				if ranks != size || first != next || n < elements/size || n > elements/size+1 {
					t.Errorf("%d of %d ranks, %d elements: %d from %d", rank, size, elements, n, first)
				}
				next += n
			}
			if next != elements {
				t.Errorf("%d ranks: %d of %d elements", size, next, elements)
			}
		}
	}
}

// A point that needs too much memory is passed over in a table and refused with -json.
func TestTooLarge(t *testing.T) {
	c := collectiveCases["allgather"]
	if !c.fits(2, 16<<20) || !c.fits(8, 1<<20) || c.fits(8, 16<<20) {
		t.Error("two ranks with 16 MiB each fit, eight with 1 MiB each, not with 16 MiB")
	}
	points := harness.PointsOf("allgather", "64M")
	var out bytes.Buffer
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		if err := newBench(world, options{points: points, json: true}, &out).point(points[0]); err == nil || !strings.Contains(err.Error(), "256 MiB") {
			t.Errorf("with -json: %v", err)
		}
		return newBench(world, options{points: points}, &out).point(points[0])
	})
	if want := "# allgather:64M left out"; !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%q, want a line %q", out.String(), want)
	}
}
