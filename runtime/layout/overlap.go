package layout

import (
	"math"
	"slices"
)

// maxEnumerate bounds the runs that overlap lists when nothing cheaper decides
// (about 20 ms, once, when such a layout is made).
const maxEnumerate = 1 << 18

// overlap reports whether the chain selects a unit twice; span is the distance from
// its origin to the end of its last unit.
//
// The selection is the sum set of its levels' displacements, plus the block. Two
// arguments settle nearly all of them, in time linear in the levels:
//
//   - Positions that differ in one level only are at least that level's gap
//     (its least distance of two displacements) apart, and some are exactly that.
//     A gap below the block's length is an overlap.
//   - Take the levels by ascending gap. If each gap is at least the width of all
//     that came before, every sum can be read like a number with digits in mixed
//     radix: no two are nearer to each other than a block. The order of the loops
//     plays no part, so a transposed matrix passes as well.
//
// What is left is interleaved (2 every 3 of 2 every 2): it is listed and sorted.
func (ch *chain) overlap(span int) bool {
	if ch.size > span {
		return true // more units than places
	}
	type dim struct{ gap, width int }
	dims := make([]dim, len(ch.levels))
	for i := range ch.levels {
		lv := &ch.levels[i]
		d := dim{lv.gap(), lv.width()}
		if d.gap < ch.block {
			return true
		}
		dims[i] = d
	}
	slices.SortFunc(dims, func(a, b dim) int { return a.gap - b.gap })
	reach, nested := ch.block, true
	for _, d := range dims {
		if d.gap < reach {
			nested = false
			break
		}
		reach += d.width
	}
	if nested {
		return false
	}
	if ch.size/ch.block > maxEnumerate {
		return true // not proved
	}
	runs := ch.starts()
	slices.Sort(runs)
	for i := 1; i < len(runs); i++ {
		if runs[i]-runs[i-1] < ch.block {
			return true
		}
	}
	return false
}

// gap returns the least distance between two displacements of the level (it has
// at least two, or compile would have dropped it); 0 if one occurs twice.
func (lv *level) gap() int {
	switch lv.kind {
	case regular:
		return lv.stride
	case listed:
		d := lv.displs
		if !slices.IsSorted(d) {
			d = slices.Sorted(slices.Values(d))
		}
		gap := math.MaxInt
		for i := 1; i < len(d); i++ {
			gap = min(gap, d[i]-d[i-1])
		}
		return gap
	}
	// Ragged: all displacements are multiples of the stride (Indexed starts with
	// stride 1 and Nest multiplies both), so two rows that interleave also meet.
	type row struct{ first, last int }
	rows := make([]row, len(lv.displs))
	start := 0
	for i, end := range lv.ends {
		rows[i] = row{lv.displs[i], lv.displs[i] + (end-start-1)*lv.stride}
		start = end
	}
	slices.SortFunc(rows, func(a, b row) int { return a.first - b.first })
	gap := lv.stride // some row has two copies, or the level would be listed
	for i := 1; i < len(rows); i++ {
		gap = min(gap, max(0, rows[i].first-rows[i-1].last))
	}
	return gap
}

// starts lists where the runs of the chain begin, in packed order.
func (ch *chain) starts() []int {
	all := []int{0}
	for i := range ch.levels {
		lv := &ch.levels[i]
		next := make([]int, 0, len(all)*lv.count)
		for _, at := range all {
			switch lv.kind {
			case regular:
				for k := range lv.count {
					next = append(next, at+k*lv.stride)
				}
			case listed:
				for _, d := range lv.displs {
					next = append(next, at+d)
				}
			case ragged:
				start := 0
				for k, end := range lv.ends {
					for j := range end - start {
						next = append(next, at+lv.displs[k]+j*lv.stride)
					}
					start = end
				}
			}
		}
		all = next
	}
	return all
}
