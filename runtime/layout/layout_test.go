package layout

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// elemSizes are the element sizes tried: those with a loop of their own, and others.
var elemSizes = []int{1, 2, 3, 4, 8, 12, 16, 24}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// check compares everything that a layout says and does with its oracle.
func check(t fataler, s shape, elem int, rng *rand.Rand) {
	t.Helper()
	if s.unit > 0 {
		elem = s.unit
	}
	want := s.bytes(elem)
	l := s.l
	if l.IsWhole() {
		t.Fatalf("%s: is the whole slice", s.how)
	}
	if got := l.Size(); got != s.n {
		t.Fatalf("%s: Size %d, want %d", s.how, got, s.n)
	}
	if got := l.Extent(); got != s.extent() {
		t.Fatalf("%s: Extent %d, want %d", s.how, got, s.extent())
	}
	if got := l.Bytes(elem); got != len(want) {
		t.Fatalf("%s: Bytes(%d) %d, want %d", s.how, elem, got, len(want))
	}
	if s.n > 0 && l.PerElement(elem)*s.n != len(want) {
		t.Fatalf("%s: PerElement(%d) %d for %d elements of %d bytes in all", s.how, elem, l.PerElement(elem), s.n, len(want))
	}
	if got, want := l.Overlaps(), s.overlaps(); got != want {
		t.Fatalf("%s = %v: Overlaps %v, want %v", s.how, l, got, want)
	}
	off, n, ok := l.IsContiguous()
	wantOff, wantN, wantOK := s.contiguous()
	if off != wantOff || n != wantN || ok != wantOK {
		t.Fatalf("%s = %v: IsContiguous %d %d %v, want %d %d %v", s.how, l, off, n, ok, wantOff, wantN, wantOK)
	}

	mem := make([]byte, s.extent()*elem)
	for i := range mem {
		mem[i] = byte(rng.Uint32())
	}
	if got, ok := l.Measure(len(mem), elem); !ok || got != len(want) {
		t.Fatalf("%s: Measure %d %v, want %d true", s.how, got, ok, len(want))
	}
	if len(mem) > 0 {
		if _, ok := l.Measure(len(mem)-1, elem); ok {
			t.Fatalf("%s: one byte less still fits", s.how)
		}
	}
	packed := make([]byte, len(want))
	for i, at := range want {
		packed[i] = mem[at]
	}

	// Pack, from every position, with fragments of random length; one byte more
	// than asked for must stay as it is.
	for from := 0; from <= len(packed); from++ {
		room := rng.IntN(len(packed) - from + 2)
		if from%3 == 0 {
			room = len(packed) - from + 1
		}
		dst := bytes.Repeat([]byte{0xA5}, room+1)
		k := min(room, len(packed)-from)
		if got := l.Pack(dst[:room], mem, elem, from); got != k {
			t.Fatalf("%s: Pack of %d bytes from %d of %d returned %d", s.how, room, from, len(packed), got)
		}
		if !bytes.Equal(dst[:k], packed[from:from+k]) {
			t.Fatalf("%s = %v: elem %d: Pack(%d bytes from %d) = %x, want %x", s.how, l, elem, room, from, dst[:k], packed[from:from+k])
		}
		if i := slices.IndexFunc(dst[k:], func(b byte) bool { return b != 0xA5 }); i >= 0 {
			t.Fatalf("%s: Pack wrote behind its data", s.how)
		}
	}

	// Unpack in fragments; what is not selected must stay as it is.
	wantMem := bytes.Repeat([]byte{0x5A}, len(mem))
	for i, at := range want {
		wantMem[at] = packed[i]
	}
	for round := range 4 {
		most := []int{1, 7, 33, len(packed) + 1}[round]
		got := bytes.Repeat([]byte{0x5A}, len(mem))
		for from := 0; from < len(packed); {
			n := min(1+rng.IntN(most), len(packed)-from)
			if k := l.Unpack(got, elem, from, packed[from:from+n]); k != n {
				t.Fatalf("%s: Unpack of %d bytes at %d returned %d", s.how, n, from, k)
			}
			from += n
		}
		if !bytes.Equal(got, wantMem) {
			t.Fatalf("%s = %v: elem %d: Unpack in pieces of at most %d gave %x, want %x", s.how, l, elem, most, got, wantMem)
		}
	}
	// From every position, to the end and beyond: exactly the rest is taken.
	for from := 0; from <= len(packed); from += 1 + len(packed)/40 {
		got := bytes.Repeat([]byte{0x5A}, len(mem))
		wantMem := bytes.Repeat([]byte{0x5A}, len(mem))
		for i, at := range want[from:] {
			wantMem[at] = packed[from+i]
		}
		if k := l.Unpack(got, elem, from, append(packed[from:len(packed):len(packed)], 1, 2, 3)); k != len(packed)-from {
			t.Fatalf("%s: Unpack beyond the end took %d of %d", s.how, k, len(packed)-from)
		}
		if !bytes.Equal(got, wantMem) {
			t.Fatalf("%s: elem %d: Unpack from %d gave %x, want %x", s.how, elem, from, got, wantMem)
		}
	}
}

func TestAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(rapidSource{t}, 3, true)
		elem := rapid.SampledFrom(elemSizes).Draw(t, "elem")
		check(t, s, elem, rand.New(rand.NewPCG(1, uint64(len(s.list)))))
	})
}

// The shapes that programs use, each with every element size.
func TestUsualShapes(t *testing.T) {
	mk := func(l Layout, list ...int) shape {
		return shape{l: l, list: list, n: len(list), how: l.String()}
	}
	shapes := []shape{
		mk(Contiguous(0)),
		mk(Contiguous(5), 0, 1, 2, 3, 4),
		mk(Contiguous(3).At(2), 2, 3, 4),
		mk(Vector(4, 1, 6), 0, 6, 12, 18),
		mk(Vector(4, 1, 6).At(5), 5, 11, 17, 23),
		mk(Vector(3, 2, 4), 0, 1, 4, 5, 8, 9),
		mk(Vector(3, 2, 2), 0, 1, 2, 3, 4, 5),
		mk(Vector(2, 3, 2), 0, 1, 2, 2, 3, 4),
		mk(Vector(3, 1, 0), 0, 0, 0),
		mk(IndexedBlock(1, []int{7, 0, 4}), 7, 0, 4),
		mk(IndexedBlock(2, []int{0, 2, 4}), 0, 1, 2, 3, 4, 5),
		mk(IndexedBlock(1, []int{9, 6, 3}), 9, 6, 3),
		mk(Indexed([]int{1, 0, 3}, []int{9, 2, 4}), 9, 4, 5, 6),
		mk(Indexed([]int{2, 3, 1}, []int{0, 2, 9}), 0, 1, 2, 3, 4, 9),
		mk(Subarray([]int{3, 4}, []int{2, 2}, []int{1, 1}), 5, 6, 9, 10),
		mk(Subarray([]int{3, 4}, []int{2, 4}, []int{1, 0}), 4, 5, 6, 7, 8, 9, 10, 11),
		mk(Subarray([]int{2, 2, 2}, []int{2, 2, 1}, []int{0, 0, 1}), 1, 3, 5, 7),
		// a transposed matrix: the columns of a 3 x 2 one
		mk(Vector(3, 1, 2).Repeat(2, 1), 0, 2, 4, 1, 3, 5),
		// interleaved and still disjoint
		mk(Vector(2, 1, 3).Repeat(2, 2), 0, 3, 2, 5),
		mk(Vector(2, 1, 2).Repeat(2, 2), 0, 2, 2, 4),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		for _, elem := range elemSizes {
			t.Run(fmt.Sprintf("%s/%d", s.how, elem), func(t *testing.T) { check(t, s, elem, rng) })
		}
	}
}

