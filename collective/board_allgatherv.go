package collective

import (
	"sync/atomic"
	"unsafe"
)

// allgatherv: everybody publishes its piece and copies those of the others. All know all counts, or find out by the signatures.
//
// Cost: a round for each cell of the longest piece. Each rank writes its piece once more and reads all pieces.
func (b *board) allgatherv(x *call, j *job, sign signature) {
	dst := cutUp(j.dst, j.in, b.n)
	longest, hash := longestOf(&dst, b.n)
	sign |= signature(hash) << signOp
	own := dst.piece(b.me).p
	if !b.postPart(x, j.src, 0, sign) {
		return
	}
	for at := 0; at == 0 || at < longest; at += b.cell {
		round := b.round
		if !b.meet(x, round, sign) {
			b.nameLength(x, &dst, round)
			b.endOrGiveUp(x)
			return
		}
		if next := at + b.cell; next < longest && !b.postPart(x, j.src, next, sign) {
			return
		}
		if n := b.partOf(j.src, at); n > 0 && own != j.src.p { // while it is in the cache
			move(unsafe.Add(own, at), unsafe.Add(j.src.p, at), n)
		}
		for i := 1; i < b.n; i++ {
			r := (b.me + i) % b.n
			to := dst.piece(r)
			n := b.partOf(to, at)
			if n > 0 {
				move(unsafe.Add(to.p, at), b.data(r, round, n), n)
			}
			b.used(r, round, n)
		}
	}
	b.done()
}

// partOf is how many bytes of a piece a cell holds, from byte at on.
func (b *board) partOf(piece block, at int) int { return max(0, min(b.cell, piece.bytes-at)) }

// postPart publishes them, and how long the piece is, to be named if ranks disagree.
func (b *board) postPart(x *call, piece block, at int, sign signature) bool {
	if !b.begin(x) {
		return false
	}
	if n := b.partOf(piece, at); n > 0 {
		move(b.data(b.me, b.round, n), unsafe.Add(piece.p, at), n)
	}
	*b.about(b.me, b.round) = uint64(piece.bytes)
	b.publishToAll(sign)
	return true
}

// nameLength makes the error say whose length is another one, if it is that.
func (b *board) nameLength(x *call, dst *cursor, round uint64) {
	for r := range b.n {
		p := b.place(r, round)
		if r == b.me || atomic.LoadUint64((*uint64)(p)) != round || code(*(*signature)(unsafe.Add(p, 8))&0xff) != opAllgatherv {
			continue
		}
		if theirs, mine := *b.about(r, round), dst.piece(r).bytes; theirs != uint64(mine) {
			x.err = nil
			x.wrongLength(r, theirs, mine)
			return
		}
	}
}

// longestOf is the length of the longest of n pieces in bytes, and a number that is most likely another one for other lengths.
func longestOf(c *cursor, n int) (longest int, hash uint32) {
	h := uint64(0)
	for i := range n {
		k := c.piece(i).bytes
		longest = max(longest, k)
		h = (h ^ uint64(k)) * 0x9e3779b97f4a7c15 // 2^64 by the golden ratio
		h ^= h >> 29
	}
	return longest, uint32(h >> 32)
}
