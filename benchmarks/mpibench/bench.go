package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

const (
	tagData = iota + 1
	tagAck
	tagControl
)

// A bench is one rank's half of a run.
type bench struct {
	world      *mpi.Comm
	rank, size int
	opts       options
	out        io.Writer // rank 0 alone writes
	list       harness.Lister

	send, recv []byte  // page aligned, touched, as large as the largest point needs
	pattern    []byte  // one period
	rate       float64 // stepsPerSecond of rank 0, 0 before it is needed
	computed   float64
	reqs       []mpi.Request
}

func newBench(world *mpi.Comm, o options, out io.Writer) *bench {
	b := &bench{world: world, rank: world.Rank(), size: world.Size(), opts: o, out: out, reqs: make([]mpi.Request, 2*window)}
	sends, recvs := 0, 0
	for _, p := range o.points {
		send, recv := int(p.Bytes), int(p.Bytes)
		if c, _, ok := collectiveNamed(p.Case); ok {
			if !c.fits(b.size, int(p.Bytes)) {
				continue
			}
			send, recv = c.buffers(b.rank, b.size, int(p.Bytes))
		}
		if p.Case == "memory" {
			send = int(memorySizes[len(memorySizes)-1])
			recv = send
		}
		sends, recvs = max(sends, send), max(recvs, recv)
	}
	b.send, b.recv = pageAligned(sends), pageAligned(recvs)
	b.pattern = make([]byte, patternPeriod)
	fillPattern(b.pattern)
	return b
}

