package arena

import (
	"encoding/binary"
	"fmt"
)

// HandleSize is the encoded size of a Handle in bytes. A message slot has 48
// bytes of payload, so 16 are left for the signature of the element type.
const HandleSize = 32

// Handle names the bytes [Off, Off+Len) of one block at one generation. It is a
// plain value: copy it, compare it, send it. The zero Handle is dead.
//
// Off counts from the start of the block. Alloc gives Off 0 and Len the bytes
// asked for; Sub narrows it. Free, Release and Accept act on the whole block
// whatever part the handle names, so one can move a large block of which only
// the beginning was filled.
type Handle struct {
	Owner uint32 // rank that owns the region
	Block uint32 // index in the region's table
	Gen   uint32 // generation of the block that this handle was made for
	Off   uint64 // bytes
	Len   uint64 // bytes
}

// Sub narrows h to n bytes beginning at its byte off, both counted within h.
func (h Handle) Sub(off, n uint64) (Handle, error) {
	if off > h.Len || n > h.Len-off {
		return Handle{}, fmt.Errorf("arena: sub: bytes %d+%d of %v: %w", off, n, h, ErrHandle)
	}
	h.Off += off
	h.Len = n
	return h, nil
}

func (h Handle) String() string {
	return fmt.Sprintf("block %d.%d of rank %d's heap, bytes %d+%d", h.Block, h.Gen, h.Owner, h.Off, h.Len)
}

// Encode writes h into the first HandleSize bytes of b, little endian. It
// panics when b is shorter, which is a mistake of the program.
//
//	offset  bytes  what
//	0       4      owner
//	4       4      block
//	8       4      generation
//	12      4      0
//	16      8      off
//	24      8      len
func (h Handle) Encode(b []byte) {
	if len(b) < HandleSize {
		panic("arena: Encode into less than HandleSize bytes")
	}
	binary.LittleEndian.PutUint32(b[0:], h.Owner)
	binary.LittleEndian.PutUint32(b[4:], h.Block)
	binary.LittleEndian.PutUint32(b[8:], h.Gen)
	binary.LittleEndian.PutUint32(b[12:], 0)
	binary.LittleEndian.PutUint64(b[16:], h.Off)
	binary.LittleEndian.PutUint64(b[24:], h.Len)
}

// Decode reads a handle that Encode wrote, from the first HandleSize bytes of
// b. It refuses with ErrHandle what no region of any size could contain; the
// rest is checked by the View the handle is used with.
func Decode(b []byte) (Handle, error) {
	if len(b) < HandleSize {
		return Handle{}, fmt.Errorf("arena: decode: %d bytes, a handle has %d: %w", len(b), HandleSize, ErrHandle)
	}
	h := Handle{
		Owner: binary.LittleEndian.Uint32(b[0:]),
		Block: binary.LittleEndian.Uint32(b[4:]),
		Gen:   binary.LittleEndian.Uint32(b[8:]),
		Off:   binary.LittleEndian.Uint64(b[16:]),
		Len:   binary.LittleEndian.Uint64(b[24:]),
	}
	const limit = maxPages * PageSize
	switch {
	case h.Owner > MaxRank:
		return Handle{}, fmt.Errorf("arena: decode: owner %d is above %d: %w", h.Owner, MaxRank, ErrHandle)
	case h.Gen == 0:
		return Handle{}, fmt.Errorf("arena: decode: block %d has generation 0: %w", h.Block, ErrHandle)
	case binary.LittleEndian.Uint32(b[12:]) != 0:
		return Handle{}, fmt.Errorf("arena: decode: reserved word is not 0: %w", ErrHandle)
	case h.Off > limit || h.Len > limit-h.Off:
		return Handle{}, fmt.Errorf("arena: decode: bytes %d+%d are beyond any region: %w", h.Off, h.Len, ErrHandle)
	}
	return h, nil
}
