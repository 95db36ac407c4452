package collective

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
)

// Large data that lies in an arena is lent: its rank publishes where it lies, and the others copy it, or fold it, straight from there. Each
// byte is moved once.
//
// Whether one's data is in an arena is nothing that others know. So in the first round of every large operation each
// rank that publishes says in its line in which form it does so, in all rounds of that operation:
//
//	in its cells  as small operations do
//	lent          from where to where. It publishes nothing more, or rounds without data if others have theirs in cells
//
// What follows may depend on the forms that all ranks of the operation have seen, and on nothing else. A loan ends when everybody has left the round (see
// the left words) or published a later one; the lender returns no earlier. A lender that has to return with an error recalls its loans: who has
// read then looks at the recall word and drops what it has got.
//
// Cost: one round more than small operations, for leaving. No copy but that to the place where the data is needed.

// loan is what a rank says about its data in the first round of a large operation, behind its flag.
type loan struct {
	heap  uint32 // 1 + the rank whose arena it lies in; 0: it is in cells
	here  uint32 // inPlace, or 0
	off   uint64 // in that arena, in bytes
	bytes uint64
}

// inPlace: the lender writes its result over what it has lent, each part when everybody has folded that part.
const inPlace = 1

// piece is how much is moved at a time, so that the garbage collector never waits long for a rank.
const lentPiece = 256 << 10

var errRecalled = errors.New("it took its buffer back")

// loans is what a board knows of the loans of one operation.
type loans struct {
	views  []*arena.View    // of the arenas of members, as they were needed
	refs   []unsafe.Pointer // where the data of each rank lies; nil: in its cells
	mine   loan             // what this rank says in the next round that it publishes, if saying
	saying bool
	lends  bool // this rank's data is lent
	seen   int  // ranks that lend
	places int  // of them, in place
}

// recall is not 0 if rank r has taken back what it lent; by rank r.
func (b *board) recall(r int) *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(b.left(r)), 64)) }

// offer prepares the first round of a large operation: it finds out whether this rank's data, the same number of bytes on each rank that has
// some, can be lent. With where inPlace it tells others that it writes there.
func (b *board) offer(p unsafe.Pointer, bytes int, where uint32) {
	b.listen()
	l := &b.loans
	l.mine, l.saying = loan{bytes: uint64(bytes), here: where}, true
	s := unsafe.Slice((*byte)(p), bytes)
	for i := range b.n {
		r := (b.me + i) % b.n
		// Who has memory in an arena has it open.
		if v := b.eng.Opened(int(b.members[r])); v != nil {
			if off, ok := v.Locate(s); ok {
				l.mine.heap, l.mine.off = uint32(r)+1, off
				break
			}
		}
	}
	l.lends = l.mine.heap != 0
	if l.lends {
		l.refs[b.me] = p
		l.count(where)
	}
}

// keep takes an offer back that was not published yet.
func (b *board) keep() {
	b.listen()
	b.loans.mine.heap, b.loans.lends = 0, false
}

// listen is offer for a rank that has nothing to publish.
func (b *board) listen() {
	l := &b.loans
	if l.refs == nil {
		l.refs, l.views = make([]unsafe.Pointer, b.n), make([]*arena.View, b.n)
	}
	clear(l.refs)
	l.seen, l.places = 0, 0
}

func (l *loans) count(where uint32) {
	l.seen++
	if where == inPlace {
		l.places++
	}
}

// say writes the form of this rank's data into its line.
func (b *board) say(line unsafe.Pointer) {
	*(*loan)(unsafe.Add(line, 24)) = b.loans.mine
	b.loans.saying = false
}

// hear learns in which form rank r publishes so many bytes, from its first round of the operation, which has been seen.
func (b *board) hear(x *call, r int, round uint64, bytes int) bool {
	said := *(*loan)(unsafe.Add(b.place(r, round), 24))
	if said.bytes != uint64(bytes) {
		b.fail(x, fmt.Errorf("%w: rank %d has %d bytes, want %d", ErrMismatch, x.rankOf(r), said.bytes, bytes))
		return false
	}
	if said.heap == 0 {
		return true
	}
	mem, err := b.window(said)
	if err != nil {
		b.fail(x, fmt.Errorf("%w: where the data of rank %d lies: %w", engine.ErrCorrupt, x.rankOf(r), err))
		return false
	}
	b.loans.refs[r] = unsafe.Pointer(unsafe.SliceData(mem))
	b.loans.count(said.here)
	return true
}