// run measures the points one after the other.
func (b *bench) run(points []harness.Point) error {
	// A memory point must not be preceded by messages between others than neighbours.
	if b.opts.json && points[0].Case != "memory" {
		if err := b.affinity(); err != nil {
			return err
		}
	}
	for _, p := range points {
		if err := b.point(p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// point measures one point; rank 0 prints it.
func (b *bench) point(p harness.Point) error {
	c, _ := harness.CaseNamed(p.Case)
	r := harness.Result{Case: p.Case, Bytes: p.Bytes, Ranks: b.size, Unit: c.Unit}
	var err error
	if t, ok := timedCases[p.Case]; ok {
		r.Value, r.Iterations, err = b.timed(t, int(p.Bytes))
	} else if c, overlap, ok := collectiveNamed(p.Case); ok {
		switch {
		case !c.fits(b.size, int(p.Bytes)):
			return b.leaveOut(p)
		case overlap:
			if r.Overlap, r.Iterations, err = b.overlap(c, int(p.Bytes)); err == nil {
				r.Value = r.Overlap.Percent()
			}
		default:
			r.Value, r.Iterations, err = b.collective(c, int(p.Bytes))
		}
	} else if special, ok := specialCases[p.Case]; ok {
		fillPattern(b.send)
		r.Value, err = special(b, int(p.Bytes))
	} else {
		err = fmt.Errorf("this case can't be run among other points")
	}
	if err != nil || b.rank != 0 {
		return err
	}
	if !b.opts.json {
		return b.list.Write(b.out, r)
	}
	return json.NewEncoder(b.out).Encode(r)
}

// leaveOut passes over a point that needs too much memory. Who asked for JSON wants every point.
func (b *bench) leaveOut(p harness.Point) error {
	if b.opts.json {
		return fmt.Errorf("the buffers of %d ranks are above %d MiB together", b.size, maxBuffers>>20)
	}
	if b.rank != 0 {
		return nil
	}
	_, err := fmt.Fprintf(b.out, "# %s left out: the buffers of %d ranks are above %d MiB together\n", p, b.size, maxBuffers>>20)
	return err
}

// timed runs one point of a timed case: warm-up, measured batch, check of the received bytes.
func (b *bench) timed(t timedCase, n int) (value float64, iterations int, err error) {
	if b.size < t.least {
		return 0, 0, fmt.Errorf("needs at least %d ranks, this world has %d", t.least, b.size)
	}
	send, recv := b.send[:n], b.recv[:n]
	fillPattern(send)
	if t.arena {
		for _, buf := range []*[]byte{&send, &recv} {
			block, err := mpi.Alloc[byte](b.world, n)
			if err != nil {
				return 0, 0, err
			}
			defer block.Free()
			*buf = block.Slice()
		}
		copy(send, b.send)
	}
	clear(recv)
	perIteration, iterations, err := b.paced(whole(func(iterations int) error { return t.loop(b, iterations, send, recv) }), t.clocks(b.size))
	if err != nil {
		return 0, 0, err
	}
	if t.receives(b.rank, b.size) && !bytes.Equal(recv, send) {
		return 0, 0, fmt.Errorf("the received bytes are not the sent ones")
	}
	return t.value(perIteration, n, b.size), iterations, nil
}

// whole is a loop all of whose time counts.
func whole(loop func(iterations int) error) func(iterations int) (time.Duration, error) {
	return func(iterations int) (time.Duration, error) {
		start := time.Now()
		err := loop(iterations)
		return time.Since(start), err
	}
}

// paced runs batches of the loop as long as a harness.Pace wants them. The loop returns the part of its time that counts. paced returns,
// on rank 0, the seconds per iteration of the measured batch, as the mean over the first `clocks` ranks, whose clocks count. The slowest of
// these sets the pace, because one pair can be many times slower than another when there are more ranks than processors.
func (b *bench) paced(loop func(iterations int) (time.Duration, error), clocks int) (perIteration float64, iterations int, err error) {
	pace := harness.NewPace(b.opts.budget)
	var sum float64
	for {
		n, err := b.share(pace.Iterations())
		if err != nil || n == 0 {
			return sum / float64(clocks) / float64(max(1, iterations)), iterations, err
		}
		iterations = n
		if err := collective.Barrier(b.world); err != nil {
			return 0, 0, err
		}
		start := time.Now()
		spent, err := loop(n)
		if err != nil {
			return 0, 0, err
		}
		var longest float64
		if sum, longest, err = b.gather(spent.Seconds(), time.Since(start).Seconds(), clocks); err != nil {
			return 0, 0, err
		}
		pace.Took(time.Duration(longest * 1e9))
	}
}

// share gives rank 0's number to everybody, outside the measured time.
func (b *bench) share(n int) (int, error) {
	word := []int64{int64(n)}
	if b.rank != 0 {
		_, err := mpi.Recv(b.world, word, 0, tagControl)
		return int(word[0]), err
	}
	for r := 1; r < b.size; r++ {
		if err := mpi.Send(b.world, word, r, tagControl); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// gather gives rank 0 the sum of one number and the largest of another over the first n ranks. The others get their own.
func (b *bench) gather(add, most float64, n int) (sum, largest float64, err error) {
	words := []float64{add, most}
	switch {
	case b.rank == 0:
		for r := 1; r < n; r++ {
			if _, err := mpi.Recv(b.world, words, r, tagControl); err != nil {
				return 0, 0, err
			}
			add, most = add+words[0], max(most, words[1])
		}
	case b.rank < n:
		err = mpi.Send(b.world, words, 0, tagControl)
	}
	return add, most, err
}

// affinity prints one line that says on which processors every rank may run.
func (b *bench) affinity() error {
	word := []uint64{processorMask()}
	if b.rank != 0 {
		return mpi.Send(b.world, word, 0, tagControl)
	}
	r := harness.Result{Case: harness.CaseAffinity, Ranks: b.size}
	for rank := range b.size {
		if rank > 0 {
			if _, err := mpi.Recv(b.world, word, rank, tagControl); err != nil {
				return err
			}
		}
		r.Masks = append(r.Masks, strconv.FormatUint(word[0], 16))
	}
	return json.NewEncoder(b.out).Encode(r)
}

// pageAligned returns n touched bytes that begin on a page of their own.
func pageAligned(n int) []byte {
	const page = 4096
	buf := make([]byte, n+2*page)
	for i := 0; i < len(buf); i += page {
		buf[i] = 0
	}
	skip := -int(addressOf(buf)) & (page - 1)
	return slices.Clip(buf[skip : skip+n])
}

func addressOf(buf []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(buf))) }

// patternPeriod is after how many bytes the pattern begins anew. It divides no chunk size, so that a misplaced chunk shows.
const patternPeriod = 4093

// fillPattern writes the pattern.
func fillPattern(buf []byte) {
	for i := range buf {
		buf[i] = byte(uint32(i%patternPeriod) * 2654435761 >> 24)
	}
}
