package collective

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// block is the memory of a slice: n elements of some type, bytes in all.
type block struct {
	p     unsafe.Pointer
	n     int
	bytes int
}

// blockOf checks the element type and takes the slice's memory.
func blockOf[T any](s []T) block {
	return block{unsafe.Pointer(unsafe.SliceData(s)), len(s), len(s) * mpi.ElemSize[T]()}
}

// piece is part i of b, cut into parts of the size of part.
func (b block) piece(i int, part block) block {
	if part.bytes == 0 {
		return part
	}
	return block{unsafe.Add(b.p, i*part.bytes), part.n, part.bytes}
}

// elem is the size of an element in bytes; 0 if there is none.
func (b block) elem() int {
	if b.n == 0 {
		return 0
	}
	return b.bytes / b.n
}

// cut is one of n equal parts of b: the first.
func (b block) cut(n int) block {
	if n == 0 {
		return block{}
	}
	return block{b.p, b.n / n, b.bytes / n}
}

func (b block) copyFrom(src block) {
	if b.p != src.p {
		copy(unsafe.Slice((*byte)(b.p), b.bytes), unsafe.Slice((*byte)(src.p), src.bytes))
	}
}

// overlaps reports whether two blocks share memory.
func (b block) overlaps(o block) bool {
	x, y := uintptr(b.p), uintptr(o.p)
	return b.bytes > 0 && o.bytes > 0 && x < y+uintptr(o.bytes) && y < x+uintptr(b.bytes)
}
