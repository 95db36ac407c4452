package main

import (
	"strings"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/collective"
)

// collectiveNamed finds the case of that name, which may be that of one with buffers from mpi.Alloc, of a nonblocking one or of its overlap.
func collectiveNamed(name string) (c collectiveCase, overlap, ok bool) {
	if c, ok = collectiveCases[name]; ok {
		return c, false, true
	}
	if plain, cut := strings.CutSuffix(name, harness.ArenaSuffix); cut {
		c, ok = collectiveCases[plain]
		c.arena = true
		return c, false, ok
	}
	name, overlap = strings.CutSuffix(name, harness.OverlapSuffix)
	name, ok = strings.CutPrefix(name, "i")
	start := starts[name]
	if !ok || start == nil {
		return c, false, false
	}
	c = collectiveCases[name]
	c.op, c.start = nil, start
	return c, overlap, true
}

// waited begins an operation and waits for it.
func waited(start func() (*collective.Request, error)) func() error {
	return func() error {
		r, err := start()
		if err != nil {
			return err
		}
		return r.Wait()
	}
}

// overlap measures, after OSU, how much of an operation's time is free for a computation that takes as long as the operation alone:
// 100 % when both together take no longer than the computation, 0 when they take as long as one after the other. The computation is
// so much work and not so much time, and is timed alone, so that what the operation takes from it counts.
func (b *bench) overlap(c collectiveCase, n int) (*harness.Overlap, int, error) {
	sends, recvs := c.buffers(b.rank, b.size, n)
	send, recv := b.send[:sends], b.recv[:recvs]
	b.fill(&c, n, send)
	clear(recv)
	start := c.start(b, send, recv)
	alone, _, err := b.pacedApart(waited(start))
	if err != nil {
		return nil, 0, err
	}
	if b.rank == 0 && b.rate == 0 {
		b.rate = b.stepsPerSecond()
	}
	work, err := b.share(max(1, int(alone*b.rate)))
	if err != nil {
		return nil, 0, err
	}
	computing, _, err := b.pacedApart(func() error {
		b.compute(work)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	both, iterations, err := b.pacedApart(func() error {
		r, err := start()
		if err != nil {
			return err
		}
		b.compute(work)
		return r.Wait()
	})
	if err != nil {
		return nil, 0, err
	}
	return &harness.Overlap{Overall: both * 1e6, Compute: computing * 1e6, Pure: alone * 1e6}, iterations, b.check(&c, n, recv)
}

// compute does work that touches no memory and can't be done faster by doing several steps at once.
func (b *bench) compute(steps int) {
	x := b.computed
	for range steps {
		x = x*0.999999 + 1e-6
	}
	b.computed = x
}

// stepsPerSecond is how fast compute is here when nothing disturbs it.
func (b *bench) stepsPerSecond() float64 {
	const steps = 200_000
	best := time.Duration(1 << 62)
	for range 5 {
		start := time.Now()
		b.compute(steps)
		best = min(best, time.Since(start))
	}
	return steps / best.Seconds()
}
