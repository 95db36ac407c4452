package collective

import (
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// A board is memory that the ranks of a communicator on one node share for their collectives. Each rank writes to its
// own places, and reads those of the others: publish, synchronise, pull.
//
//	0            head    parked and resting, closed, arrived, met: a line each
//	512          flags   rounds x 128 bytes for each rank, and 128 bytes for its left word
//	(next page)  cells   rounds x cell bytes for each rank, page aligned
//
// # Rounds
//
// All ranks count rounds, one or more for each collective. In a round a rank may publish something: it writes
// data (up to inline bytes behind its flag, else into its cell), the signature of the operation, and
// then the flag, the number of the round. Who waits for the flag may read until it has left the round.
//
//	flag   8 bytes  number of the last round published here; by the rank, publishes all that it wrote before
//	sign   8 bytes  signature of that round's operation; by the rank, before flag
//	about  8 bytes  lengths, where the signature has none: see about; by the rank, before flag. Afterwards by the reader, see used
//	inline          data
//	left   8 bytes  the rank reads nothing of this round and those before any more; by the rank
//	recall 8 bytes  64 behind left: what the rank has lent is worth nothing any more; see board_arena.go
//
// A rank has as many places as there are rounds that it can be ahead: place i serves rounds i, i+rounds, i+2 rounds...
// Before it writes to one it must know that everybody has left the round it served last. After an operation in which all publish
// it knows: who has published a round has done with those before the last two. Else it looks at
// the left words, which ranks write at the end of operations in which not all publish.
//
// With more ranks than processors, operations in which all publish and all wait for all count arrivals besides: see board_crowd.go.
//
// It can't deadlock: of the ranks in the earliest operation, none waits for another to leave an operation that
// this one has not left.
type board struct {
	eng     *engine.Engine
	plane   uint32
	members []int32
	me, n   int

	base   unsafe.Pointer
	cells  uintptr // offset of the cells
	cell   int     // bytes of a cell, a power of two
	rounds int     // that a rank can be ahead, a power of two
	common *mpi.Common

	round    uint64 // the last that this rank has begun
	known    uint64 // everybody has left this round
	looks    int
	crowd    bool   // more ranks than processors
	most     int    // bytes of the largest element
	meets    uint64 // meetings that this rank has come to, see board_crowd.go
	xs       []unsafe.Pointer
	got      []int // bytes from each rank, in alltoallv
	loans    loans
	lendFrom int   // bytes of an operation from which on data is lent
	err      error // of the operation that failed: the ranks are out of step since
}

const (
	line       = tune.BoardLine
	inline     = line - 24
	boardHead  = tune.BoardHead
	minChunk   = 16 << 10
	firstRound = 8 // the number before the first: flags begin as 0
)

func (b *board) parked() *uint32 { return (*uint32)(b.base) }
func (b *board) closed() *uint32 { return (*uint32)(unsafe.Add(b.base, line)) }

// place is where rank r publishes in a round.
func (b *board) place(r int, round uint64) unsafe.Pointer {
	return unsafe.Add(b.base, boardHead+(r*(b.rounds+1)+int(round)&(b.rounds-1))*line)
}

func (b *board) left(r int) *uint64 {
	return (*uint64)(unsafe.Add(b.base, boardHead+(r*(b.rounds+1)+b.rounds)*line))
}

// about is what rank r says about the data that it publishes in a round, in operations where only it knows that.
func (b *board) about(r int, round uint64) *uint64 {
	return (*uint64)(unsafe.Add(b.place(r, round), 16))
}

// data is where n bytes that rank r publishes in a round lie, n at most the size of a cell.
func (b *board) data(r int, round uint64, n int) unsafe.Pointer {
	if n <= inline {
		return unsafe.Add(b.place(r, round), 24)
	}
	return unsafe.Add(b.base, b.cells+uintptr((r*b.rounds+int(round)&(b.rounds-1))*b.cell))
}

// chunk is how many of so many bytes a rank publishes in a round: as much as a cell holds, but of short data a quarter, so that one
// rank reads while the other writes. In a crowd they don't work at the same time anyway.
func (b *board) chunk(bytes int) int {
	c := b.cell
	for !b.crowd && c > minChunk && 4*c > bytes {
		c /= 2
	}
	return c
}

// begin starts the next round in which this rank publishes, and waits until its place is free.
func (b *board) begin(x *call) bool {
	b.round++
	return b.known+uint64(b.rounds) >= b.round || b.makeRoom(x)
}

// makeRoom waits until all have left the round that the place for this one served before.
func (b *board) makeRoom(x *call) bool {
	least := b.round
	for r := range b.n {
		if r == b.me {
			continue
		}
		w := b.left(r)
		if atomic.LoadUint64(w) < b.round-uint64(b.rounds) && !b.await(x, w, b.round-uint64(b.rounds)) {
			return false
		}
		least = min(least, atomic.LoadUint64(w))
	}
	b.known = least
	return true
}

// publish makes visible what this rank has written for the round.
func (b *board) publish(sign signature) {
	p := b.place(b.me, b.round)
	*(*signature)(unsafe.Add(p, 8)) = sign
	if b.loans.saying {
		b.say(p)
	}
	atomic.StoreUint64((*uint64)(p), b.round)
	b.wake()
}

// wake wakes those who sleep for a word of the board.
func (b *board) wake() {
	if atomic.LoadUint32(b.parked()) != 0 || atomic.LoadUint32(b.resting()) != 0 {
		b.wakeAll()
	}
}

func (b *board) wakeAll() {
	for _, m := range b.members {
		b.eng.Job().Wake(int(m))
	}
}

// see waits until rank r has published a round of the same operation.
func (b *board) see(x *call, r int, round uint64, sign signature) bool {
	p := b.place(r, round)
	flag := (*uint64)(p)
	if atomic.LoadUint64(flag) < round && !b.await(x, flag, round) {
		return false
	}
	// Nobody publishes there again before this rank has left the round.
	if theirs := *(*signature)(unsafe.Add(p, 8)); theirs != sign || atomic.LoadUint64(flag) != round {
		return b.differ(x, r, round, theirs, sign)
	}
	return true
}

// seeAll waits until everybody has published a round of the same operation.
func (b *board) seeAll(x *call, round uint64, sign signature) bool {
	for r := range b.n {
		if r != b.me && !b.see(x, r, round, sign) {
			return false
		}
	}
	b.known = max(b.known, round-3) // who has published a round may still read the two before
	return true
}

// peer is the other one of two ranks.
func (b *board) peer() int { return 1 - b.me&1 }

// used says that this rank has read n bytes that rank r had published. With a single reader it writes once to every line, as rings
// do (see package ring): the line is then its own, from where the writer gets it in one step for its next round. Lines that
// one side only writes and the other only reads cost several times more on some machines.
func (b *board) used(r int, round uint64, n int) {
	if b.n != 2 {
		return
	}
	p := b.place(r, round)
	*(*uint64)(unsafe.Add(p, 16)) = 0
	if n <= inline {
		if n > 40 {
			*(*uint64)(unsafe.Add(p, 64)) = 0
		}
		return
	}
	p = b.data(r, round, n)
	for at := 0; at < n; at += 64 {
		*(*uint64)(unsafe.Add(p, at)) = 0
	}
}

// done ends an operation in which all have published, and all has been read but what is of the last two rounds.
func (b *board) done() {
	b.known = max(b.known, b.round-2)
	b.ahead()
}

// leaveRounds ends an operation in which not all have published.
func (b *board) leaveRounds() {
	atomic.StoreUint64(b.left(b.me), b.round)
	b.wake()
	if b.known+uint64(b.rounds) > b.round {
		b.ahead()
	}
}

// ahead takes back the line where this rank publishes next, before it is in a hurry: the reader has it, see used. All have left the round
// that the place served before.
func (b *board) ahead() {
	if b.n == 2 {
		*(*signature)(unsafe.Add(b.place(b.me, b.round+1), 8)) = 0
	}
}

// await waits for a word to reach upTo.
func (b *board) await(x *call, w *uint64, upTo uint64) bool {
	return b.soon(x, w, upTo) || b.sleep(x, b.parked(), w, upTo)
}

// soon waits for a word as long as it is likely to come.
func (b *board) soon(x *call, w *uint64, upTo uint64) bool {
	for range b.looks {
		if atomic.LoadUint64(w) >= upTo {
			return true
		}
	}
	x.note()
	return b.crowd && x.aside == nil && b.eng.AwaitSoon(w, upTo)
}

// sleep waits for a word, and counts this rank among those who have to be woken.
func (b *board) sleep(x *call, sleepers *uint32, w *uint64, upTo uint64) bool {
	atomic.AddUint32(sleepers, 1)
	err := b.eng.Await(x.bound, b.plane, b.members, w, upTo, x.aside)
	atomic.AddUint32(sleepers, ^uint32(0))
	if err != nil {
		b.fail(x, err)
		return false
	}
	return true
}

// fail ends the use of the board: this rank's next round is no longer that of the others.
func (b *board) fail(x *call, err error) {
	b.err = err
	atomic.StoreUint64(b.recall(b.me), 1)
	x.spoil(x.rankOf(x.rank), true, err)
}

// giveUp tells those who wait for this rank in the next round that it has no data for them.
func (b *board) giveUp(x *call) {
	if b.begin(x) {
		b.publish(gaveUp)
		b.fail(x, x.err)
	}
}

// leave gives the board up. The last rank to do so frees it.
func (b *board) leave() {
	if atomic.AddUint32(b.closed(), 1) == uint32(b.n) {
		b.common.Free()
	}
}
