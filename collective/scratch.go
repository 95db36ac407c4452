package collective

import (
	"math/bits"
	"sync"
	"unsafe"
)

// scratch is memory for one call, from a pool: aligned for any element.
type scratch struct {
	words []uint64
	class int
}

// pools hold scratch of 1<<class words. The collector empties them.
var pools [48]sync.Pool

// borrow returns a block like b with any content, and the scratch to give back.
func borrow(b block) (block, *scratch) {
	words := (b.bytes + 7) / 8
	class := bits.Len(uint(max(words, 8) - 1))
	s, _ := pools[class].Get().(*scratch)
	if s == nil {
		s = &scratch{make([]uint64, 1<<class), class}
	}
	return block{unsafe.Pointer(unsafe.SliceData(s.words)), b.n, b.bytes}, s
}

func (s *scratch) giveBack() {
	if s != nil {
		pools[s.class].Put(s)
	}
}
