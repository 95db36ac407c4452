package collective

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Misuse of the neighbourhood collectives.
const (
	panicNearGather = "collective: dst must hold one src per source"
	panicNearPieces = "collective: dst and src must hold equal pieces, one per source and one per destination"
	panicNearCounts = "collective: want one count, and one displacement or none, per neighbour"
	panicNearLayout = "collective: want one layout per neighbour"
	panicNearRange  = "collective: a count or a displacement reaches outside of its slice"
	panicNearShort  = "collective: slice is shorter than its layout"
	panicNearTwice  = "collective: layout of dst selects an element twice"
)

// NeighborAllgather sends src to every destination, and puts what comes from source
// i at dst[i*len(src)]. All src have the same length, and dst holds one per source. dst and src
// lie apart.
//
// On a grid, sources and destinations are the same ranks: see mpi.Cart for their order. The place in dst of a
// neighbour that is ProcNull is not touched.
//
// Cost: one message per destination, all at once. So it is for all neighbourhood collectives.
func NeighborAllgather[T any](c mpi.Topology, dst, src []T) error {
	j := neighborAllgather(c, blockOf(dst), blockOf(src))
	return j.do(j.near.Comm)
}

// NeighborAllgatherv is NeighborAllgather for src of different lengths: counts[i] elements come from source i,
// to dst[displs[i]]; with displs nil they lie side by side. What stands there for a neighbour that is ProcNull
// counts only for where the next one lies. The pieces must not overlap each other, nor src.
func NeighborAllgatherv[T any](c mpi.Topology, dst []T, counts, displs []int, src []T) error {
	j := neighborAllgatherv(c, blockOf(dst), counts, displs, blockOf(src))
	return j.do(j.near.Comm)
}

// NeighborAlltoall sends piece i of src to destination i, and puts what comes from source i
// into piece i of dst. All pieces, of all ranks, have the same length: dst holds one per source, src one per
// destination. dst and src lie apart.
func NeighborAlltoall[T any](c mpi.Topology, dst, src []T) error {
	j := neighborAlltoall(c, blockOf(dst), blockOf(src))
	return j.do(j.near.Comm)
}

// NeighborAlltoallv is NeighborAlltoall for pieces of different lengths: sendCounts[i] elements from
// src[sendDispls[i]] on go to destination i, recvCounts[i] come from source i to dst[recvDispls[i]]; with displs nil
// pieces lie side by side. dst and src may be the same slice, if the pieces of dst don't overlap each other
// nor those of src.
func NeighborAlltoallv[T any](c mpi.Topology, dst []T, recvCounts, recvDispls []int, src []T, sendCounts, sendDispls []int) error {
	j := neighborAlltoallv(c, blockOf(dst), recvCounts, recvDispls, blockOf(src), sendCounts, sendDispls)
	return j.do(j.near.Comm)
}

// NeighborAlltoallw is NeighborAlltoall for pieces of any shape: what send[i] selects of src goes to destination
// i, and what comes from source i goes to where recv[i] selects it in dst. dst and src may be the
// same slice, a field with its halo, if what is received overlaps nothing else.
//
//	row, column := layout.Contiguous(cols), layout.Vector(rows, 1, width)
//	halo := []mpi.Layout{row.At(above), row.At(below), column.At(left), column.At(right)}
//	rim := ...
//	collective.NeighborAlltoallw(grid, field, halo, field, rim)
func NeighborAlltoallw[T any](c mpi.Topology, dst []T, recv []mpi.Layout, src []T, send []mpi.Layout) error {
	j := neighborAlltoallw(c, blockOf(dst), recv, blockOf(src), send)
	return j.do(j.near.Comm)
}

func neighborAllgather(c mpi.Topology, dst, src block) job {
	near := c.Neighborhood()
	if dst.n != len(near.Sources)*src.n {
		panic(panicNearGather)
	}
	if dst.overlaps(src) {
		panic(panicOverlap)
	}
	return job{code: opNeighborAllgather, dst: dst, src: src, near: near}
}

func neighborAllgatherv(c mpi.Topology, dst block, counts, displs []int, src block) job {
	j := job{code: opNeighborAllgatherv, dst: dst, src: src, near: c.Neighborhood()}
	j.in = spreadOf(j.near.Sources, dst, counts, displs)
	if dst.overlaps(src) {
		in := j.dstCursor()
		for i, r := range j.near.Sources {
			if r != mpi.ProcNull && in.piece(i).overlaps(src) {
				panic(panicOverlap)
			}
		}
	}
	return j
}

