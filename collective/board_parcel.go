package collective

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
)

// A parcel is what a rank publishes in one round if each of the others is to get something of its own, and only it knows how much:
//
//	0        entries  8 bytes for each other rank, the next one first
//	(8-64)   data     of the first, the second ... as far as there is room
//
//	entry    bits 0-31   bytes that are left for the rank, from here on; 2^32-1: that many or more
//	         bits 32-63  where the first of them lies in the parcel; they go on to its end, or as far as there is room
//
// It lies behind the flag if it fits there, else in the cell. The word about it says so, and whether there will be
// more. The readers know how much is for them, and believe an entry only if it agrees.
const (
	hasMore = 1 << iota
	isInLine

	manyBytes = math.MaxUint32
)

// parcels reports whether entries take little of a cell.
func (b *board) parcels() bool { return b.entries() <= b.cell/4 }

func (b *board) entries() int { return 8 * (b.n - 1) }

// packing is how far a rank has come with pieces for the others.
type packing struct {
	out  *cursor
	most int  // longer pieces are announced, and left out
	to   int  // the first that is not complete: so many ranks after this one
	from int  // bytes of its piece that have been published
	more bool // not all has been published
}

// packParcel begins the next round and writes what there is room for.
func (b *board) packParcel(x *call, k *packing) bool {
	if !b.begin(x) {
		return false
	}
	p, room, about := b.data(b.me, b.round, inline+1), b.cell, uint64(0)
	if b.fitsInLine(k) {
		p, room, about = b.data(b.me, b.round, inline), inline, isInLine
	}
	k.fill(b, p, room)
	if k.more {
		about |= hasMore
	}
	*b.about(b.me, b.round) = about
	return true
}

// fitsInLine reports whether all that is left fits behind the flag.
func (b *board) fitsInLine(k *packing) bool {
	if k.from > 0 || b.entries() >= inline {
		return false
	}
	end := b.entries()
	for i := k.to; i < b.n && end <= inline; i++ {
		if n := k.out.size((b.me + i) % b.n); n <= k.most {
			end = startIn(end, n) + n
		}
	}
	return end <= inline
}

// startIn is where n bytes begin in a parcel that is full up to end.
func startIn(end, n int) int {
	if n >= 128 {
		return (end + 63) &^ 63
	}
	return (end + 7) &^ 7
}

// fill writes a parcel to p.
func (k *packing) fill(b *board, p unsafe.Pointer, room int) {
	end, first, skip := b.entries(), k.to, k.from
	k.to, k.from = b.n, 0
	for i := 1; i < b.n; i++ {
		r, at, left := (b.me+i)%b.n, 0, 0
		if i == first {
			at = skip
		}
		if i >= first {
			left = k.out.size(r) - at
		}
		start := min(startIn(end, left), room)
		if n := min(left, room-start); left > 0 && left <= k.most {
			k.out.pack(unsafe.Add(p, start), r, at, n)
			end = start + n
			if n < left && k.to == b.n {
				k.to, k.from = i, at+n
				end = room // nothing after what is to be continued
			}
		}
		*(*uint64)(unsafe.Add(p, 8*(i-1))) = uint64(start)<<32 | min(uint64(left), manyBytes)
	}
	k.more = k.to < b.n
}

// delivery is what a parcel has for this rank: n bytes at p.
type delivery struct {
	p     unsafe.Pointer
	n     int
	end   int // of what this rank has to read of the parcel
	there int // bytes that are left by the entry
}

// deliver is what rank r has published in a round, that has been seen, for this rank. What stands there came from another
// process: nothing outside of the parcel is ever read. It fails if not so many bytes are left as the entry says; done is how many came before.
func (b *board) deliver(x *call, r int, round uint64, left, done int) (d delivery, ok bool) {
	p, room := b.data(r, round, inline+1), b.cell
	if *b.about(r, round)&isInLine != 0 {
		p, room = b.data(r, round, inline), inline
	}
	at := 8 * ((b.me-r+b.n)%b.n - 1)
	if at+8 > room {
		return d, b.nonsense(x, r)
	}
	entry := *(*uint64)(unsafe.Add(p, at))
	start := int(entry >> 32)
	there := entry & manyBytes
	if d.there = int(there); there != min(uint64(left), manyBytes) {
		x.wrongLength(r, uint64(done)+there, done+left)
		return d, false
	}
	if start < b.entries() || start > room {
		return d, b.nonsense(x, r)
	}
	d.p, d.n = unsafe.Add(p, start), min(left, room-start)
	d.end = start + d.n
	if room > inline {
		d.end = max(d.end, inline+1) // for used
	}
	return d, true
}

// wrongLength notes that rank r has another length for this rank. Who goes on after that gives up at the end.
func (x *call) wrongLength(r int, theirs uint64, mine int) {
	x.spoil(x.own, true, fmt.Errorf("%w: %s has %d bytes, want %d", ErrMismatch, x.who(x.rankOf(r)), theirs, mine))
}

func (b *board) nonsense(x *call, r int) bool {
	b.fail(x, fmt.Errorf("%w: what %s has published is nonsense", engine.ErrCorrupt, x.who(x.rankOf(r))))
	return false
}

// endOrGiveUp ends an operation in which this rank may have gone on after an error, so that nobody waits for it in vain: who looks at its next round
// finds out.
func (b *board) endOrGiveUp(x *call) {
	if x.err != nil {
		b.giveUp(x)
	}
}

// pack copies n bytes of piece i from at on to p.
func (c *cursor) pack(p unsafe.Pointer, i, at, n int) {
	if c.layouts == nil {
		move(p, unsafe.Add(c.piece(i).p, at), n)
		return
	}
	d := laid(c.b, nth(c.layouts, i))
	if d.Layout.IsWhole() {
		move(p, unsafe.Add(d.P, at), n)
		return
	}
	d.Layout.Pack(unsafe.Slice((*byte)(p), n), unsafe.Slice((*byte)(c.b.p), c.b.bytes), d.Elem, at)
}

// unpack copies n bytes at p to piece i from at on.
func (c *cursor) unpack(p unsafe.Pointer, i, at, n int) {
	if c.layouts == nil {
		move(unsafe.Add(c.piece(i).p, at), p, n)
		return
	}
	d := laid(c.b, nth(c.layouts, i))
	if d.Layout.IsWhole() {
		move(unsafe.Add(d.P, at), p, n)
		return
	}
	d.Layout.Unpack(unsafe.Slice((*byte)(c.b.p), c.b.bytes), d.Elem, at, unsafe.Slice((*byte)(p), n))
}
