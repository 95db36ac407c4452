package engine

import (
	"math/bits"

	"github.com/golaunch/golaunch/runtime/ring"
)

// descs are the rendezvous descriptors of a channel, as its sender hands them out: the lowest that is free, so that
// few lines are touched while few messages are under way. They grow to the most that were in use at once.
type descs struct {
	free []uint64 // bit i%64 of word i/64: descriptor i is free
	from int      // no word before this one has a free bit
	gens []uint32
}

// any says whether one is free.
func (d *descs) any() bool {
	for ; d.from < len(d.free); d.from++ {
		if d.free[d.from] != 0 {
			return true
		}
	}
	if len(d.gens) == ring.Descs {
		return false
	}
	d.free = append(d.free, ^uint64(0))
	d.gens = append(d.gens, make([]uint32, 64)...)
	return true
}

// take hands out the descriptor that any has found, with its next generation.
func (d *descs) take() (desc int32, gen uint32) {
	w := &d.free[d.from]
	i := d.from*64 + bits.TrailingZeros64(*w)
	*w &= *w - 1
	d.gens[i]++
	return int32(i), d.gens[i]
}

// give takes one back.
func (d *descs) give(desc int32) {
	w := int(desc) / 64
	d.free[w] |= 1 << (desc % 64)
	d.from = min(d.from, w)
}
