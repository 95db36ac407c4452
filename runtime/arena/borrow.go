package arena

import (
	"fmt"
	"unsafe"
)

// Locate finds the offset of b in the region. ok is false when b is empty or
// not wholly inside the data pages. It costs two comparisons: a Send of a plain
// slice uses it to learn that the receiver can read the slice in place.
func (v *View) Locate(b []byte) (off uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	// An address below the base wraps to a very large offset.
	off = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))) - uintptr(v.base))
	if off < v.first*PageSize || off > v.size || uint64(len(b)) > v.size-off {
		return 0, false
	}
	return off, true
}

// Window is the way back: the n bytes at offset off of the region, as another
// rank's Locate gave them. Only the bounds are checked, because an address says
// nothing of blocks and generations: use it for a borrow, where the sender has
// promised to leave the bytes alone until it is told that they were read.
//
// Errors: ErrHandle when the bytes are not wholly inside the data pages.
func (v *View) Window(off, n uint64) ([]byte, error) {
	if off < v.first*PageSize || off > v.size || n > v.size-off {
		return nil, fmt.Errorf("arena: window: bytes %d+%d of rank %d's heap: %w: data is %d to %d",
			off, n, v.owner, ErrHandle, v.first*PageSize, v.size)
	}
	v.show(off, n)
	return v.bytes(off, n), nil
}