func TestStruct(t *testing.T) {
	vel := Struct(24, Field{Offset: 8, Size: 8}, Field{Offset: 0, Size: 4})
	if got := vel.Size(); got != 1 {
		t.Errorf("Size %d, want 1", got)
	}
	if got := vel.PerElement(24); got != 12 {
		t.Errorf("PerElement %d, want 12", got)
	}
	some := Nest(IndexedBlock(1, []int{3, 1}), vel, 1)
	if some.Size() != 2 || some.Extent() != 4 || some.Bytes(24) != 24 || some.Overlaps() {
		t.Errorf("Size %d Extent %d Bytes %d Overlaps %v, want 2 4 24 false", some.Size(), some.Extent(), some.Bytes(24), some.Overlaps())
	}
	if _, _, ok := vel.IsContiguous(); ok {
		t.Errorf("two fields of three are called contiguous")
	}
	if off, n, ok := Struct(8, Field{0, 4}, Field{4, 4}).Repeat(5, 1).At(2).IsContiguous(); off != 2 || n != 5 || !ok {
		t.Errorf("all fields: IsContiguous %d %d %v, want 2 5 true", off, n, ok)
	}
	if !Struct(8, Field{0, 4}, Field{3, 2}).Overlaps() {
		t.Errorf("fields that share a byte do not overlap")
	}
}

func TestWhole(t *testing.T) {
	var l Layout
	mem := []byte("abcdefgh")
	if !l.IsWhole() || l.Size() != -1 || l.Extent() != 0 || l.Bytes(8) != -1 || l.Overlaps() || l.PerElement(4) != 4 {
		t.Errorf("the zero Layout: whole %v Size %d Extent %d Bytes %d Overlaps %v", l.IsWhole(), l.Size(), l.Extent(), l.Bytes(8), l.Overlaps())
	}
	if off, n, ok := l.IsContiguous(); off != 0 || n != -1 || !ok {
		t.Errorf("IsContiguous %d %d %v, want 0 -1 true", off, n, ok)
	}
	if n, ok := l.Measure(8, 4); n != 8 || !ok {
		t.Errorf("Measure %d %v, want 8 true", n, ok)
	}
	dst := make([]byte, 4)
	if n := l.Pack(dst, mem, 4, 6); n != 2 || string(dst[:n]) != "gh" {
		t.Errorf("Pack from 6: %q", dst[:n])
	}
	if n := l.Unpack(mem, 4, 2, []byte("XY")); n != 2 || string(mem) != "abXYefgh" {
		t.Errorf("Unpack at 2: %q", mem)
	}
}

// The arguments are the caller's: what he does to them later changes nothing.
func TestArgumentsAreCopied(t *testing.T) {
	lens, displs := []int{1, 2, 1}, []int{8, 4, 0}
	ragged, list := Indexed(lens, displs), IndexedBlock(1, displs)
	nested := Nest(list, Contiguous(2), 3)
	before := []string{ragged.String(), list.String(), nested.String()}
	for i := range displs {
		lens[i], displs[i] = 77, 1000+i*i
	}
	for i, l := range []Layout{ragged, list, nested} {
		if l.String() != before[i] {
			t.Errorf("%s became %s", before[i], l)
		}
	}
}

