package layout

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// The oracle: a layout as the plain list of what it selects, made beside the
// real one by loops that a reader can check at a glance.
type shape struct {
	l    Layout
	list []int // units in packed order: elements, or bytes of elements of unit bytes
	unit int
	n    int // elements selected
	how  string
}

// extent in elements.
func (s shape) extent() int {
	if len(s.list) == 0 {
		return 0
	}
	return slices.Max(s.list)/max(1, s.unit) + 1
}

// bytes lists the memory offset of every packed byte for elements of elem bytes.
func (s shape) bytes(elem int) []int {
	if s.unit > 0 {
		return s.list
	}
	var all []int
	for _, i := range s.list {
		for b := range elem {
			all = append(all, i*elem+b)
		}
	}
	return all
}

func (s shape) overlaps() bool {
	sorted := slices.Sorted(slices.Values(s.list))
	return len(slices.Compact(sorted)) < len(s.list)
}

func (s shape) contiguous() (off, n int, ok bool) {
	if len(s.list) == 0 {
		return 0, 0, true
	}
	for k, i := range s.list {
		if i != s.list[0]+k {
			return 0, 0, false
		}
	}
	u := max(1, s.unit)
	if s.list[0]%u != 0 || len(s.list)%u != 0 {
		return 0, 0, false
	}
	return s.list[0] / u, len(s.list) / u, true
}

// A source of small numbers: rapid's, or the fuzzer's bytes.
type source interface{ upTo(most int) int }

type rapidSource struct{ t *rapid.T }

func (r rapidSource) upTo(most int) int { return rapid.IntRange(0, most).Draw(r.t, "n") }

type byteSource struct{ data []byte }

func (b *byteSource) upTo(most int) int {
	if len(b.data) == 0 {
		return 0
	}
	v := int(b.data[0])
	b.data = b.data[1:]
	return v % (most + 1)
}

func some(src source, n, most int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = src.upTo(most)
	}
	return v
}

// anyShape makes an arbitrary layout and its oracle; structs says whether a Struct may
// be in it.
func anyShape(src source, depth int, structs bool) shape {
	var s shape
	pick := src.upTo(9)
	if depth == 0 {
		pick %= 6
	}
	switch pick {
	case 0:
		n := src.upTo(9)
		s.l, s.how = Contiguous(n), fmt.Sprintf("Contiguous(%d)", n)
		s.run(0, n)
	case 1:
		count, blocklen, stride := src.upTo(5), src.upTo(4), src.upTo(9)
		s.l, s.how = Vector(count, blocklen, stride), fmt.Sprintf("Vector(%d, %d, %d)", count, blocklen, stride)
		for i := range count {
			s.run(i*stride, blocklen)
		}
	case 2:
		n := src.upTo(5)
		lens, displs := some(src, n, 4), some(src, n, 20)
		s.l, s.how = Indexed(lens, displs), fmt.Sprintf("Indexed(%v, %v)", lens, displs)
		for i := range lens {
			s.run(displs[i], lens[i])
		}
	case 3:
		n := src.upTo(6)
		blocklen, displs := src.upTo(3), some(src, n, 20)
		s.l, s.how = IndexedBlock(blocklen, displs), fmt.Sprintf("IndexedBlock(%d, %v)", blocklen, displs)
		for i := range displs {
			s.run(displs[i], blocklen)
		}
	case 4:
		s.box(src)
	case 5:
		if !structs {
			s.l, s.how = Vector(3, 1, 2), "Vector(3, 1, 2)"
			s.list = []int{0, 2, 4}
			break
		}
		s.unit = 1 + src.upTo(23)
		fields := make([]Field, src.upTo(4))
		for i := range fields {
			off := src.upTo(s.unit)
			size := src.upTo(s.unit - off)
			fields[i] = Field{Offset: uintptr(off), Size: uintptr(size)}
			s.run(off, size)
		}
		s.l, s.how = Struct(uintptr(s.unit), fields...), fmt.Sprintf("Struct(%d, %v)", s.unit, fields)
		if len(s.list) > 0 {
			s.n = 1
		}
		return s
	case 6:
		in := anyShape(src, depth-1, structs)
		k := src.upTo(5)
		s = in
		s.l, s.how = in.l.At(k), fmt.Sprintf("%s.At(%d)", in.how, k)
		s.list = nil
		for _, i := range in.list {
			s.list = append(s.list, i+k*max(1, in.unit))
		}
		return s
	case 7:
		in := anyShape(src, depth-1, structs)
		n, pitch := src.upTo(4), src.upTo(12)
		s.l, s.how = in.l.Repeat(n, pitch), fmt.Sprintf("%s.Repeat(%d, %d)", in.how, n, pitch)
		s.nest(shape{list: some0(n), n: n}, in, pitch)
		return s
	default:
		out := anyShape(src, depth-1, false)
		in := anyShape(src, depth-1, structs)
		if len(out.list)*len(in.list) > 3000 { // keep the oracle quick
			return in
		}
		pitch := src.upTo(12)
		s.l, s.how = Nest(out.l, in.l, pitch), fmt.Sprintf("Nest(%s, %s, %d)", out.how, in.how, pitch)
		s.nest(out, in, pitch)
		return s
	}
	s.n = len(s.list)
	return s
}

func some0(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i
	}
	return v
}

// run appends n units from first on.
func (s *shape) run(first, n int) {
	for i := range n {
		s.list = append(s.list, first+i)
	}
}

func (s *shape) nest(out, in shape, pitch int) {
	s.unit = in.unit
	s.n = out.n * in.n
	for _, i := range out.list {
		for _, j := range in.list {
			s.list = append(s.list, i*pitch*max(1, in.unit)+j)
		}
	}
}

// box makes a Subarray by asking of every index of the array whether it is inside.
func (s *shape) box(src source) {
	d := 1 + src.upTo(3)
	sizes, subs, starts := make([]int, d), make([]int, d), make([]int, d)
	total := 1
	for k := range d {
		sizes[k] = src.upTo(5)
		subs[k] = src.upTo(sizes[k])
		starts[k] = src.upTo(sizes[k] - subs[k])
		total *= sizes[k]
	}
	s.l, s.how = Subarray(sizes, subs, starts), fmt.Sprintf("Subarray(%v, %v, %v)", sizes, subs, starts)
	for i := range total {
		inside, rest := true, i
		for k := d - 1; k >= 0; k-- {
			at := rest % sizes[k]
			rest /= sizes[k]
			inside = inside && at >= starts[k] && at < starts[k]+subs[k]
		}
		if inside {
			s.list = append(s.list, i)
		}
	}
}
