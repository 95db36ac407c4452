package layout

import (
	"math"
	"math/bits"
)

// The panics of this package. Misuse by the programmer, each a constant.
const (
	panicNegative  = "layout: negative argument"
	panicOverflow  = "layout: too large, an index or a size overflows an int"
	panicLengths   = "layout: blocklens and displs differ in length"
	panicDims      = "layout: sizes, subsizes and starts must have the same length, at least 1"
	panicBox       = "layout: starts + subsizes reaches outside of sizes"
	panicField     = "layout: struct field reaches outside of the element"
	panicElemSize  = "layout: struct layout used with another element size"
	panicZeroElem  = "layout: struct of element size 0"
	panicOuter     = "layout: a struct layout can't be the outer one of Nest"
	panicWhole     = "layout: the zero Layout can't be moved, repeated or nested; use Contiguous"
	panicShortMem  = "layout: memory is shorter than the layout reaches"
	panicPackedPos = "layout: position outside of the packed data"
)

// A Layout is an ordered selection of elements of a slice. It is one pointer to
// a form that never changes: copy it freely, use it from many goroutines. The
// zero Layout is the whole slice.
type Layout struct {
	c *compiled
}

// compiled is a layout ready to run. Offsets and sizes are in units: elements
// when unit is 0, and bytes of elements of that many bytes otherwise (a Struct is
// in it).
type compiled struct {
	chain         // where the units are, from off on
	off      int  // units before the chain's origin
	unit     int  // 0, or the element size the layout was made for
	elems    int  // elements selected (in full, or as far as Struct says)
	extent   int  // elements spanned: highest index + 1
	overlaps bool // some unit is selected twice
}

// IsWhole reports whether l is the zero Layout: the whole slice, as it lies.
func (l Layout) IsWhole() bool { return l.c == nil }

// Size returns the number of elements selected, or -1 for the zero Layout,
// which learns it from the slice. An element of which Struct takes only some
// fields counts as one.
func (l Layout) Size() int {
	if l.c == nil {
		return -1
	}
	return l.c.elems
}

// Extent returns the number of elements spanned: the highest index + 1. A slice
// must have at least this length. It is 0 for the zero Layout.
func (l Layout) Extent() int {
	if l.c == nil {
		return 0
	}
	return l.c.extent
}

// IsContiguous reports whether the selection is the n elements from off on, in
// order: buf[off:off+n] can then be used as it lies. For the zero Layout it is
// (0, -1, true), for an empty one (0, 0, true).
func (l Layout) IsContiguous() (off, n int, ok bool) {
	if l.c == nil {
		return 0, -1, true
	}
	c := l.c
	if len(c.levels) > 0 {
		return 0, 0, false
	}
	if c.unit == 0 {
		return c.off, c.block, true
	}
	if c.off%c.unit != 0 || c.block%c.unit != 0 {
		return 0, 0, false
	}
	return c.off / c.unit, c.block / c.unit, true
}

// Bytes returns the length of the packed data for elements of elem bytes, or
// -1 for the zero Layout. It panics if a Struct was made for another element size,
// and if the number overflows an int.
func (l Layout) Bytes(elem int) int {
	if l.c == nil {
		return -1
	}
	return mul(l.c.size, l.c.scale(elem))
}

// PerElement returns the packed bytes of each selected element: elem, or less
// if Struct takes only some of its fields. Packed bytes divided by it count the
// elements that arrived.
func (l Layout) PerElement(elem int) int {
	if l.c == nil || l.c.unit == 0 || l.c.elems == 0 {
		return elem
	}
	return l.Bytes(elem) / l.c.elems
}

// Measure returns the number of bytes that l selects from memLen bytes of memory
// holding elements of elem bytes. It is the question to ask before Pack and Unpack:
// ok is false if the memory is shorter than the layout reaches (they would
// panic). The zero Layout selects all of it.
func (l Layout) Measure(memLen, elem int) (packed int, ok bool) {
	if l.c == nil {
		return memLen, true
	}
	n := l.Bytes(elem)
	hi, lo := bits.Mul(uint(l.c.extent), uint(elem))
	if hi != 0 || lo > uint(memLen) {
		return 0, false
	}
	return n, true
}

// Overlaps reports whether an element (a byte, for Struct) is selected more than
// once. Such a layout can be packed; unpacking it would write the same place
// twice, so receives refuse it. The answer is exact, except for nested layouts of more
// than 262144 blocks whose parts interleave (3 apart within 2048 apart, a thousand
// times each): where arithmetic proves neither answer, it is true.
func (l Layout) Overlaps() bool {
	return l.c != nil && l.c.overlaps
}

// scale returns the bytes per unit for elements of elem bytes.
func (c *compiled) scale(elem int) int {
	if elem < 0 {
		panic(panicNegative)
	}
	if c.unit == 0 {
		return elem
	}
	if c.unit != elem {
		panic(panicElemSize)
	}
	return 1
}

// mul multiplies two numbers that are not negative.
func mul(a, b int) int {
	hi, lo := bits.Mul(uint(a), uint(b))
	if hi != 0 || lo > math.MaxInt {
		panic(panicOverflow)
	}
	return int(lo)
}

// add adds two numbers that are not negative.
func add(a, b int) int {
	if a > math.MaxInt-b {
		panic(panicOverflow)
	}
	return a + b
}

// natural panics if one of ns is negative.
func natural(ns ...int) {
	for _, n := range ns {
		if n < 0 {
			panic(panicNegative)
		}
	}
}
