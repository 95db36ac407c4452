package plan

import (
	"fmt"
	"math/rand/v2"
)

// A problem is one call of an operation by all ranks: what they have before and must have after.
type problem struct {
	op      Op
	alg     string
	n, root int
	count   int
	counts  []int   // counts per rank
	matrix  [][]int // Alltoall with counts: units from [i] to [j]
	segment int
	ordered bool // the algorithm folds in rank order
	inPlace bool
}

func (q *problem) String() string {
	s := fmt.Sprintf("%v by %s: n %d root %d count %d", q.op, q.alg, q.n, q.root, q.count)
	if q.counts != nil {
		s += fmt.Sprint(" counts ", q.counts)
	}
	if q.matrix != nil {
		s += fmt.Sprint(" matrix ", q.matrix)
	}
	if q.segment != 0 {
		s += fmt.Sprint(" segment ", q.segment)
	}
	if q.inPlace {
		s += " in place"
	}
	return s
}

func (q *problem) args(r int) Args {
	a := Args{Size: q.n, Rank: r, Root: q.root, Count: q.count, Counts: q.counts, Segment: q.segment, Ordered: q.ordered}
	if q.matrix != nil {
		a.Counts, a.RecvCounts = q.matrix[r], make([]int, q.n)
		for i := range q.n {
			a.RecvCounts[i] = q.matrix[i][r]
		}
	}
	return a
}

// block returns where rank i's block of r's long buffer is: the outgoing one in Alltoall.
func (q *problem) block(r, i int) (off, n int) {
	counts := q.counts
	if q.matrix != nil {
		counts = q.matrix[r]
	}
	if counts == nil {
		return i * q.count, q.count
	}
	for _, c := range counts[:i] {
		off += c
	}
	return off, counts[i]
}

func (q *problem) total(r int) int {
	off, n := q.block(r, q.n-1)
	return off + n
}

// src returns what rank r brings.
func (q *problem) src(r int) []val {
	var n int
	switch q.op {
	case Reduce, Allreduce, Scan, Exscan:
		n = q.count
	case Gather, Allgather:
		_, n = q.block(r, r)
	case Scatter:
		if r == q.root {
			n = q.total(r)
		}
	case Alltoall, ReduceScatter:
		n = q.total(r)
	}
	v := make([]val, n)
	for i := range v {
		v[i] = leaf(r, i)
	}
	return v
}

// want returns what rank r must get. The trees of folds are left out.
func (q *problem) want(r int) []val {
	var v []val
	data := func(from, off, n int) {
		for i := range n {
			v = append(v, leaf(from, off+i))
		}
	}
	folded := func(lo, hi, off, n int) {
		var sum uint64
		for i := lo; i < hi; i++ {
			sum += mark(i)
		}
		for i := range n {
			v = append(v, val{sum: sum, idx: int32(off + i), lo: int32(lo), hi: int32(hi)})
		}
	}
	switch q.op {
	case Bcast:
		data(q.root, 0, q.count)
	case Reduce:
		if r == q.root {
			folded(0, q.n, 0, q.count)
		}
	case Allreduce:
		folded(0, q.n, 0, q.count)
	case Scan:
		folded(0, r+1, 0, q.count)
	case Exscan:
		folded(0, r, 0, q.count)
		if r == 0 {
			clear(v)
			if q.inPlace {
				v = q.src(0)
			}
		}
	case Gather, Allgather:
		for i := range q.n {
			if _, n := q.block(i, i); q.op == Allgather || r == q.root {
				data(i, 0, n)
			}
		}
	case Scatter:
		off, n := q.block(q.root, r)
		data(q.root, off, n)
	case Alltoall:
		for i := range q.n {
			off, n := q.block(i, r)
			data(i, off, n)
		}
	case ReduceScatter:
		off, n := q.block(r, r)
		folded(0, q.n, off, n)
	}
	return v
}

// reduces reports whether the operation folds.
func (q *problem) reduces() bool {
	return q.op == Reduce || q.op == Allreduce || q.op == Scan || q.op == Exscan || q.op == ReduceScatter
}