func neighborAlltoall(c mpi.Topology, dst, src block) job {
	near := c.Neighborhood()
	in, out := len(near.Sources), len(near.Destinations)
	k := 0
	switch {
	case in > 0:
		k = dst.n / in
	case out > 0:
		k = src.n / out
	}
	if dst.n != in*k || src.n != out*k {
		panic(panicNearPieces)
	}
	if dst.overlaps(src) {
		panic(panicOverlap)
	}
	return job{code: opNeighborAlltoall, dst: dst, src: src, near: near}
}

func neighborAlltoallv(c mpi.Topology, dst block, recvCounts, recvDispls []int, src block, sendCounts, sendDispls []int) job {
	j := job{code: opNeighborAlltoallv, dst: dst, src: src, near: c.Neighborhood()}
	j.in = spreadOf(j.near.Sources, dst, recvCounts, recvDispls)
	j.out = spreadOf(j.near.Destinations, src, sendCounts, sendDispls)
	if dst.overlaps(src) { // pieces may lie apart even so
		in, out := j.dstCursor(), j.srcCursor()
		for i, s := range j.near.Sources {
			for k, d := range j.near.Destinations {
				if s != mpi.ProcNull && d != mpi.ProcNull && in.piece(i).overlaps(out.piece(k)) {
					panic(panicOverlap)
				}
			}
		}
	}
	return j
}

func neighborAlltoallw(c mpi.Topology, dst block, recv []mpi.Layout, src block, send []mpi.Layout) job {
	j := job{code: opNeighborAlltoallw, dst: dst, src: src, near: c.Neighborhood()}
	j.in = spreadOfLayouts(j.near.Sources, dst, recv)
	j.out = spreadOfLayouts(j.near.Destinations, src, send)
	for i, l := range recv {
		if l.Overlaps() && j.near.Sources[i] != mpi.ProcNull {
			panic(panicNearTwice)
		}
	}
	return j
}

func spreadOf(ranks []int, b block, counts, displs []int) spread {
	if len(counts) != len(ranks) || displs != nil && len(displs) != len(ranks) {
		panic(panicNearCounts)
	}
	end := 0
	for i, n := range counts {
		at := end
		if displs != nil {
			if at = displs[i]; ranks[i] == mpi.ProcNull {
				continue
			}
		}
		if n < 0 || at < 0 || n > b.n-at {
			panic(panicNearRange)
		}
		end = at + n
	}
	return spread{counts: unsafe.SliceData(counts), displs: unsafe.SliceData(displs)}
}

func spreadOfLayouts(ranks []int, b block, layouts []mpi.Layout) spread {
	if len(layouts) != len(ranks) {
		panic(panicNearLayout)
	}
	for i, l := range layouts {
		if ranks[i] == mpi.ProcNull {
			continue
		}
		if _, ok := l.Measure(b.bytes, b.elem()); !ok {
			panic(panicNearShort)
		}
	}
	return spread{layouts: unsafe.SliceData(layouts)}
}

// neighbor sends all pieces, then receives from one source after the other: nobody waits for anybody with a send
// that it has not begun.
func (x *call) neighbor(j *job) {
	var few [16]*engine.Req
	sent := few[:]
	if n := len(j.near.Destinations); n > len(few) {
		r := borrowRequests(n)
		defer r.giveBack()
		sent = r.list
	}
	x.toNeighbors(j, sent)
	x.fromNeighbors(j, sent)
}

// toNeighbors begins to send all pieces.
func (x *call) toNeighbors(j *job, sent []*engine.Req) {
	out := j.srcCursor()
	for i, dst := range j.near.Destinations {
		if dst != mpi.ProcNull {
			sent[i] = x.startAt(dst, &out, i)
		}
	}
}

// fromNeighbors receives all pieces, then waits for what was sent.
func (x *call) fromNeighbors(j *job, sent []*engine.Req) {
	in := j.dstCursor()
	for _, i := range j.near.Order {
		if src := j.near.Sources[i]; src != mpi.ProcNull {
			x.recvAt(src, &in, i)
		}
	}
	for i, dst := range j.near.Destinations {
		if dst != mpi.ProcNull {
			x.finish(dst, sent[i])
		}
	}
}

// dstCursor finds the pieces that come from the sources.
func (j *job) dstCursor() cursor {
	each := j.src
	if j.code == opNeighborAlltoall {
		each = j.dst.cut(len(j.near.Sources))
	}
	return cursor{spread: j.in, b: j.dst, each: each, step: each.bytes}
}

// srcCursor finds the pieces for the destinations.
func (j *job) srcCursor() cursor {
	c := cursor{spread: j.out, b: j.src, each: j.src}
	if j.code == opNeighborAlltoall {
		c.each = j.src.cut(len(j.near.Destinations))
		c.step = c.each.bytes
	}
	return c
}
