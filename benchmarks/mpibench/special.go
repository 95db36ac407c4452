package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// specialCases are those that are no plain loop over two buffers. Rank 0's value counts.
var specialCases = map[string]func(b *bench, n int) (float64, error){
	"move":      (*bench).move,
	"allocs":    (*bench).allocs,
	"allocs_nb": (*bench).allocsNonBlocking,
	"idle":      (*bench).idle,
	"memory":    (*bench).memory,
}

// move is a ping-pong in which one buffer of n bytes changes hands: microseconds one way.
func (b *bench) move(n int) (float64, error) {
	if b.size < 2 {
		return 0, errors.New("needs at least 2 ranks")
	}
	var buf *mpi.Buf[byte]
	var err error
	if b.rank == 0 {
		if buf, err = mpi.Alloc[byte](b.world, n); err != nil {
			return 0, err
		}
		copy(buf.Slice(), b.send)
	}
	perIteration, _, err := b.paced(whole(func(iterations int) (err error) {
		for range iterations {
			if b.rank == 0 {
				if err = buf.Move(b.world, 1, tagData); err != nil {
					return err
				}
			}
			if b.rank < 2 {
				if buf, _, err = mpi.RecvMove[byte](b.world, 1-b.rank, tagData); err != nil {
					return err
				}
			}
			if b.rank == 1 {
				if err = buf.Move(b.world, 0, tagData); err != nil {
					return err
				}
			}
		}
		return nil
	}), 1)
	if err != nil || b.rank != 0 {
		return 0, err
	}
	if !bytes.Equal(buf.Slice(), b.send[:n]) {
		return 0, errors.New("the buffer came back with other bytes")
	}
	return perIteration / 2 * 1e6, buf.Free()
}

// allocPoints is what -allocs adds: an inline message, one that needs more than a slot, one that streams.
func allocPoints() []harness.Point {
	return append(harness.PointsOf("allocs", "8", "4K", "64K"), harness.PointsOf("allocs_nb", "8", "64K")...)
}

// allocs counts heap objects that are made during 100 000 blocking operations (sends plus receives of one rank) of n bytes.
func (b *bench) allocs(n int) (float64, error) {
	return b.countMallocs(func(iterations int) error { return latency(b, iterations, b.send[:n], b.recv[:n]) })
}

// allocsNonBlocking counts those of as many non-blocking operations.
func (b *bench) allocsNonBlocking(n int) (float64, error) {
	return b.countMallocs(func(iterations int) error {
		if b.rank > 1 {
			return nil
		}
		for range iterations {
			b.reqs[0] = mpi.Irecv(b.world, b.recv[:n], 1-b.rank, tagData)
			b.reqs[1] = mpi.Isend(b.world, b.send[:n], 1-b.rank, tagData)
			if err := mpi.WaitAll(b.reqs[:2], nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// countMallocs runs a loop of two operations an iteration, first to warm up, and returns the larger count of ranks 0 and 1.
func (b *bench) countMallocs(loop func(iterations int) error) (float64, error) {
	if b.size < 2 {
		return 0, errors.New("needs at least 2 ranks")
	}
	if err := loop(1000); err != nil {
		return 0, err
	}
	if err := collective.Barrier(b.world); err != nil {
		return 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := loop(b.opts.ops / 2)
	runtime.ReadMemStats(&after)
	if err != nil {
		return 0, err
	}
	_, largest, err := b.gather(0, float64(after.Mallocs-before.Mallocs), 2)
	return largest, err
}

// idle is the per cent of one processor that rank 1 uses while it waits in a receive.
func (b *bench) idle(int) (float64, error) {
	if b.size < 2 {
		return 0, errors.New("needs at least 2 ranks")
	}
	if err := collective.Barrier(b.world); err != nil {
		return 0, err
	}
	word, percent := []int32{0}, []float64{0}
	switch b.rank {
	case 0:
		time.Sleep(b.opts.idle)
		if err := mpi.Send(b.world, word, 1, tagData); err != nil {
			return 0, err
		}
		_, err := mpi.Recv(b.world, percent, 1, tagControl)
		return percent[0], err
	case 1:
		start := time.Now()
		before, err := processorTime()
		if err != nil {
			return 0, err
		}
		if _, err := mpi.Recv(b.world, word, 0, tagData); err != nil {
			return 0, err
		}
		after, err := processorTime()
		if err != nil {
			return 0, err
		}
		percent[0] = 100 * float64(after-before) / float64(time.Since(start))
		return 0, mpi.Send(b.world, percent, 0, tagControl)
	}
	return 0, nil
}

// memorySizes are exchanged with both neighbours before the case memory looks.
var memorySizes = []harness.Size{8, 1 << 10, 16 << 10, 64 << 10, 1 << 20}

// memory is the shared memory per rank, in MiB, after messages with both neighbours of a ring. Every page counts once:
// the ranks' proportional shares are added. Nobody but neighbours talk, this measurement included.
func (b *bench) memory(int) (float64, error) {
	right, left := (b.rank+1)%b.size, (b.rank+b.size-1)%b.size
	for _, n := range memorySizes {
		if _, err := mpi.Sendrecv(b.world, b.send[:n], right, tagData, b.recv[:n], left, tagData); err != nil {
			return 0, err
		}
		if _, err := mpi.Sendrecv(b.world, b.send[:n], left, tagData, b.recv[:n], right, tagData); err != nil {
			return 0, err
		}
		if !bytes.Equal(b.recv[:n], b.send[:n]) {
			return 0, fmt.Errorf("%d bytes from rank %d are not the sent ones", n, right)
		}
	}
	if _, err := b.ringSum(0); err != nil { // everybody has finished before anybody looks
		return 0, err
	}
	mine, err := sharedResident()
	if err != nil {
		return 0, err
	}
	sum, err := b.ringSum(mine)
	if err != nil {
		return 0, err
	}
	// Nobody leaves before everybody has looked: a page of two ranks counts a half in each.
	if _, err := b.ringSum(0); err != nil {
		return 0, err
	}
	return sum / float64(b.size) / (1 << 20), nil
}

// ringSum sends a token once around the ring, summing. Rank 0 gets the sum of all.
func (b *bench) ringSum(mine float64) (float64, error) {
	right, left := (b.rank+1)%b.size, (b.rank+b.size-1)%b.size
	token := []float64{0}
	if b.size == 1 {
		return mine, nil
	}
	if b.rank > 0 {
		if _, err := mpi.Recv(b.world, token, left, tagControl); err != nil {
			return 0, err
		}
	}
	token[0] += mine
	if err := mpi.Send(b.world, token, right, tagControl); err != nil {
		return 0, err
	}
	if b.rank == 0 {
		if _, err := mpi.Recv(b.world, token, left, tagControl); err != nil {
			return 0, err
		}
	}
	return token[0], nil
}
