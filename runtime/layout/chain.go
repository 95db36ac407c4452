package layout

import (
	"math/bits"
	"slices"
)

// A chain is the one form that every layout is compiled to: a block of units
// that lie side by side, and around it levels, outermost first, each of which
// says at which displacements the rest of the chain is repeated. The selection
// is the nested loop over the levels, the block being its body:
//
//	Vector(5, 2, 8)                      [5 every 8] of 2
//	Subarray of {9,9,9}, box {3,3,3}     [3 every 81] of [3 every 9] of 3
//	IndexedBlock(2, {7, 0, 4})           [at 7, 0, 4] of 2
//	Indexed({1, 3}, {9, 4})              [1 from 9, 3 from 4, every 1] of 1
//
// Every selection size and displacement of a chain is known not to overflow.
type chain struct {
	levels []level
	block  int // units in one run
	size   int // units selected
}

type kind uint8

const (
	regular kind = iota // count displacements, stride apart
	listed              // the displacements in displs
	ragged              // items: item i is a row of copies, stride apart, the first at displs[i]
)

// A level is one loop of a chain. Displacements are in units.
type level struct {
	kind   kind
	count  int   // how often the rest of the chain is repeated, in all
	stride int   // regular, ragged
	displs []int // listed, ragged
	ends   []int // ragged: copies in the items up to and including i; ascending, the last is count
	each   int   // units selected by the rest of the chain
}

// width returns the distance from displacement 0 to the largest.
func (lv *level) width() int {
	switch lv.kind {
	case regular:
		return mul(lv.count-1, lv.stride)
	case listed:
		return slices.Max(lv.displs)
	}
	w, start := 0, 0
	for i, end := range lv.ends {
		w = max(w, add(lv.displs[i], mul(end-start-1, lv.stride)))
		start = end
	}
	return w
}

// times returns the level with all displacements multiplied by p.
func (lv level) times(p int) level {
	lv.stride = mul(lv.stride, p)
	if lv.displs != nil {
		d := make([]int, len(lv.displs))
		for i, x := range lv.displs {
			d[i] = mul(x, p)
		}
		lv.displs = d
	}
	return lv
}

// compile makes a Layout of levels around a block, off units into the slice. It
// merges what lies side by side, so that equal selections made in different ways
// mostly end as the same chain and a contiguous one always ends without levels.
func compile(levels []level, block, off, unit, elems int) Layout {
	empty := block == 0
	for i := range levels {
		empty = empty || levels[i].count == 0
	}
	if empty {
		return Layout{new(compiled)}
	}

	inner := make([]level, 0, len(levels)) // innermost first
	for _, lv := range slices.Backward(levels) {
		if lv.kind == regular {
			if lv.count == 1 {
				continue
			}
			if len(inner) == 0 && lv.stride == block {
				block = mul(block, lv.count)
				continue
			}
			if k := len(inner) - 1; k >= 0 && inner[k].kind == regular {
				hi, lo := bits.Mul(uint(inner[k].count), uint(inner[k].stride))
				if hi == 0 && lo == uint(lv.stride) {
					inner[k].count = mul(inner[k].count, lv.count)
					continue
				}
			}
		}
		inner = append(inner, lv)
	}

	size, span := block, block
	for i := range inner {
		inner[i].each = size
		size = mul(size, inner[i].count)
		span = add(span, inner[i].width())
	}
	slices.Reverse(inner)

	c := &compiled{
		chain:  chain{levels: inner, block: block, size: size},
		off:    off,
		unit:   unit,
		elems:  elems,
		extent: add(off, span),
	}
	if unit > 0 {
		c.extent = (c.extent-1)/unit + 1
		mul(c.extent, unit)
	}
	c.overlaps = c.chain.overlap(span)
	return Layout{c}
}
