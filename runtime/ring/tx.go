package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
)

// Tx is the producer's end. One goroutine at a time may use it.
type Tx struct {
	mem
	// The next record: everything Inline and Commit need.
	slot unsafe.Pointer // its first cell
	free uint64         // cells from there on that are free and in one piece
	next uint64         // cells of the record between Inline and Commit
	lap  uint64         // wire lap of slot
	edge uint64         // when a record reaches this far, think of rewinding
	weak bool

	pos   uint64 // cells written, ever
	pay   uint64 // bulk bytes written, ever (a multiple of 64)
	lines unsafe.Pointer
	bulk  unsafe.Pointer
	mask  uint64 // cells - 1
	// What the consumer was last seen to have given back. Read again only when
	// the ring looks full.
	headCells, headBulk uint64
	bad                 error
}

// NewTx makes the producer's end of the channel in b.
func NewTx(b []byte, s Shape) (*Tx, error) {
	m, err := newMem(b, s)
	if err != nil {
		return nil, err
	}
	t := &Tx{mem: m, lines: unsafe.Add(m.base, linesOff), bulk: unsafe.Add(m.base, s.bulkOff()), mask: s.cells() - 1}
	t.slot, t.lap, t.free, t.edge = t.lines, 1, s.cells(), s.warmCells()
	return t, nil
}

// Weak says whether Commit may publish with a store that later loads of this
// goroutine can overtake. It is cheaper, but who looks at the consumer's park word
// afterwards may miss that the consumer goes to sleep: the consumer must then make all producers
// pass a memory barrier before it looks for the last time.
func (t *Tx) Weak(on bool) { t.weak = on && canWeak }

// Err is not nil when the consumer's head word made no sense: the channel is dead.
func (t *Tx) Err() error { return t.bad }

// refresh reads the consumer's head and says whether it moved.
func (t *Tx) refresh() bool {
	w := atomic.LoadUint64(t.head())
	// The word holds the counters modulo 2^32 (cells) and 2^38 (bytes); what is
	// in flight is far below either. Half a line that was given back is not free yet: see Commit.
	used := (t.pos - w&^1) & 0xffffffff
	usedBulk := ((t.pay/lineBytes - w>>32) & 0xffffffff) * lineBytes
	if used > t.mask+1 || usedBulk > uint64(t.Bulk) {
		if t.bad == nil {
			t.bad = fmt.Errorf("ring: head word %#x gives back what was never sent (%d cells, %d bulk bytes in use)", w, used, usedBulk)
		}
		return false
	}
	hl, hb := t.pos-used, t.pay-usedBulk
	moved := hl != t.headCells || hb != t.headBulk
	t.headCells, t.headBulk = hl, hb
	return moved
}

// count says how many cells from slot on are free and in one piece.
func (t *Tx) count() {
	t.free = min(t.mask+1-t.pos&t.mask, t.mask+1-(t.pos-t.headCells))
}

// turn is for pos at the start of the ring.
func (t *Tx) turn() {
	t.slot, t.lap, t.edge = t.lines, t.lap%0xffff+1, t.pos+t.warmCells()
}

// room makes sure that the cells of a record with a body of n bytes are free in one piece, padding over the end of
// the ring if need be.
func (t *Tx) room(n uint64) bool {
	if t.bad != nil {
		return false
	}
	t.count()
	t.next = cellsOf(n, t.pos)
	if t.next <= t.free {
		return true
	}
	t.refresh()
	t.count()
	if left := t.mask + 1 - t.pos&t.mask; t.next > left && t.free == left {
		// Pad counts its cells, header included, as length.
		atomic.StoreUint64((*uint64)(t.slot), wire.Word0(uint16(t.lap), wire.Pad, 0, uint32(left)))
		t.pos += left
		t.turn()
		t.count()
		t.next = cellsOf(n, t.pos)
	}
	return t.next <= t.free
}

// Inline gives the place for a body of n bytes (n <= MaxInline), or nil when
// there is no room now. Fill it and call Commit; calling Inline again instead drops it.
func (t *Tx) Inline(n int) unsafe.Pointer {
	t.next = cellsOf(uint64(n), t.pos)
	if t.next > t.free && !t.room(uint64(n)) {
		return nil
	}
	return unsafe.Add(t.slot, wire.HeaderBytes)
}

