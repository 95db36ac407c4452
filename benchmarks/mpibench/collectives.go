package main

import (
	"bytes"
	"fmt"
	"iter"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// A collectiveCase is one operation of all ranks, root 0; nonblocking.go has what begins the nonblocking ones. A buffer holds blocks of the point's size; where a rank gives or gets more
// than one block, it is one for every rank. Seeds say what is in the blocks: two that differ have different contents.
type collectiveCase struct {
	// op makes the operation, ready to be called again and again; start, in its stead, makes what begins a nonblocking one.
	op    func(b *bench, send, recv []byte) func() error
	start starter
	// gives and gets are how many blocks a rank sends and receives, 0 where it has no such buffer.
	gives, gets func(rank, size int) int
	// sends is the seed of the block that rank gives as number j; receives of the one that it must have got.
	sends, receives func(rank, size, j int) int
	// sums says that the elements are float32 and that the rank gets sums over the first so many ranks instead, which are
	// those of its part of the whole: the elements from first on.
	sums func(rank, size, elements int) (ranks, first, n int)

	arena bool // buffers from mpi.Alloc
}

var collectiveCases = map[string]collectiveCase{
	"bcast":                {op: bcast, gives: rootAlone(one), gets: othersThanRoot(one), sends: same, receives: same},
	"gather":               {op: gather, gives: one, gets: rootAlone(oneEach), sends: ofRank, receives: ofBlock},
	"gatherv":              {op: gatherv, gives: one, gets: rootAlone(oneEach), sends: ofRank, receives: ofBlock},
	"scatter":              {op: scatter, gives: rootAlone(oneEach), gets: one, sends: ofBlock, receives: ofRank},
	"scatterv":             {op: scatterv, gives: rootAlone(oneEach), gets: one, sends: ofBlock, receives: ofRank},
	"allgather":            {op: allgather, gives: one, gets: oneEach, sends: ofRank, receives: ofBlock},
	"allgatherv":           {op: allgatherv, gives: one, gets: oneEach, sends: ofRank, receives: ofBlock},
	"alltoall":             {op: alltoall, gives: oneEach, gets: oneEach, sends: fromTo, receives: toFrom},
	"alltoallv":            {op: alltoallv, gives: oneEach, gets: oneEach, sends: fromTo, receives: toFrom},
	"alltoallw":            {op: alltoallw, gives: oneEach, gets: oneEach, sends: fromTo, receives: toFrom},
	"reduce":               {op: reduce, gives: one, gets: rootAlone(one), sums: overAll},
	"allreduce":            {op: allreduce, gives: one, gets: one, sums: overAll},
	"reduce_scatter":       {op: reduceScatter, gives: one, gets: one, sums: partOverAll},
	"reduce_scatter_block": {op: reduceScatterBlock, gives: one, gets: one, sums: equalPartOverAll},
	"scan":                 {op: scan, gives: one, gets: one, sums: upTo},
	"exscan":               {op: exscan, gives: one, gets: othersThanRoot(one), sums: below},

	"barrier_persistent":   {op: barrierPersistent, gives: none, gets: none},
	"bcast_persistent":     {op: bcastPersistent, gives: rootAlone(one), gets: othersThanRoot(one), sends: same, receives: same},
	"allreduce_persistent": {op: allreducePersistent, gives: one, gets: one, sums: overAll},
	"neighbor_allgather":   {op: neighborAllgather, gives: one, gets: two, sends: ofRank, receives: ofNeighbor},
	"neighbor_alltoall":    {op: neighborAlltoall, gives: two, gets: two, sends: ofRank, receives: ofNeighbor},
}

func bcast(b *bench, send, recv []byte) func() error {
	buf := recv
	if b.rank == 0 {
		buf = send
	}
	return func() error { return collective.Bcast(b.world, buf, 0) }
}

func gather(b *bench, send, recv []byte) func() error {
	return func() error { return collective.Gather(b.world, recv, send, 0) }
}

func gatherv(b *bench, send, recv []byte) func() error {
	counts, displs := sideBySide(b.size, len(send))
	return func() error { return collective.Gatherv(b.world, recv, counts, displs, send, 0) }
}

func scatter(b *bench, send, recv []byte) func() error {
	return func() error { return collective.Scatter(b.world, recv, send, 0) }
}

func scatterv(b *bench, send, recv []byte) func() error {
	counts, displs := sideBySide(b.size, len(recv))
	return func() error { return collective.Scatterv(b.world, recv, send, counts, displs, 0) }
}

func allgather(b *bench, send, recv []byte) func() error {
	return func() error { return collective.Allgather(b.world, recv, send) }
}

func allgatherv(b *bench, send, recv []byte) func() error {
	counts, displs := sideBySide(b.size, len(send))
	return func() error { return collective.Allgatherv(b.world, recv, counts, displs, send) }
}

func alltoall(b *bench, send, recv []byte) func() error {
	return func() error { return collective.Alltoall(b.world, recv, send) }
}

func alltoallv(b *bench, send, recv []byte) func() error {
	counts, displs := sideBySide(b.size, len(send)/b.size)
	return func() error { return collective.Alltoallv(b.world, recv, counts, displs, send, counts, displs) }
}

func alltoallw(b *bench, send, recv []byte) func() error {
	blocks := layouts(b.size, len(send)/b.size)
	return func() error { return collective.Alltoallw(b.world, recv, blocks, send, blocks) }
}

func reduce(b *bench, send, recv []byte) func() error {
	src, dst := floats(send), floats(recv)
	return func() error { return collective.Reduce(b.world, dst, src, collective.Sum, 0) }
}

func allreduce(b *bench, send, recv []byte) func() error {
	src, dst := floats(send), floats(recv)
	return func() error { return collective.Allreduce(b.world, dst, src, collective.Sum) }
}

func reduceScatter(b *bench, send, recv []byte) func() error {
	dst, src, counts := parts(b, send, recv)
	return func() error { return collective.ReduceScatter(b.world, dst, src, counts, collective.Sum) }
}

func reduceScatterBlock(b *bench, send, recv []byte) func() error {
	dst, src := equalParts(b, send, recv)
	return func() error { return collective.ReduceScatterBlock(b.world, dst, src, collective.Sum) }
}

func scan(b *bench, send, recv []byte) func() error {
	src, dst := floats(send), floats(recv)
	return func() error { return collective.Scan(b.world, dst, src, collective.Sum) }
}

func exscan(b *bench, send, recv []byte) func() error {
	src, dst := floats(send), floats(recv)
	return func() error { return collective.Exscan(b.world, dst, src, collective.Sum) }
}

// parts are the numbers of reduce_scatter, and how many of them every rank gets.
func parts(b *bench, send, recv []byte) (dst, src []float32, counts []int) {
	src, counts = floats(send), make([]int, b.size)
	for rank := range counts {
		_, _, counts[rank] = partOverAll(rank, b.size, len(src))
	}
	return floats(recv)[:counts[b.rank]], src, counts
}

// equalParts are those of reduce_scatter_block: what can't be cut equally is left out.
func equalParts(b *bench, send, recv []byte) (dst, src []float32) {
	each := len(send) / 4 / b.size
	return floats(recv)[:each], floats(send)[:each*b.size]
}

// layouts are the blocks of sideBySide.
func layouts(size, n int) []mpi.Layout {
	all := make([]mpi.Layout, size)
	for rank := range all {
		all[rank] = layout.Contiguous(n).At(rank * n)
	}
	return all
}

// sideBySide is where the v forms have every rank's block of n bytes, as in OSU.
func sideBySide(size, n int) (counts, displs []int) {
	for rank := range size {
		counts, displs = append(counts, n), append(displs, rank*n)
	}
	return counts, displs
}

func none(_, _ int) int       { return 0 }
func one(_, _ int) int        { return 1 }
func two(_, _ int) int        { return 2 }
func oneEach(_, size int) int { return size }

func rootAlone(of func(rank, size int) int) func(rank, size int) int {
	return func(rank, size int) int {
		if rank != 0 {
			return 0
		}
		return of(rank, size)
	}
}

func othersThanRoot(of func(rank, size int) int) func(rank, size int) int {
	return func(rank, size int) int {
		if rank == 0 {
			return 0
		}
		return of(rank, size)
	}
}

func same(_, _, _ int) int      { return 0 }
func ofRank(rank, _, _ int) int { return rank }
func ofBlock(_, _, j int) int   { return j }

// ofNeighbor: the first block is the left neighbour's, the second the right one's.
func ofNeighbor(rank, size, j int) int { return (rank + size - 1 + 2*j) % size }

func fromTo(rank, size, j int) int { return rank*size + j }
func toFrom(rank, size, j int) int { return j*size + rank }

func overAll(_, size, elements int) (ranks, first, n int) { return size, 0, elements }
func upTo(rank, _, elements int) (ranks, first, n int)    { return rank + 1, 0, elements }
func below(rank, _, elements int) (ranks, first, n int)   { return rank, 0, elements }

// partOverAll cuts the elements into parts, one for each rank, that differ by one at most.
func partOverAll(rank, size, elements int) (ranks, first, n int) {
	n, more := elements/size, elements%size
	first = rank*n + min(rank, more)
	if rank < more {
		n++
	}
	return size, first, n
}

// equalPartOverAll cuts them into equal parts and leaves the rest out.
func equalPartOverAll(rank, size, elements int) (ranks, first, n int) {
	return size, rank * (elements / size), elements / size
}

// maxBuffers is how many bytes the buffers of all ranks together may have.
const maxBuffers = 256 << 20

// buffers is the number of bytes that a rank needs for sending and receiving at a size.
func (c *collectiveCase) buffers(rank, size, n int) (send, recv int) {
	return c.gives(rank, size) * n, c.gets(rank, size) * n
}

// fits reports whether all ranks together stay within maxBuffers.
func (c *collectiveCase) fits(size, n int) bool {
	total := 0
	for rank := range size {
		send, recv := c.buffers(rank, size, n)
		total += send + recv
	}
	return total <= maxBuffers
}

// collective measures one point as OSU does: every rank adds up the time that it spends in the operation, and there is a
// barrier between two of them, outside that time. Then it checks what the last one has left.
func (b *bench) collective(c collectiveCase, n int) (value float64, iterations int, err error) {
	sends, recvs := c.buffers(b.rank, b.size, n)
	send, recv := b.send[:sends], b.recv[:recvs]
	if c.arena {
		for _, buf := range []*[]byte{&send, &recv} {
			block, err := mpi.Alloc[byte](b.world, len(*buf))
			if err != nil {
				return 0, 0, err
			}
			defer block.Free()
			*buf = block.Slice()
		}
	}
	b.fill(&c, n, send)
	clear(recv)
	var op func() error
	if c.start != nil {
		op = waited(c.start(b, send, recv))
	} else {
		op = c.op(b, send, recv)
	}
	perIteration, iterations, err := b.pacedApart(op)
	if err != nil {
		return 0, 0, err
	}
	return perIteration * 1e6, iterations, b.check(&c, n, recv)
}

// pacedApart is paced with a loop over op in which the barrier between two of them takes time that doesn't count.
func (b *bench) pacedApart(op func() error) (perIteration float64, iterations int, err error) {
	return b.paced(func(iterations int) (time.Duration, error) {
		var spent time.Duration
		start := time.Now() // reading one clock since then is cheaper than time.Now, which reads two
		for range iterations {
			before := time.Since(start)
			if err := op(); err != nil {
				return 0, err
			}
			spent += time.Since(start) - before
			if err := collective.Barrier(b.world); err != nil {
				return 0, err
			}
		}
		return spent, nil
	}, b.size)
}

// fill writes what this rank gives in blocks of n bytes.
func (b *bench) fill(c *collectiveCase, n int, send []byte) {
	if c.sums != nil {
		for i := range floats(send) {
			floats(send)[i] = float32(addend(i) + b.rank + 1)
		}
		return
	}
	for j := range c.gives(b.rank, b.size) {
		block := send[j*n:][:n]
		for part := range b.patternOf(c.sends(b.rank, b.size, j), n) {
			block = block[copy(block, part):]
		}
	}
}

// check says what is wrong with what this rank has got.
func (b *bench) check(c *collectiveCase, n int, recv []byte) error {
	if c.gets(b.rank, b.size) == 0 {
		return nil
	}
	if c.sums != nil {
		ranks, first, elements := c.sums(b.rank, b.size, n/4)
		for i, got := range floats(recv)[:elements] {
			if want := float32(ranks*addend(first+i) + ranks*(ranks+1)/2); got != want {
				return fmt.Errorf("element %d is %g on rank %d, want %g", i, got, b.rank, want)
			}
		}
		return nil
	}
	for j := range c.gets(b.rank, b.size) {
		at := j * n
		for part := range b.patternOf(c.receives(b.rank, b.size, j), n) {
			if !bytes.Equal(recv[at:][:len(part)], part) {
				return fmt.Errorf("rank %d has got something else in bytes %d to %d of block %d", b.rank, at-j*n, at-j*n+len(part), j)
			}
			at += len(part)
		}
	}
	return nil
}

// addend is a small number: sums of these and of ranks are exact.
func addend(i int) int { return i % 61 }

// patternOf is the contents of a block with that seed, n bytes in parts: the pattern from where the seed says, again and again.
func (b *bench) patternOf(seed, n int) iter.Seq[[]byte] {
	return func(yield func(part []byte) bool) {
		for at := 97 * seed % patternPeriod; n > 0; at = 0 {
			part := b.pattern[at:][:min(n, patternPeriod-at)]
			n -= len(part)
			if !yield(part) {
				return
			}
		}
	}
}

// floats is a page-aligned buffer as numbers.
func floats(buf []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(buf))), len(buf)/4)
}
