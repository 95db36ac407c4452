package collective

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Alltoall sends piece i of src to rank i, and puts what comes from rank i into piece i of dst. dst
// and src have the same length on all ranks, and hold one piece per rank. They may be the same slice.
func Alltoall[T any](c *mpi.Comm, dst, src []T) error {
	var j job
	alltoallJob(&j, c, dst, src)
	return j.do(c)
}

func alltoallJob[T any](j *job, c *mpi.Comm, dst, src []T) {
	j.code, j.dst, j.src = opAlltoall, blockOf(dst), blockOf(src)
	if c.Inter() {
		checkFar(c, j.src, block{}, panicEqual)
		checkFar(c, j.dst, j.src, panicEqual)
		return
	}
	if j.dst.n != j.src.n || j.dst.n%c.Size() != 0 {
		panic(panicEqual)
	}
	checkPair(j.dst, j.src)
}

// alltoall sends to those who follow, the next ones first, and receives from those before: 32 of each at a time.
//
// Cost: n-1 messages per rank, all independent. Each piece crosses one link.
func (x *call) alltoall(j *job) {
	in, out := cutUp(j.dst, j.in, x.size), cutUp(j.src, j.out, x.size)
	if j.inPlace(x.size) {
		x.swap(&in)
		return
	}
	x.keep(&in, &out)
	var reqs [window]*engine.Req
	for first := 1; first < x.size; first += window {
		last := min(first+window, x.size)
		for d := first; d < last; d++ {
			to := (x.rank + d) % x.size
			reqs[d-first] = x.startAt(to, &out, to)
		}
		for d := first; d < last; d++ {
			from := (x.rank - d + x.size) % x.size
			x.recvAt(from, &in, from)
		}
		for d := first; d < last; d++ {
			x.finish((x.rank+d)%x.size, reqs[d-first])
		}
	}
}

// keep is the piece that a rank sends to itself.
func (x *call) keep(in, out *cursor) {
	if in.layouts == nil {
		to := in.piece(x.rank)
		to.copyFrom(out.piece(x.rank))
		return
	}
	r := x.startAt(x.rank, out, x.rank)
	x.recvAt(x.rank, in, x.rank)
	x.finish(x.rank, r)
}

// inPlace reports whether the pieces of dst are those of src.
func (j *job) inPlace(ranks int) bool {
	if j.dst.p != j.src.p || j.dst.n != j.src.n || j.dst.bytes == 0 {
		return false
	}
	return same(j.in.counts, j.out.counts, ranks) && same(j.in.displs, j.out.displs, ranks) && same(j.in.layouts, j.out.layouts, ranks)
}

// same reports whether n values at p are those at q.
func same[T comparable](p, q *T, n int) bool {
	if p == q {
		return true
	}
	if p == nil || q == nil {
		return false
	}
	for i := range n {
		if nth(p, i) != nth(q, i) {
			return false
		}
	}
	return true
}

// swap is alltoall in place. In round i, ranks whose numbers add up to i (modulo n) swap pieces: the own one goes
// out from scratch, while the other one takes its place.
//
// Cost: n-1 or n rounds of one message per rank, and a copy of each piece; scratch for the longest.
func (x *call) swap(buf *cursor) {
	longest := 0
	for i := range x.size {
		longest = max(longest, buf.size(i))
	}
	tmp, s := borrow(block{bytes: longest})
	defer s.giveBack()
	for i := range x.size {
		with := (i - x.rank + x.size) % x.size
		if with == x.rank {
			continue
		}
		out := block{p: tmp.p, bytes: buf.size(with)}
		if buf.layouts == nil {
			out.copyFrom(buf.piece(with))
		} else {
			mem := unsafe.Slice((*byte)(buf.b.p), buf.b.bytes)
			nth(buf.layouts, with).Pack(unsafe.Slice((*byte)(out.p), out.bytes), mem, buf.b.elem(), 0)
		}
		r := x.start(with, out)
		x.recvAt(with, buf, with)
		x.finish(with, r)
	}
}

// size is the length of piece i in bytes.
func (c *cursor) size(i int) int {
	if c.layouts == nil {
		return c.piece(i).bytes
	}
	n, _ := nth(c.layouts, i).Measure(c.b.bytes, c.b.elem())
	return n
}
