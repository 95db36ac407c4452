package arena

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Map of a region. Offsets are bytes from its start, all shared words are 64
// bits wide, 8-byte aligned and accessed with sync/atomic only.
//
//	offset            what
//	0                 header, one page (type header)
//	4096              table of block descriptors, 64 bytes each (type desc);
//	                  rounded up to a page; never-used entries are never touched
//	4096*first        data pages up to the end of the region
//
// A page number counts 4 KiB pages from the start of the region, so no block
// has page 0. The region is at most 2^32-1 pages (16 TiB).
const (
	// PageSize is the alignment and the unit of capacity of every block, in bytes.
	PageSize = 4096
	// MaxRank is the largest rank number that fits the control word. Ranks are
	// whatever numbers the caller uses for owners and holders; on one node the
	// node-local rank is the natural choice.
	MaxRank = 1<<15 - 1

	magic    = 0x01_61_6e_65_72_61_6f_67 // "goarena" and 1, little endian
	version  = 1
	descSize = 64
	maxPages = 1<<32 - 1
)

// header is page 0 of a region.
//
//	offset  word   bits    what
//	0       magic  63..0   constant; stored last by New, so it publishes the rest
//	8       shape  63..32  layout version
//	               31..0   number of block descriptors
//	16      size   63..0   size of the region in bytes
//	24      owner  63..0   rank that owns the region
//	64      freed  63..0   remote-free list: index of the first block + 1; 0 = empty
//
// Writers: New writes the first four, once; afterwards nobody. freed is written
// by every rank that frees (CAS) and by the owner (Swap 0), and has a cache
// line of its own, so that frees do not disturb readers of the other words.
// Readers: Open reads the first four, once, into the View.
type header struct {
	magic atomic.Uint64
	shape atomic.Uint64
	size  atomic.Uint64
	owner atomic.Uint64
	_     [32]byte
	freed atomic.Uint64
	_     [56]byte
}

// desc describes one block, in one cache line.
//
//	offset  word    bits    what
//	0       ctl     63..32  generation (0 = never used)
//	                31..17  peer: while moving, the rank the block is for; else 0
//	                16..2   holder: held: who holds it; moving: who sent it;
//	                        returned: who freed it; free: 0
//	                1..0    state: 0 free, 1 held, 2 moving, 3 returned
//	8       where   63..32  capacity in pages
//	                31..0   first page
//	16      length  63..0   bytes asked for; at most capacity * 4096
//	24      next    63..0   remote-free list: index of the next block + 1; 0 = end
//	32      -               not used, 0
//
// Writers: ctl changes by CAS, by whoever holds the block or by the owner, and
// by the owner's store in Alloc; that store publishes where, length and the
// contents of the block so far. where and length are written by the owner
// alone, while the block is free. next is written by the one rank whose CAS
// made the block returned; its push (a CAS of header.freed) publishes it.
// A successful CAS of ctl orders all that the last holder did to the contents
// before all that the next one does.
// Readers: everybody reads ctl, where, length; only the owner reads next.
type desc struct {
	ctl    atomic.Uint64
	where  atomic.Uint64
	length atomic.Uint64
	next   atomic.Uint64
	_      [32]byte
}

// State is what a block's control word says of it.
type State uint8

// The states of a block. The diagram is in the package documentation.
const (
	StateFree     State = iota // in the owner's allocator
	StateHeld                  // in use by its holder
	StateMoving                // released by its holder, not yet accepted
	StateReturned              // freed by another rank, not yet taken by the owner
)

func (s State) String() string {
	switch s {
	case StateFree:
		return "free"
	case StateHeld:
		return "held"
	case StateMoving:
		return "moving"
	case StateReturned:
		return "returned"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

func packCtl(gen uint32, s State, holder, peer uint32) uint64 {
	return uint64(gen)<<32 | uint64(peer)<<17 | uint64(holder)<<2 | uint64(s)
}

func ctlGen(c uint64) uint32    { return uint32(c >> 32) }
func ctlPeer(c uint64) uint32   { return uint32(c>>17) & MaxRank }
func ctlHolder(c uint64) uint32 { return uint32(c>>2) & MaxRank }
func ctlState(c uint64) State   { return State(c & 3) }

// nextGen steps a generation and leaves out 0, which no live handle has.
func nextGen(g uint32) uint32 {
	if g++; g == 0 {
		g = 1
	}
	return g
}

// firstData is the first data page of a region with that many descriptors.
func firstData(blocks uint32) uint64 {
	return 1 + (uint64(blocks)*descSize+PageSize-1)/PageSize
}

// checkMem looks at what every region needs before a byte of it is read.
func checkMem(mem []byte) error {
	switch {
	case len(mem) < 3*PageSize:
		return fmt.Errorf("%w: %d bytes, at least %d are needed", ErrRegion, len(mem), 3*PageSize)
	case len(mem)%PageSize != 0:
		return fmt.Errorf("%w: size %d is not a multiple of %d", ErrRegion, len(mem), PageSize)
	case uint64(len(mem))/PageSize > maxPages:
		return fmt.Errorf("%w: size %d is more than %d pages", ErrRegion, len(mem), uint64(maxPages))
	case uintptr(unsafe.Pointer(unsafe.SliceData(mem)))%PageSize != 0:
		return fmt.Errorf("%w: its address is not a multiple of %d", ErrRegion, PageSize)
	}
	return nil
}
