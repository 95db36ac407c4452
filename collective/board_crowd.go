package collective

import (
	"sync/atomic"
	"unsafe"
)

// # Meetings
//
// With more ranks than processors it counts how often a rank is switched in and finds that it has to wait for yet another one.
// So a round in which all publish and all wait for all is a meeting: who has published adds 1 to a counter. The last to arrive
// compares the signatures of all and, if they agree, writes the number of the round to one word, the only one that the others wait for. What
// can be done once for all, such as a fold, the last to arrive does before.
//
//	resting  4 bytes  ranks that sleep until a meeting is over: who arrives has no need to wake them
//	arrived  8 bytes  arrivals at all meetings so far; the rank that makes it n times the meetings that it has come to is the last
//	met      8 bytes  the last round that all have published, by the last to arrive
//	         ...      behind it, from byte 24 on, a short result
//
// A result stays until all have arrived at the next meeting: they have left this one then.
//
// If signatures differ, or a rank does something else, met stays behind. Who has waited for long looks at the flags of all, finds the
// one that differs, and fails, as without a counter.

func (b *board) resting() *uint32 { return (*uint32)(unsafe.Add(b.base, 4)) }
func (b *board) arrived() *uint64 { return (*uint64)(unsafe.Add(b.base, 2*line)) }
func (b *board) met() *uint64     { return (*uint64)(unsafe.Add(b.base, 3*line)) }

// result is where the last to arrive leaves n bytes for all: what rank 0 has published becomes the result, if it is long.
func (b *board) result(n int) unsafe.Pointer {
	if n <= inline {
		return unsafe.Add(b.base, 3*line+24)
	}
	return b.data(0, b.round, n)
}

// crowded says that rounds in which all wait for all are meetings. Two ranks have no need of a counter.
func (b *board) crowded() bool { return b.crowd && b.n > 2 }

// publishToAll is publish in a round that all publish and wait for.
func (b *board) publishToAll(sign signature) {
	if !b.crowded() {
		b.publish(sign)
	} else if b.arrive(sign) {
		b.conclude(sign)
	}
}

// arrive publishes, and says that this rank is the last to do so. It then has to conclude the meeting.
func (b *board) arrive(sign signature) bool {
	p := b.place(b.me, b.round)
	*(*signature)(unsafe.Add(p, 8)) = sign
	if b.loans.saying {
		b.say(p)
	}
	atomic.StoreUint64((*uint64)(p), b.round)
	b.meets++
	if atomic.AddUint64(b.arrived(), 1) == b.meets*uint64(b.n) {
		return true
	}
	if atomic.LoadUint32(b.parked()) != 0 { // in something else
		b.wakeAll()
	}
	return false
}

// agreed reports whether all have published this round with the same signature.
func (b *board) agreed(sign signature) bool {
	for r := range b.n {
		p := b.place(r, b.round)
		if atomic.LoadUint64((*uint64)(p)) != b.round || *(*signature)(unsafe.Add(p, 8)) != sign {
			return false
		}
	}
	return true
}

// conclude ends a meeting. If ranks disagree, all have to look for themselves.
func (b *board) conclude(sign signature) {
	if b.agreed(sign) {
		atomic.StoreUint64(b.met(), b.round)
	}
	b.wake()
}

// meet waits until everybody has published a round of the same operation.
func (b *board) meet(x *call, round uint64, sign signature) bool {
	if !b.crowded() {
		return b.seeAll(x, round, sign)
	}
	if atomic.LoadUint64(b.met()) < round && !b.soon(x, b.met(), round) && !b.rest(x, round, sign) {
		return false
	}
	b.known = max(b.known, round-3) // as in seeAll
	return true
}

// rest is meet for long.
func (b *board) rest(x *call, round uint64, sign signature) bool {
	for r := range b.n {
		p := b.place(r, round)
		flag := (*uint64)(p)
		if atomic.LoadUint64(flag) < round && !b.sleep(x, b.resting(), flag, round) || !b.see(x, r, round, sign) {
			return false
		}
	}
	return atomic.LoadUint64(b.met()) >= round || b.sleep(x, b.resting(), b.met(), round)
}

// allreduceMet: everybody publishes its vector, the last to arrive folds them, from rank 0 to n-1.
//
// Cost: one meeting. Each rank writes its vector and reads the result; one reads n vectors.
func (b *board) allreduceMet(x *call, j *job, sign signature) {
	if !b.begin(x) {
		return
	}
	bytes := j.src.bytes
	move(b.data(b.me, b.round, bytes), j.src.p, bytes)
	if b.arrive(sign) {
		if b.agreed(sign) {
			for r := range b.xs {
				b.xs[r] = b.data(r, b.round, bytes)
			}
			j.fold.FoldAll(b.result(bytes), b.xs, j.src.n)
		}
		b.conclude(sign)
	}
	if b.meet(x, b.round, sign) {
		move(j.dst.p, b.result(bytes), bytes)
		b.known = b.round - 1
	}
}

// metMost is the largest vector in bytes that the last to arrive folds alone.
const metMost = 4096
