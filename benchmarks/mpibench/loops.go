package main

import (
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// window is the number of messages that are under way at once in the bandwidth cases.
const window = 64

// A timedCase is a loop and how its time becomes a figure. Every rank calls the loop with the same number of iterations.
type timedCase struct {
	loop     func(b *bench, iterations int, send, recv []byte) error
	value    func(seconds float64, bytes, size int) float64 // of one iteration
	clocks   func(size int) int                             // the clocks of the first so many ranks count
	receives func(rank, size int) bool                      // whether the rank ends up with the partner's pattern in recv
	arena    bool                                           // buffers from mpi.Alloc
	least    int                                            // ranks
}

var timedCases = map[string]timedCase{
	"latency":       {loop: latency, value: oneWay, clocks: rank0, receives: firstTwo, least: 2},
	"latency_arena": {loop: latency, value: oneWay, clocks: rank0, receives: firstTwo, arena: true, least: 2},
	"bw":            {loop: bandwidth, value: bandwidthOf, clocks: rank0, receives: rank1, least: 2},
	"bw_arena":      {loop: bandwidth, value: bandwidthOf, clocks: rank0, receives: rank1, arena: true, least: 2},
	"bibw":          {loop: bothWays, value: bothWaysOf, clocks: rank0, receives: firstTwo, least: 2},
	"mbw_mr":        {loop: manyPairs, value: rateOf, clocks: half, receives: upperHalf, least: 2},
	"multi_lat":     {loop: multiLatency, value: oneWay, clocks: half, receives: paired, least: 2},
	"barrier":       {loop: barrier, value: microseconds, clocks: all, receives: nobody, least: 1},
	"dup":           {loop: setUp(dup, false), value: microseconds, clocks: all, receives: nobody, least: 1},
	"dup_barrier":   {loop: setUp(dup, true), value: microseconds, clocks: all, receives: nobody, least: 1},
	"split":         {loop: setUp(split, false), value: microseconds, clocks: all, receives: nobody, least: 1},
	"split_barrier": {loop: setUp(split, true), value: microseconds, clocks: all, receives: nobody, least: 1},
}

func oneWay(s float64, _, _ int) float64       { return s / 2 * 1e6 }
func microseconds(s float64, _, _ int) float64 { return s * 1e6 }
func bandwidthOf(s float64, n, _ int) float64  { return float64(n) * window / s / 1e6 }
func bothWaysOf(s float64, n, _ int) float64   { return 2 * float64(n) * window / s / 1e6 }
func rateOf(s float64, _, size int) float64    { return float64(size/2) * window / s / 1e6 }

func rank0(int) int     { return 1 }
func half(size int) int { return size / 2 }
func all(size int) int  { return size }

func nobody(_, _ int) bool          { return false }
func rank1(rank, _ int) bool        { return rank == 1 }
func firstTwo(rank, _ int) bool     { return rank < 2 }
func upperHalf(rank, size int) bool { return rank >= size/2 && rank < size/2*2 }
func paired(rank, size int) bool    { return rank < size/2*2 }

// latency is a ping-pong of ranks 0 and 1.
func latency(b *bench, iterations int, send, recv []byte) error {
	switch b.rank {
	case 0:
		return ping(b.world, 1, iterations, send, recv)
	case 1:
		return pong(b.world, 0, iterations, send, recv)
	}
	return nil
}

// multiLatency is a ping-pong of every rank of the lower half with its partner in the upper half.
func multiLatency(b *bench, iterations int, send, recv []byte) error {
	switch pairs := b.size / 2; {
	case b.rank < pairs:
		return ping(b.world, b.rank+pairs, iterations, send, recv)
	case b.rank < 2*pairs:
		return pong(b.world, b.rank-pairs, iterations, send, recv)
	}
	return nil
}

func ping(world *mpi.Comm, peer, iterations int, send, recv []byte) error {
	for range iterations {
		if err := mpi.Send(world, send, peer, tagData); err != nil {
			return err
		}
		if _, err := mpi.Recv(world, recv, peer, tagData); err != nil {
			return err
		}
	}
	return nil
}

func pong(world *mpi.Comm, peer, iterations int, send, recv []byte) error {
	for range iterations {
		if _, err := mpi.Recv(world, recv, peer, tagData); err != nil {
			return err
		}
		if err := mpi.Send(world, send, peer, tagData); err != nil {
			return err
		}
	}
	return nil
}

// bandwidth sends windows from rank 0 to rank 1.
func bandwidth(b *bench, iterations int, send, recv []byte) error {
	switch b.rank {
	case 0:
		return b.windowsOut(1, iterations, send)
	case 1:
		return b.windowsIn(0, iterations, recv)
	}
	return nil
}

// manyPairs sends windows from every rank of the lower half to its partner in the upper half.
func manyPairs(b *bench, iterations int, send, recv []byte) error {
	switch pairs := b.size / 2; {
	case b.rank < pairs:
		return b.windowsOut(b.rank+pairs, iterations, send)
	case b.rank < 2*pairs:
		return b.windowsIn(b.rank-pairs, iterations, recv)
	}
	return nil
}

// windowsOut is the sending half of bandwidth and manyPairs. All messages of a window use the same buffer on each side, as
// is customary: a window of distinct 16 MiB buffers would measure the memory and not the library.
func (b *bench) windowsOut(peer, iterations int, buf []byte) error {
	ack := []int32{0}
	for range iterations {
		for w := range window {
			b.reqs[w] = mpi.Isend(b.world, buf, peer, tagData)
		}
		if err := mpi.WaitAll(b.reqs[:window], nil); err != nil {
			return err
		}
		if _, err := mpi.Recv(b.world, ack, peer, tagAck); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) windowsIn(peer, iterations int, buf []byte) error {
	ack := []int32{1}
	for range iterations {
		for w := range window {
			b.reqs[w] = mpi.Irecv(b.world, buf, peer, tagData)
		}
		if err := mpi.WaitAll(b.reqs[:window], nil); err != nil {
			return err
		}
		if err := mpi.Send(b.world, ack, peer, tagAck); err != nil {
			return err
		}
	}
	return nil
}

// bothWays sends windows in both directions between ranks 0 and 1.
func bothWays(b *bench, iterations int, send, recv []byte) error {
	if b.rank > 1 {
		return nil
	}
	peer := 1 - b.rank
	in, out := b.reqs[:window], b.reqs[window:]
	for range iterations {
		for w := range in {
			in[w] = mpi.Irecv(b.world, recv, peer, tagData)
		}
		for w := range out {
			out[w] = mpi.Isend(b.world, send, peer, tagData)
		}
		if err := mpi.WaitAll(out, nil); err != nil {
			return err
		}
		if err := mpi.WaitAll(in, nil); err != nil {
			return err
		}
	}
	return nil
}

func barrier(b *bench, iterations int, _, _ []byte) error {
	for range iterations {
		if err := collective.Barrier(b.world); err != nil {
			return err
		}
	}
	return nil
}