// canInPlace reports whether the package comment promises that the plans work in place.
func (q *problem) canInPlace() bool {
	return q.op != Barrier && q.op != Bcast && q.op != Alltoall && (q.op != ReduceScatter || q.alg == "pairwise")
}

// alias makes the in-place form of a plan: Src and Dst become parts of one buffer, which is called Dst. It
// returns where the two begin in it.
func (q *problem) alias(r int, p Plan) (out Plan, src, dst int) {
	switch q.op {
	case Gather, Allgather:
		if q.op == Allgather || r == q.root {
			src, _ = q.block(r, r)
		}
	case Scatter:
		if r == q.root {
			dst, _ = q.block(r, r)
		}
	case ReduceScatter:
		dst, _ = q.block(r, r)
	}
	move := func(b *Buffer, off *int) {
		switch *b {
		case Src:
			*b, *off = Dst, *off+src
		case Dst:
			*off += dst
		}
	}
	for i := 0; i < len(p.Steps); {
		g := p.Group(i)
		i += len(g)
		first := len(out.Steps)
		for _, s := range g {
			if s.Kind != Send || s.Len > 0 {
				move(&s.Buf, &s.Off)
			}
			if s.ReadsFrom() {
				move(&s.From, &s.Fro)
			}
			if s.End = false; s.Kind == Copy && s.Buf == s.From && s.Off == s.Fro {
				continue
			}
			out.Steps = append(out.Steps, s)
		}
		if len(out.Steps) > first {
			out.Steps[len(out.Steps)-1].End = true
		}
	}
	out.Scratch = p.Scratch
	return out, src, dst
}

// solve makes all plans, runs them on m and checks what comes out.
func (q *problem) solve(m *machine) error {
	begin, err := q.setUp(m)
	if err != nil {
		return fmt.Errorf("%v: %w", q, err)
	}
	if err := m.run(); err != nil {
		return fmt.Errorf("%v: %w", q, err)
	}
	return q.check(m, begin)
}

// setUp gives m all plans and all input. It returns where each rank's result begins in its Dst.
func (q *problem) setUp(m *machine) (begin []int, err error) {
	m.plans, m.mem = make([]Plan, q.n), make([]memory, q.n)
	begin = make([]int, q.n)
	for r := range q.n {
		p, err := For(q.op, q.alg, q.args(r))
		if err != nil {
			return nil, err
		}
		src, want := q.src(r), q.want(r)
		mem := memory{Src: src, Dst: make([]val, len(want)), Tmp: make([]val, p.Scratch)}
		if q.op == Bcast && r == q.root {
			copy(mem[Dst], want)
		}
		if q.inPlace {
			var s, d int
			p, s, d = q.alias(r, p)
			mem[Dst] = make([]val, max(s+len(src), d+len(want)))
			copy(mem[Dst][s:], src)
			mem[Src], begin[r] = nil, d
		}
		m.plans[r], m.mem[r] = p, mem
	}
	return begin, nil
}

func (q *problem) check(m *machine, begin []int) error {
	var first []val
	for r := range q.n {
		want := q.want(r)
		got := m.mem[r][Dst][begin[r]:]
		for i, w := range want {
			g := got[i]
			if q.reduces() {
				g.tree, w.tree = 0, 0
				if !q.ordered {
					g.lo, g.hi, w.lo, w.hi = 0, 0, 0, 0
				}
			}
			if g != w {
				return fmt.Errorf("%v: rank %d gets %+v at %d, wants %+v", q, r, g, i, w)
			}
		}
		if q.op == Allreduce {
			if r == 0 {
				first = got
			}
			for i := range want {
				if got[i].tree != first[i].tree {
					return fmt.Errorf("%v: element %d has other bits at rank %d", q, i, r)
				}
			}
		}
	}
	return nil
}

// uneven returns counts per rank: zeros among them, and sometimes nearly all in one place.
func uneven(rnd *rand.Rand, n int) []int {
	c := make([]int, n)
	switch rnd.IntN(3) {
	case 0:
		c[rnd.IntN(n)] = 1 + rnd.IntN(9)
	case 1:
		for i := range c {
			c[i] = rnd.IntN(4)
		}
	case 2:
		for i := range c {
			c[i] = (i + 1) % 3
		}
	}
	return c
}