// Commit publishes the record whose body Inline gave: n is its length in bytes, w1 from wire.Word1.
func (t *Tx) Commit(k wire.Kind, n int, w1 uint64) {
	p := t.slot
	*(*uint64)(unsafe.Add(p, 8)) = w1
	w0 := t.lap | uint64(k)<<16 | uint64(n)<<32
	if t.pos+t.next >= t.edge {
		t.commitEdge(w0)
		return
	}
	t.pos += t.next
	t.free -= t.next
	t.slot = unsafe.Add(p, t.next*cellBytes)
	if t.pos&1 != 0 {
		*(*uint64)(t.slot) = 0 // what stands in the other half of this line is no header
	}
	publish((*uint64)(p), w0, t.weak)
}

// commitEdge is Commit far from the start of the ring. When the consumer keeps up it goes back there, to lines that
// are in the fastest cache of both sides, and so is the room for a record like this one.
func (t *Tx) commitEdge(w0 uint64) {
	p := t.slot
	if (t.pos+t.next)&1 != 0 {
		*(*uint64)(unsafe.Add(p, t.next*cellBytes)) = 0
	}
	end := t.pos + t.next
	at, used := end&t.mask, end-t.headCells
	switch {
	case at == 0:
		publish((*uint64)(p), w0, t.weak)
		t.pos = end
		t.turn()
	case used <= 2*t.next+t.warmCells()/4 && at >= used+t.next:
		publish((*uint64)(p), w0|uint64(wire.Rewind)<<24, t.weak)
		t.pos = end + t.mask + 1 - at
		t.turn()
	default:
		publish((*uint64)(p), w0, t.weak)
		t.pos = end
		t.slot = unsafe.Add(p, t.next*cellBytes)
		t.refresh() // for the next one
	}
	t.count()
}

// BulkRoom gives the place for n payload bytes (0 < n <= MaxBulk) in the bulk
// ring and reserves the cell of its record, or nil when there is no room now.
func (t *Tx) BulkRoom(n int) unsafe.Pointer {
	if t.free == 0 && !t.room(0) {
		return nil
	}
	size := (uint64(n) + lineBytes - 1) &^ (lineBytes - 1)
	skip := bulkSkip(t.pay, size, uint64(t.Bulk))
	if t.pay+skip+size-t.headBulk > uint64(t.Bulk) {
		if t.bad != nil || !t.refresh() || t.pay+skip+size-t.headBulk > uint64(t.Bulk) {
			return nil
		}
	}
	return unsafe.Add(t.bulk, (t.pay+skip)&uint64(t.Bulk-1))
}

// CommitBulk publishes the record whose payload BulkRoom gave place for; n as there.
func (t *Tx) CommitBulk(k wire.Kind, n int, w1, aux0, aux1 uint64) {
	p := t.slot
	*(*uint64)(unsafe.Add(p, 16)) = aux0
	*(*uint64)(unsafe.Add(p, 24)) = aux1
	size := (uint64(n) + lineBytes - 1) &^ (lineBytes - 1)
	t.pay += bulkSkip(t.pay, size, uint64(t.Bulk)) + size
	f := wire.Bulk
	if at, used := t.pay&uint64(t.Bulk-1), t.pay-t.headBulk; size <= t.warmBulk()/2 && at >= t.warmBulk() && at >= used+max(size, at/2) {
		f |= wire.RewindBulk
		t.pay += uint64(t.Bulk) - at
	}
	t.next = 1
	*(*uint64)(unsafe.Add(p, 8)) = w1
	w0 := t.lap | uint64(k)<<16 | uint64(f)<<24 | uint64(n)<<32
	if t.pos+1 >= t.edge {
		t.commitEdge(w0)
		return
	}
	t.pos++
	t.free--
	t.slot = unsafe.Add(p, cellBytes)
	if t.pos&1 != 0 {
		*(*uint64)(t.slot) = 0
	}
	publish((*uint64)(p), w0, t.weak)
	if size <= t.warmBulk()/2 && t.pay-t.headBulk > t.warmBulk() {
		t.refresh()
	}
}

// bulkSkip is how many bytes are left unused at the end of the bulk ring so that size bytes lie in one piece.
func bulkSkip(cursor, size, bulk uint64) uint64 {
	if off := cursor & (bulk - 1); off+size > bulk {
		return bulk - off
	}
	return 0
}

// Idle says whether the consumer has given everything back.
func (t *Tx) Idle() bool {
	t.refresh()
	return t.headCells&^1 == t.pos&^1 && t.headBulk == t.pay
}
