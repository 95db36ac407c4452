package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/wire"
)

// Rx is the consumer's end. One goroutine at a time may use it.
type Rx struct {
	mem
	slot  unsafe.Pointer // the cell where the next record will appear
	want  uint64         // the lap it must carry
	lines unsafe.Pointer
	bulk  unsafe.Pointer
	mask  uint64
	pos   uint64 // cells consumed, ever
	pay   uint64 // bulk bytes consumed, ever
	pubL  uint64 // of these, what the producer was told
	pubB  uint64
	lazy  uint64 // cells that may be consumed before an idle consumer tells the producer
	weak  bool
	bad   error
}

// Record is what Next found. Its memory is the ring's: valid until Advance.
type Record struct {
	Kind wire.Kind
	Ctx  uint32
	Tag  int32
	Len  int            // bytes at Data
	Data unsafe.Pointer // the body, or the payload in the bulk ring
	Aux0 uint64         // of bulk records
	Aux1 uint64
	k    uint64 // cells
	bulk uint64 // bulk bytes to give back, skipped ones included

	rewind, rewindBulk bool
}

// Bytes is the record's payload in the ring.
func (r *Record) Bytes() []byte { return unsafe.Slice((*byte)(r.Data), r.Len) }

// NewRx makes the consumer's end of the channel in b.
func NewRx(b []byte, s Shape) (*Rx, error) {
	m, err := newMem(b, s)
	if err != nil {
		return nil, err
	}
	r := &Rx{mem: m, lines: unsafe.Add(m.base, linesOff), bulk: unsafe.Add(m.base, s.bulkOff()), mask: s.cells() - 1, lazy: s.warmCells() / 4}
	r.slot, r.want = r.lines, 1
	return r, nil
}

// step goes k cells on, or, from there, to the start of the ring, and makes the lines that are done our own: it
// zeroes their first words, see the package comment.
func (r *Rx) step(k uint64, rewind bool) {
	at := r.pos & 1
	line := unsafe.Add(r.slot, -int(at*cellBytes))
	n := (at + k) / 2
	r.pos += k
	r.slot = unsafe.Add(r.slot, k*cellBytes)
	if rewind || r.pos&r.mask == 0 {
		n = (at + k + 1) / 2
		r.pos = (r.pos + r.mask) &^ r.mask
		r.slot, r.want = r.lines, r.want%0xffff+1
	}
	own(line, n)
}

// Ready says whether something is there: one load.
func (r *Rx) Ready() bool { return atomic.LoadUint64((*uint64)(r.slot))&0xffff == r.want }

// Weak is what it is for Tx, for the head word.
func (r *Rx) Weak(on bool) { r.weak = on && canWeak }

// Peek is the first word of the next record and whether it is there: one load.
func (r *Rx) Peek() (w0 uint64, ok bool) {
	w0 = atomic.LoadUint64((*uint64)(r.slot))
	return w0, w0&0xffff == r.want
}

// Envelope is the second word of a record that Peek has found.
func (r *Rx) Envelope() uint64 { return *(*uint64)(unsafe.Add(r.slot, 8)) }

// Body is the body of n bytes of a record that Peek has found, or nil if that reaches
// out of the ring. After it, Consume(n) is Advance.
func (r *Rx) Body(n uint64) unsafe.Pointer {
	if (r.pos&r.mask)*cellBytes+wire.HeaderBytes+n > (r.mask+1)*cellBytes {
		return nil
	}
	return unsafe.Add(r.slot, wire.HeaderBytes)
}

// Consume gives back the place of the inline record with this first word, as Advance does.
func (r *Rx) Consume(w0 uint64) bool {
	k := cellsOf(w0>>32, r.pos)
	r.step(k, w0&(uint64(wire.Rewind)<<24) != 0)
	return r.pos-r.pubL > (r.mask+1)/4 && r.Publish()
}