func TestString(t *testing.T) {
	many := make([]int, 100)
	for i := range many {
		many[i] = i * i
	}
	for _, c := range []struct {
		l    Layout
		want string
	}{
		{Layout{}, "whole slice"},
		{Contiguous(4).At(2), "4 elements, from 2"},
		{Vector(5, 2, 8).At(3), "5 every 8 of 2 elements, from 3"},
		{IndexedBlock(2, []int{7, 0, 4}), "at 7 0 4 of 2 elements"},
		{Indexed([]int{1, 3}, []int{9, 4}), "rows 1@9 3@4 every 1 of 1 elements"},
		{IndexedBlock(1, many), "at 0 1 4 9 16 25 36 49 ... (100 in all) of 1 elements"},
		{Subarray([]int{9, 9, 9}, []int{3, 3, 3}, []int{0, 0, 0}), "3 every 81 of 3 every 9 of 3 elements"},
		{Struct(24, Field{8, 8}).Repeat(10, 1), "10 every 24 of 8 bytes, from 8 (elements of 24 bytes)"},
	} {
		if got := c.l.String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// What lies side by side is merged, however it was said.
func TestMerging(t *testing.T) {
	for _, c := range []struct {
		what string
		l    Layout
		want int // levels
	}{
		{"a face of a cube", Subarray([]int{9, 9, 9}, []int{9, 9, 1}, []int{0, 0, 4}), 1},
		{"whole rows", Subarray([]int{9, 9, 9}, []int{9, 3, 9}, []int{0, 2, 0}), 1},
		{"a box", Subarray([]int{9, 9, 9}, []int{3, 3, 3}, []int{2, 2, 2}), 2},
		{"an index list that is a vector", IndexedBlock(2, []int{3, 8, 13}), 1},
		{"an index list that is a range", IndexedBlock(1, []int{4, 5, 6}), 0},
		{"single elements of which few touch", IndexedBlock(1, []int{1, 2, 9, 17, 30}), 1},
	} {
		if got := len(c.l.c.levels); got != c.want {
			t.Errorf("%s: %d levels (%v), want %d", c.what, got, c.l, c.want)
		}
	}
	if k := IndexedBlock(2, []int{3, 8, 13}).c.levels[0].kind; k != regular {
		t.Errorf("an index list in equal steps was not made a vector")
	}
	if c := IndexedBlock(1, []int{0, 1, 2, 3, 9, 10, 11, 12, 30, 31, 32, 33}).c; c.block != 4 || c.levels[0].kind != listed {
		t.Errorf("single elements in runs of four were made %v", Layout{c})
	}
	if k := IndexedBlock(1, []int{1, 2, 9, 17, 30}).c.levels[0].kind; k != listed {
		t.Errorf("single elements of which few touch were made ragged")
	}
}

// Large numbers for ints of 64 bits, and as large ones for those of 32.
const (
	huge = 1 << (bits.UintSize * 5 / 8)  // 2^40
	side = 1 << (bits.UintSize * 5 / 16) // 2^20
	half = 1 << (bits.UintSize / 2)
)

// Overlaps is settled by arithmetic where listing the blocks would take for ever.
func TestOverlapsOfHugeLayouts(t *testing.T) {
	for _, c := range []struct {
		what string
		l    Layout
		want bool
	}{
		{"column", Vector(huge, 1, side), false},
		{"transposed", Vector(side, 1, side).Repeat(side, 1), false},
		{"one column too many", Vector(side, 1, side).Repeat(side+1, 1), true},
		{"stride below the block", Vector(huge, 8, 7), true},
		{"all in one place", Contiguous(huge).Repeat(side, 0), true},
		{"lists of columns", Nest(IndexedBlock(1, []int{5, 0, 3}), Vector(huge, 1, 10), 1), false},
	} {
		if got := c.l.Overlaps(); got != c.want {
			t.Errorf("%s (%v): Overlaps %v, want %v", c.what, c.l, got, c.want)
		}
	}
}

// Interleaved layouts, which only the listing of all blocks settles; and one too
// large to be listed, where the cautious answer is given.
func TestOverlapsInterleaved(t *testing.T) {
	list := IndexedBlock(1, []int{0, 5, 1})   // gaps 1 and 4
	rows := Indexed([]int{2, 1}, []int{0, 7}) // 0 1 7
	for _, c := range []struct {
		what string
		l    Layout
		want bool
	}{
		{"two combs that miss", Vector(2, 1, 3).Repeat(2, 2), false},
		{"two combs that meet", Vector(3, 1, 3).Repeat(4, 2), true},
		{"lists that miss", Nest(list, list, 3), false}, // 0 5 1 15 20 16 3 8 4
		{"lists that meet", Nest(list, list, 1), true},  // 5 1 twice
		{"rows that miss", Nest(rows, rows, 4), false},  // 0 1 7 4 5 11 28 29 35
		{"rows that meet", Nest(rows, rows, 7), true},   // 7 twice
		{"combs too many to list", Vector(1<<10, 1, 3).Repeat(1<<10, 1<<11), true},
	} {
		if got := c.l.Overlaps(); got != c.want {
			t.Errorf("%s (%v): Overlaps %v, want %v", c.what, c.l, got, c.want)
		}
	}
}

// A huge layout resumes anywhere at once: positions near the end of 2^51 bytes
// must be found by arithmetic (memory of that size can't exist, so the walk
// itself is called).
func TestResumeFarOut(t *testing.T) {
	l := Vector(huge, 2, 0).Repeat(1<<(bits.UintSize/8), 0)
	mem := []byte("abcdefgh")
	dst := make([]byte, 6)
	for _, from := range []int{0, 1, l.Bytes(4)/2 - 6, l.Bytes(4)/2 + 3, l.Bytes(4) - 6, l.Bytes(4) - 5} {
		n := l.Pack(dst, mem, 4, from)
		for i := range n {
			if want := mem[(from+i)%8]; dst[i] != want {
				t.Fatalf("byte %d is %c, want %c", from+i, dst[i], want)
			}
		}
	}
	if n := l.Pack(dst, mem, 4, l.Bytes(4)-5); n != 5 {
		t.Errorf("5 bytes before the end: %d packed", n)
	}
}

func TestMisuse(t *testing.T) {
	mem := make([]byte, 80)
	v := Vector(4, 1, 3) // extent 10
	f := Struct(16, Field{8, 8})
	for _, c := range []struct {
		what, want string
		do         func()
	}{
		{"Contiguous -1", panicNegative, func() { Contiguous(-1) }},
		{"Vector count", panicNegative, func() { Vector(-1, 1, 1) }},
		{"Vector blocklen", panicNegative, func() { Vector(1, -1, 1) }},
		{"Vector stride", panicNegative, func() { Vector(1, 1, -1) }},
		{"Vector overflow", panicOverflow, func() { Vector(half, 1, half) }},
		{"Vector size", panicOverflow, func() { Vector(half, half, 0) }},
		{"Indexed lengths", panicLengths, func() { Indexed([]int{1}, []int{1, 2}) }},
		{"Indexed len", panicNegative, func() { Indexed([]int{1, -1}, []int{1, 2}) }},
		{"Indexed displ", panicNegative, func() { Indexed([]int{1, 1}, []int{1, -2}) }},
		{"Indexed overflow", panicOverflow, func() { Indexed([]int{1, 2}, []int{1, math.MaxInt}) }},
		{"IndexedBlock len", panicNegative, func() { IndexedBlock(-1, []int{1, 2}) }},
		{"IndexedBlock len, no list", panicNegative, func() { IndexedBlock(-1, nil) }},
		{"IndexedBlock displ", panicNegative, func() { IndexedBlock(1, []int{-1}) }},
		{"Subarray dims", panicDims, func() { Subarray([]int{1, 2}, []int{1}, []int{0, 0}) }},
		{"Subarray no dims", panicDims, func() { Subarray(nil, nil, nil) }},
		{"Subarray box", panicBox, func() { Subarray([]int{4, 4}, []int{2, 3}, []int{0, 2}) }},
		{"Subarray start", panicNegative, func() { Subarray([]int{4}, []int{2}, []int{-1}) }},
		{"Subarray overflow", panicOverflow, func() { Subarray([]int{half, half}, []int{1, 1}, []int{0, 0}) }},
		{"Struct zero", panicZeroElem, func() { Struct(0) }},
		{"Struct field", panicField, func() { Struct(8, Field{4, 5}) }},
		{"Struct field wraps", panicField, func() { Struct(8, Field{4, math.MaxUint}) }},
		{"Struct outside", panicOuter, func() { f.Repeat(2, 1); Nest(f, v, 1) }},
		{"Struct elem", panicElemSize, func() { f.Bytes(8) }},
		{"Struct elem, Pack", panicElemSize, func() { f.Pack(make([]byte, 8), mem, 8, 0) }},
		{"At", panicNegative, func() { v.At(-1) }},
		{"At overflow", panicOverflow, func() { v.At(math.MaxInt) }},
		{"At overflow in bytes", panicOverflow, func() { f.At(math.MaxInt / 2) }},
		{"At of whole", panicWhole, func() { Layout{}.At(1) }},
		{"Repeat", panicNegative, func() { v.Repeat(2, -1) }},
		{"Repeat overflow", panicOverflow, func() { v.Repeat(huge, huge) }},
		{"Nest whole", panicWhole, func() { Nest(v, Layout{}, 1) }},
		{"Bytes overflow", panicOverflow, func() { Contiguous(1 << (bits.UintSize - 2)).Bytes(4) }},
		{"Bytes negative", panicNegative, func() { v.Bytes(-1) }},
		{"Pack short", panicShortMem, func() { v.Pack(make([]byte, 1), mem[:79], 8, 0) }},
		{"Unpack short", panicShortMem, func() { v.Unpack(mem[:79], 8, 0, make([]byte, 1)) }},
		{"Pack position", panicPackedPos, func() { v.Pack(make([]byte, 1), mem, 8, 33) }},
		{"Pack negative", panicPackedPos, func() { v.Pack(make([]byte, 1), mem, 8, -1) }},
		{"Unpack position", panicPackedPos, func() { v.Unpack(mem, 8, 33, make([]byte, 1)) }},
		{"whole position", panicPackedPos, func() { Layout{}.Pack(mem, mem, 8, 81) }},
		{"whole negative", panicPackedPos, func() { Layout{}.Unpack(mem, 8, -1, mem) }},
	} {
		t.Run(c.what, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("panic %v, want %q", got, c.want)
				}
				if !strings.HasPrefix(c.want, "layout: ") {
					t.Errorf("%q does not begin with the package", c.want)
				}
			}()
			c.do()
		})
	}
	v.Pack(make([]byte, 1), mem, 8, 32)            // the end itself is a position
	Contiguous(3).Pack(make([]byte, 9), nil, 0, 0) // elements of no size
	if _, ok := Contiguous(huge).Measure(math.MaxInt, 1<<(bits.UintSize-2)/huge); !ok {
		t.Errorf("2^%d bytes do not fit into MaxInt", bits.UintSize-2)
	}
}

