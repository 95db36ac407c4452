package collective

import (
	"fmt"
	"unsafe"
)

// run does j on the board, if it can.
func (b *board) run(x *call, j *job) bool {
	if b.err != nil {
		x.spoil(x.rankOf(x.rank), true, fmt.Errorf("the ranks are out of step since an earlier call: %w", b.err))
		return true
	}
	if x.spoiled != 0 { // in an earlier part of the call
		b.giveUp(x)
		return true
	}
	switch j.code {
	case opGatherv, opScatterv, opAllgatherv, opAlltoallv, opAlltoallw:
		return b.runPieces(x, j)
	}
	if j.size() > b.most && j.elem() > b.most {
		return false
	}
	sign := j.sign()
	switch j.code {
	case opBarrier:
		b.barrier(x, sign)
	case opBcast:
		b.bcast(x, j, sign)
	case opReduce:
		b.reduce(x, j, sign)
	case opAllreduce:
		b.allreduce(x, j, sign)
	case opGather:
		b.gather(x, j, sign)
	case opScatter:
		// Root would wait for the others again and again, each time for its place on a processor.
		if b.crowd && j.dst.bytes > b.cell/(b.n-1) {
			return false
		}
		b.scatter(x, j, sign)
	case opAllgather:
		b.allgather(x, j, sign)
	case opAlltoall:
		b.alltoall(x, j, sign)
	case opReduceScatterBlock:
		b.reduceScatter(x, j, sign)
	case opReduceScatter:
		if j.evenly(b.n) {
			b.reduceScatter(x, j, sign)
		} else {
			b.reduceScatterv(x, j, sign)
		}
	case opScan, opExscan:
		b.scan(x, j, sign)
	default:
		return false
	}
	return true
}

// runPieces is run for pieces of different lengths, which are bytes of any elements.
func (b *board) runPieces(x *call, j *job) bool {
	sign := j.signPieces()
	switch {
	case j.code == opGatherv:
		b.gatherv(x, j, sign)
	case j.code == opAllgatherv:
		b.allgatherv(x, j, sign)
	case !b.parcels():
		return false
	case j.code == opScatterv:
		b.scatterv(x, j, sign)
	default:
		b.alltoallv(x, j, sign)
	}
	return true
}

// evenly reports whether the pieces of src are equal.
func (j *job) evenly(ranks int) bool {
	for i := range ranks {
		if nth(j.out.counts, i)*ranks != j.src.n {
			return false
		}
	}
	return true
}

func (j *job) size() int { return j.part().bytes }

// elem is the size of an element in bytes.
func (j *job) elem() int {
	if p := j.part(); p.n > 0 {
		return p.bytes / p.n
	}
	return 0
}

// post publishes n bytes at p as the next round. What is lent stays where it is.
func (b *board) post(x *call, p unsafe.Pointer, n int, sign signature) bool {
	if !b.begin(x) {
		return false
	}
	if !b.loans.lends {
		move(b.data(b.me, b.round, n), p, n)
	}
	b.publish(sign)
	return true
}

// postToAll is post in a round that all publish and wait for.
func (b *board) postToAll(x *call, p unsafe.Pointer, n int, sign signature) bool {
	if !b.begin(x) {
		return false
	}
	if !b.loans.lends {
		move(b.data(b.me, b.round, n), p, n)
	}
	b.publishToAll(sign)
	return true
}

func move(dst, src unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}