// Relax is for a consumer that has just found nothing: it tells the producer now what would otherwise delay
// the consumer's next answer. It says whether it did.
func (r *Rx) Relax() bool { return r.pos-r.pubL > r.lazy && r.Publish() }

// Err is not nil when a record made no sense: the channel is dead.
func (r *Rx) Err() error { return r.bad }

// Next decodes the record at the head of the ring into rec, or says false:
// nothing there, or the channel is dead (see Err). Call Advance after each true.
func (r *Rx) Next(rec *Record) bool {
	for {
		w0 := atomic.LoadUint64((*uint64)(r.slot))
		if w0&0xffff != r.want {
			return false
		}
		kind, flags, n := wire.Split(w0)
		if kind == wire.Pad {
			if r.bad != nil || uint64(n) != r.mask+1-r.pos&r.mask || flags != 0 {
				return r.fail(w0)
			}
			r.step(1, true)
			continue
		}
		if !kind.Valid() || !flags.Valid() || r.bad != nil {
			return r.fail(w0)
		}
		rec.Kind, rec.Len = kind, int(n)
		rec.rewind, rec.rewindBulk = flags&wire.Rewind != 0, flags&wire.RewindBulk != 0
		rec.Ctx, rec.Tag = wire.Match(*(*uint64)(unsafe.Add(r.slot, 8)))
		if flags&wire.Bulk == 0 {
			k := cellsOf(uint64(n), r.pos)
			if r.pos&r.mask+k > r.mask+1 {
				return r.fail(w0)
			}
			rec.k, rec.bulk = k, 0
			rec.Data = unsafe.Add(r.slot, wire.HeaderBytes)
			return true
		}
		size := (uint64(n) + lineBytes - 1) &^ (lineBytes - 1)
		if n == 0 || size > uint64(r.Bulk/2) {
			return r.fail(w0)
		}
		rec.Aux0, rec.Aux1 = *(*uint64)(unsafe.Add(r.slot, 16)), *(*uint64)(unsafe.Add(r.slot, 24))
		skip := bulkSkip(r.pay, size, uint64(r.Bulk))
		rec.Data = unsafe.Add(r.bulk, (r.pay+skip)&uint64(r.Bulk-1))
		rec.k, rec.bulk = 1, skip+size
		return true
	}
}

// own zeroes the first word of k lines from p on, which makes them this
// processor's own: see the package comment.
func own(p unsafe.Pointer, k uint64) {
	for i := uint64(0); i < k; i++ {
		*(*uint64)(unsafe.Add(p, i*lineBytes)) = 0
	}
}

func (r *Rx) fail(w0 uint64) bool {
	if r.bad == nil {
		r.bad = fmt.Errorf("ring: record word %#x at cell %d makes no sense", w0, r.pos&r.mask)
	}
	return false
}

// Advance gives rec's place back. The producer learns of it at once after a bulk
// record or a quarter of the ring, else at the next Publish; it says whether
// it told the producer.
func (r *Rx) Advance(rec *Record) bool {
	if rec.bulk != 0 {
		own(rec.Data, (uint64(rec.Len)+lineBytes-1)/lineBytes)
	}
	r.step(rec.k, rec.rewind)
	r.pay += rec.bulk
	if rec.rewindBulk {
		r.pay = (r.pay + uint64(r.Bulk-1)) &^ uint64(r.Bulk-1)
	}
	if rec.bulk != 0 || r.pos-r.pubL > (r.mask+1)/4 {
		return r.Publish()
	}
	return false
}

// Publish tells the producer all that was consumed, if it does not know yet, and says whether it had to.
func (r *Rx) Publish() bool {
	if r.pos == r.pubL && r.pay == r.pubB {
		return false
	}
	r.pubL, r.pubB = r.pos, r.pay
	publish(r.head(), packHead(r.pos, r.pay), r.weak)
	return true
}

// Unpublished says whether Publish has something to tell.
func (r *Rx) Unpublished() bool { return r.pos != r.pubL }
