package plan

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Op is a collective operation.
type Op uint8

const (
	Barrier Op = iota
	Bcast
	Reduce
	Allreduce
	Gather
	Scatter
	Allgather
	Alltoall
	ReduceScatter
	Scan
	Exscan
	ops
)

var opNames = [ops]string{"barrier", "bcast", "reduce", "allreduce", "gather", "scatter", "allgather", "alltoall",
	"reduce_scatter", "scan", "exscan"}

func (o Op) String() string { return name(opNames[:], uint8(o), "op ") }

// Args say for whom and for how much a plan is. All ranks of an operation give the same, but for Rank
// and, in Alltoall, Counts and RecvCounts.
type Args struct {
	Size, Rank int
	Root       int // Bcast, Reduce, Gather, Scatter; else ignored
	Count      int // units; see the package comment

	// Counts, if not nil, stands for Count in Gather, Scatter, Allgather, ReduceScatter (units of each rank's
	// block) and Alltoall (units to each rank). Blocks lie side by side in rank order. It is not kept.
	// Ranks other than root may give their own Count instead to Gather and Scatter by "linear".
	Counts     []int
	RecvCounts []int // Alltoall with Counts: units from each rank. Not kept.

	Segment int  // Bcast by "chain": units of a segment; 0 is the whole vector
	Ordered bool // the operation doesn't commute
}

var (
	// ErrUnknown is for an operation without an algorithm of that name.
	ErrUnknown = errors.New("no such algorithm")
	// ErrUnfit is for an algorithm that can't do what is asked: counts per rank, or folds in rank order.
	ErrUnfit = errors.New("the algorithm can't do this")
	// ErrArgs is for arguments out of range.
	ErrArgs = errors.New("bad arguments")
)

// An algorithm is a row of the table.
type algorithm struct {
	name    string
	ordered bool // folds in rank order, or has no folds
	counts  bool // takes Counts
	make    func(*builder)
}

func find(op Op, alg string) (algorithm, bool) {
	if op < ops {
		for _, a := range algorithms(op) {
			if a.name == alg {
				return a, true
			}
		}
	}
	return algorithm{}, false
}

// Algorithms returns the names of op's algorithms, the simplest first.
func Algorithms(op Op) []string {
	if op >= ops {
		return nil
	}
	var names []string
	for _, a := range algorithms(op) {
		names = append(names, a.name)
	}
	return names
}

// Ordered reports whether alg folds in rank order, so that op's operation need not commute. It is true of
// algorithms without folds and false of those that don't exist.
func Ordered(op Op, alg string) bool {
	a, ok := find(op, alg)
	return ok && a.ordered
}

// TakesCounts reports whether alg takes a count per rank.
func TakesCounts(op Op, alg string) bool {
	a, ok := find(op, alg)
	return ok && a.counts
}

// For makes the plan of rank a.Rank. The error is ErrUnknown, ErrUnfit or ErrArgs, with the particulars.
func For(op Op, alg string, a Args) (Plan, error) {
	row, ok := find(op, alg)
	if !ok {
		return Plan{}, fmt.Errorf("plan: %v by %q: %w", op, alg, ErrUnknown)
	}
	fail := func(err error, format string, args ...any) (Plan, error) {
		return Plan{}, fmt.Errorf("plan: %v by %q: %w: %s", op, alg, err, fmt.Sprintf(format, args...))
	}
	switch {
	case a.Size < 1 || a.Size > math.MaxInt32:
		return fail(ErrArgs, "size %d", a.Size)
	case a.Rank < 0 || a.Rank >= a.Size:
		return fail(ErrArgs, "rank %d of %d", a.Rank, a.Size)
	case a.Count < 0:
		return fail(ErrArgs, "count %d", a.Count)
	case a.Segment < 0:
		return fail(ErrArgs, "segment %d", a.Segment)
	case a.Ordered && !row.ordered:
		return fail(ErrUnfit, "it doesn't fold in rank order")
	case a.Counts != nil && !row.counts:
		return fail(ErrUnfit, "it takes no counts per rank")
	case (op == Alltoall) && (a.Counts == nil) != (a.RecvCounts == nil):
		return fail(ErrArgs, "counts and receive counts come together")
	}
	switch op {
	case Bcast, Reduce, Gather, Scatter:
		if a.Root < 0 || a.Root >= a.Size {
			return fail(ErrArgs, "root %d of %d", a.Root, a.Size)
		}
	default:
		a.Root = -1
	}
	b := builder{Args: a}
	for i, counts := range [][]int{a.Counts, a.RecvCounts} {
		if counts == nil {
			continue
		}
		off, err := offsets(counts, a.Size)
		if err != nil {
			return fail(ErrArgs, "%v", err)
		}
		if i == 0 {
			b.offs = off
		} else {
			b.recvOffs = off
		}
	}
	// No buffer is longer than the scratch of Alltoall, which holds all blocks up to three times.
	if blocks := op >= Gather && op <= ReduceScatter; blocks && a.Counts == nil && a.Count > math.MaxInt/3/a.Size ||
		a.Count > math.MaxInt/3 {
		return fail(ErrArgs, "count %d for each of %d ranks", a.Count, a.Size)
	}
	row.make(&b)
	b.end()
	return Plan{Steps: slices.Clip(slices.Clone(b.steps)), Scratch: b.scratch}, nil
}

// offsets returns where each rank's block begins, and the end of the last.
func offsets(counts []int, size int) ([]int, error) {
	if len(counts) != size {
		return nil, fmt.Errorf("%d counts for %d ranks", len(counts), size)
	}
	off, sum := make([]int, size+1), 0
	for i, c := range counts {
		if c < 0 || c > math.MaxInt/3-sum {
			return nil, fmt.Errorf("count %d of rank %d", c, i)
		}
		sum += c
		off[i+1] = sum
	}
	return off, nil
}
