package ring

import (
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
)

const (
	lineBytes = 64
	cellBytes = 32 // records start at cells; two small ones share a line
	// Descs is the number of rendezvous descriptors of a channel: how many
	// messages may wait for their receiver in the sender's memory at once. The one after those can't even be
	// announced, and holds up all behind it: so many more than a program has under way that the receiver doesn't want yet.
	Descs = 4096
	// nearDescs of them, which are used first, have lines of their own. The rest are dense, behind the bulk ring:
	// pages that hardly any channel touches.
	nearDescs = 32

	headOff  = 0
	descOff  = 128
	linesOff = descOff + nearDescs*lineBytes
	pageSize = 4096
)

// Shape is the size of a channel. Both numbers are powers of two.
type Shape struct {
	Lines int // lines of 64 bytes for records, at least 16, at most 1<<20
	Bulk  int // bytes for the payload of large records, at least 4096, at most 1<<30
}

// Check says what is wrong with s, if anything.
func (s Shape) Check() error {
	if s.Lines < 16 || s.Lines > 1<<20 || s.Lines&(s.Lines-1) != 0 {
		return fmt.Errorf("ring: %d lines: want a power of two from 16 to %d", s.Lines, 1<<20)
	}
	if s.Bulk < pageSize || s.Bulk > 1<<30 || s.Bulk&(s.Bulk-1) != 0 {
		return fmt.Errorf("ring: %d bulk bytes: want a power of two from %d to %d", s.Bulk, pageSize, 1<<30)
	}
	return nil
}

func (s Shape) bulkOff() int { return (linesOff + s.Lines*lineBytes + pageSize - 1) &^ (pageSize - 1) }

// Bytes is the memory that a channel of this shape takes, whole pages.
func (s Shape) Bytes() int { return s.farOff() + Descs*8 }

// farOff is where the dense descriptors are; the words of the near ones there stay unused.
func (s Shape) farOff() int { return s.bulkOff() + s.Bulk }

// MaxInline is the largest body in bytes that travels in the record itself: a
// quarter of the lines, so that four of the largest are under way at once.
func (s Shape) MaxInline() int { return s.Lines/4*lineBytes - 16 }

// MaxBulk is the largest payload in bytes of one bulk record.
func (s Shape) MaxBulk() int { return s.Bulk / 2 }

func (s Shape) cells() uint64 { return uint64(s.Lines) * (lineBytes / cellBytes) }

// warmCells is how many cells a producer uses before it thinks of going back to the first: with 512 lines, 7 KiB,
// so that both directions fit in a first-level cache.
func (s Shape) warmCells() uint64 { return min(s.cells()/4, 224) }

// warmBulk is the same for bulk bytes.
func (s Shape) warmBulk() uint64 { return uint64(min(s.Bulk/4, 16<<10)) }

// cellsOf is how many cells a record with a body of n bytes takes at pos. One of a single cell may share its line with
// the one after it; all others end with a line, so that the next begins in a line that the consumer has given back.
func cellsOf(n, pos uint64) uint64 {
	k := (n + wire.HeaderBytes + cellBytes - 1) / cellBytes
	if k > 1 {
		k += (pos + k) & 1
	}
	return k
}

// mem is a channel's memory. Every access goes through an offset that was checked or masked.
type mem struct {
	base unsafe.Pointer
	Shape
}

func newMem(b []byte, s Shape) (mem, error) {
	if err := s.Check(); err != nil {
		return mem{}, err
	}
	if len(b) < s.Bytes() {
		return mem{}, fmt.Errorf("ring: %d bytes of memory for a channel of %d", len(b), s.Bytes())
	}
	base := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(base)%lineBytes != 0 {
		return mem{}, fmt.Errorf("ring: channel memory at %p is not aligned to %d bytes", base, lineBytes)
	}
	return mem{base, s}, nil
}

func (m *mem) head() *uint64 { return (*uint64)(unsafe.Add(m.base, headOff)) }

// Desc is the word of descriptor i (0 <= i < Descs). The sender writes it to
// offer and to take back, the receiver to answer; both by compare-and-swap or atomic store.
func (m *mem) Desc(i int) *uint64 {
	if i &= Descs - 1; i >= nearDescs {
		return (*uint64)(unsafe.Add(m.base, m.farOff()+i*8))
	}
	return (*uint64)(unsafe.Add(m.base, descOff+i*lineBytes))
}

func packHead(cells, bulk uint64) uint64 { return cells&0xffffffff | (bulk/lineBytes)<<32 }
