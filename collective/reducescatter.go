package collective

import (
	"math/bits"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// ReduceScatter combines src of every rank, element by element and in rank order, and cuts the
// result into pieces: the first counts[0] elements go to dst of rank 0, the next counts[1] to that of rank 1 ... All ranks
// give the same counts, which add up to the length of src. In place, dst is the rank's own piece of src.
func ReduceScatter[T any](c *mpi.Comm, dst, src []T, counts []int, op Op) error {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldOf[T](op))
	return j.do(c)
}

// ReduceScatterFunc is ReduceScatter with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func ReduceScatterFunc[T any](c *mpi.Comm, dst, src []T, counts []int, fn func(acc, x T) T, opts ...FuncOption) error {
	var j job
	reduceScatterJob(&j, c, blockOf(dst), blockOf(src), counts, foldFunc(fn, opts...))
	return j.do(c)
}

func reduceScatterJob(j *job, c *mpi.Comm, dst, src block, counts []int, f fold) {
	j.code, j.dst, j.src, j.fold = opReduceScatter, dst, src, f
	j.out = spreadOver(c.Size(), src, counts, nil)
	sum := 0
	for _, k := range counts {
		sum += k
	}
	if sum != src.n {
		panic(panicSum)
	}
	checkOwn(c, cutUp(src, j.out, c.Size()), dst)
}

// ReduceScatterBlock combines src of every rank, element by element and in rank order, and cuts the
// result into pieces of len(dst): piece i goes to dst of rank i. All src have the same length, one
// dst per rank. In place, dst is the rank's own piece of src.
func ReduceScatterBlock[T any](c *mpi.Comm, dst, src []T, op Op) error {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldOf[T](op))
	return j.do(c)
}

// ReduceScatterBlockFunc is ReduceScatterBlock with a function of the caller's: associative, not
// necessarily commutative (if it is, say so: Commutative). acc holds what comes from lower ranks than x.
func ReduceScatterBlockFunc[T any](c *mpi.Comm, dst, src []T, fn func(acc, x T) T, opts ...FuncOption) error {
	var j job
	reduceScatterBlockJob(&j, c, blockOf(dst), blockOf(src), foldFunc(fn, opts...))
	return j.do(c)
}

func reduceScatterBlockJob(j *job, c *mpi.Comm, dst, src block, f fold) {
	checkPieces(c, src, dst, panicScatter)
	j.code, j.dst, j.src, j.fold = opReduceScatterBlock, dst, src, f
}

// reduceScatter: everybody sends everybody the piece that is to be his, and folds his own.
// Pieces are folded in rank order, and as Reduce does it, so that every element has the same bits: with a board one after the other, else
// by a tree, neighbours first, then pairs of them, like the carries of a counter. Where the order doesn't matter, a rank begins with
// itself and goes down from there: who comes next has sent to it first.
//
// Cost: n-1 messages per rank, all independent, of one piece each, which is the least that a rank can receive; scratch for
// 1 + floor(log2 n) pieces.
func (x *call) reduceScatter(j *job) {
	if x.size == 1 {
		j.dst.copyFrom(j.src)
		return
	}
	out := borrowRequests(x.size)
	defer out.giveBack()
	src := cutUp(j.src, j.out, x.size)
	for d := 1; d < x.size; d++ {
		to := (x.rank + d) % x.size
		out.list[to] = x.start(to, src.piece(to))
	}
	own := src.piece(x.rank)
	levels := bits.Len(uint(x.size))
	parts, s := borrow(block{n: levels * own.n, bytes: levels * own.bytes})
	defer s.giveBack()
	// parts is a stack of sums over ranks that follow each other, each over fewer of them than the one below.
	depth := 0
	join := func() {
		depth--
		if x.spoiled == 0 {
			j.fold.Fold(parts.piece(depth-1, own).p, parts.piece(depth, own).p, own.n)
		}
	}
	for i := range x.size {
		from := i
		if j.fold.anyOrder {
			from = (x.rank - i + x.size) % x.size // who sends to us first
		}
		top := parts.piece(depth, own)
		if depth++; from == x.rank {
			top.copyFrom(own)
		} else {
			x.recv(from, top)
		}
		for carry := i; carry&1 != 0 && x.shared == nil; carry >>= 1 {
			join()
		}
		if depth > 1 && x.shared != nil {
			join()
		}
	}
	for depth > 1 {
		join()
	}
	for i := range x.size {
		x.finish(i, out.list[i])
	}
	// In place, own has not been sent to anybody.
	j.dst.copyFrom(block{parts.p, own.n, own.bytes})
}