// window is the memory that another rank has named.
func (b *board) window(said loan) ([]byte, error) {
	if said.heap > uint32(b.n) {
		return nil, fmt.Errorf("arena of rank %d of %d", int64(said.heap)-1, b.n)
	}
	heap := int(said.heap) - 1
	v := b.loans.views[heap]
	if v == nil {
		var err error
		if v, err = b.eng.View(int(b.members[heap])); err != nil {
			return nil, err
		}
		b.loans.views[heap] = v
	}
	return v.Window(said.off, said.bytes)
}

// hearAll is hear for everybody, where all publish.
func (b *board) hearAll(x *call, round uint64, bytes int) bool {
	for r := range b.n {
		if r != b.me && !b.hear(x, r, round, bytes) {
			return false
		}
	}
	return true
}

// allLend: nobody's data is in cells. All ranks say the same where all publish and have been heard.
func (b *board) allLend() bool { return b.loans.seen == b.n }

// someLend: there is somebody to wait for at the end.
func (b *board) someLend() bool { return b.loans.seen > 0 }

// at is where n bytes of rank r's data lie: in the cell that it published in a round, or, if it lends, from so many bytes on.
func (b *board) at(r int, round uint64, n, off int) unsafe.Pointer {
	if b.loans.seen > 0 && b.loans.refs[r] != nil {
		return unsafe.Add(b.loans.refs[r], off)
	}
	return b.data(r, round, n)
}

// usedCell is used for data that may be lent: no reader writes there.
func (b *board) usedCell(r int, round uint64, n int) {
	if b.loans.seen > 0 && b.loans.refs[r] != nil {
		n = 0
	}
	b.used(r, round, n)
}

// forget ends what this rank knows of loans, after an operation.
func (b *board) forget() { b.loans.lends, b.loans.seen = false, 0 }

// settle ends an operation in which somebody has lent: everybody leaves, and lenders wait for that.
func (b *board) settle(x *call) {
	b.leaveRounds()
	if b.loans.lends && !b.returned(x, b.round) || !b.kept(x) {
		return
	}
	b.forget()
}

// endAll ends an operation in which all have published and have been heard.
func (b *board) endAll(x *call) {
	if b.someLend() {
		b.settle(x)
	}
	b.done()
}

// lendTo ends an operation for a rank that lends to root alone. It skips the rounds in which others publish what is in their cells.
func (b *board) lendTo(x *call, root, rounds int) {
	if b.hasLeft(x, root, b.round) {
		b.round += uint64(rounds - 1)
		b.leaveRounds()
		b.forget()
	}
}

// returned waits until everybody has left a round.
func (b *board) returned(x *call, round uint64) bool {
	for r := range b.n {
		if r != b.me && !b.hasLeft(x, r, round) {
			return false
		}
	}
	b.known = max(b.known, round)
	return true
}

// hasLeft waits until rank r has left a round.
func (b *board) hasLeft(x *call, r int, round uint64) bool {
	w := b.left(r)
	return atomic.LoadUint64(w) >= round || b.await(x, w, round)
}

// kept reports whether nobody has recalled what this rank has read.
func (b *board) kept(x *call) bool {
	// What was read was read before this store, which no load overtakes.
	atomic.StoreUint64((*uint64)(unsafe.Add(unsafe.Pointer(b.left(b.me)), 8)), b.round)
	for r, p := range b.loans.refs {
		if p != nil && r != b.me && atomic.LoadUint64(b.recall(r)) != 0 {
			b.fail(x, fmt.Errorf("rank %d: %w: %w", x.rankOf(r), ErrGaveUp, errRecalled))
			return false
		}
	}
	return true
}

// moveLarge is move in pieces.
func moveLarge(dst, src unsafe.Pointer, n int) {
	for at := 0; at < n; at += lentPiece {
		move(unsafe.Add(dst, at), unsafe.Add(src, at), min(lentPiece, n-at))
	}
}

// foldLent folds n elements of everybody's data, all lent, from element first on, into dst.
func (b *board) foldLent(j *job, dst unsafe.Pointer, first, n, elem int) {
	per := max(1, lentPiece/elem)
	for i := 0; i < n; i += per {
		for r, p := range b.loans.refs {
			b.xs[r] = unsafe.Add(p, (first+i)*elem)
		}
		j.fold.FoldAll(unsafe.Add(dst, i*elem), b.xs, min(per, n-i))
	}
}

// lendable says that an operation with so many bytes on each rank begins with forms.
func (b *board) lendable(bytes int) bool { return bytes >= b.lendFrom }