func TestNoAllocations(t *testing.T) {
	layouts := map[string]Layout{
		"whole":    {},
		"vector":   Vector(16, 1, 16),
		"box":      Subarray([]int{6, 6, 6}, []int{3, 3, 3}, []int{1, 1, 1}),
		"list":     IndexedBlock(1, []int{9, 1, 4, 200}),
		"ragged":   Indexed([]int{3, 1, 2}, []int{9, 1, 4}),
		"nested":   Nest(Indexed([]int{3, 1, 2}, []int{9, 1, 4}), Vector(2, 1, 3), 7),
		"contig":   Contiguous(100),
		"fragment": Vector(3, 5, 9).Repeat(3, 30),
	}
	mem, packed := make([]byte, 256*8), make([]byte, 100)
	for name, l := range layouts {
		if n := testing.AllocsPerRun(100, func() {
			l.Pack(packed, mem, 8, 3)
			l.Unpack(mem, 8, 3, packed[:5])
			l.Measure(len(mem), 8)
			l.IsContiguous()
			l.Overlaps()
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzShapes(f *testing.F) {
	f.Add([]byte{1, 5, 1, 9}, byte(8), uint64(1))
	f.Add([]byte{4, 2, 5, 3, 1, 5, 3, 1, 5, 3, 1}, byte(4), uint64(2))
	f.Add([]byte{8, 2, 3, 1, 3, 2, 5, 5, 17, 3, 1, 2, 3}, byte(3), uint64(3))
	f.Add([]byte{9, 7, 3, 4, 2, 1, 9, 5, 20, 2, 4, 4, 8, 8, 3, 2, 11}, byte(1), uint64(4))
	f.Fuzz(func(t *testing.T, data []byte, elem byte, seed uint64) {
		s := anyShape(&byteSource{data}, 3, true)
		check(t, s, 1+int(elem)%32, rand.New(rand.NewPCG(seed, 0)))
	})
}
