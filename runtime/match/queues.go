package match

import "github.com/golaunch/golaunch/runtime/invariants"

// The wildcards of a receive. The numbers are those of the standard MPI ABI.
const (
	AnySource int32 = -1
	AnyTag    int32 = -2
)

// Queues is the posted and the unexpected queue of one rank, all its
// communicators together. P is what the caller keeps of a posted receive, U of
// an unexpected message. Use New; not safe for concurrent use.
type Queues[P, U any] struct {
	// The gate's counters come first: Quiet reads them on every fast receive.
	wild int32   // posted receives from AnySource
	busy []int32 // per source: receives posted for it + unexpected messages of it

	posted   queue
	receives []P // by slot of posted; zero where free
	early    unexpected
	messages []U // by slot of early; zero where free
}

// Handle names one posting of a receive, for Cancel. The zero Handle names
// none. A handle is never valid again once its receive has left the queue.
type Handle struct {
	seq  uint64
	slot int32
}

// New returns empty queues for sources 0..sources-1. It allocates four bytes
// per source; larger sources may come all the same and make the queues grow.
func New[P, U any](sources int) *Queues[P, U] {
	return &Queues[P, U]{busy: make([]int32, sources)}
}

// Quiet reports that nothing here concerns the next message of src: no posted
// receive could take a message of src, whatever its context (none for src, none for
// AnySource), and no message of src waits. Then, and only then, may a receive
// take that message straight from the channel. It is inlined: two loads that
// matter, one of them shared by all sources.
func (q *Queues[P, U]) Quiet(src int32) bool {
	return q.wild == 0 && (uint(src) >= uint(len(q.busy)) || q.busy[src] == 0)
}

// Post calls a receive. If an unexpected message fits, the oldest that does is
// removed and returned, and p is not used. Otherwise p is posted as the newest
// receive and h names it.
func (q *Queues[P, U]) Post(ctx uint32, src, tag int32, p P) (u U, matched bool, h Handle) {
	invariants.Check(src >= AnySource, "match: receive posted from a negative source")
	if q.early.slots.n != 0 {
		if i := q.early.find(ctx, src, tag); i != 0 {
			return q.takeMessage(i), true, Handle{}
		}
	}
	i := q.posted.add(wordOf(ctx, tag), src)
	q.receives = put(q.receives, i, p)
	q.count(src, 1)
	return u, false, Handle{seq: q.posted.slots.seq, slot: i}
}

// Cancel takes back a posted receive and returns what was posted. It reports
// false, and does nothing, if h's receive is no longer posted: matched,
// cancelled or removed before, even if its slot has been used again since. A
// handle of another Queues is not told apart.
func (q *Queues[P, U]) Cancel(h Handle) (P, bool) {
	if h.seq == 0 || q.posted.slots.at[h.slot].seq != h.seq {
		var none P
		return none, false
	}
	return q.takeReceive(h.slot), true
}

// Arrive offers a message. The oldest posted receive that fits, exact or
// wildcard, is removed and returned; if there is none nothing changes, and the
// caller delivers the message in another way or hands it to AddUnexpected.
func (q *Queues[P, U]) Arrive(ctx uint32, src, tag int32) (p P, matched bool) {
	i := q.receiveFor(ctx, src, tag)
	if i == 0 {
		return p, false
	}
	return q.takeReceive(i), true
}

// Find is Arrive that leaves the receive posted: for a message that its sender
// may take back until it is told of the match. Cancel with the receive's handle
// makes the match.
func (q *Queues[P, U]) Find(ctx uint32, src, tag int32) (p P, ok bool) {
	i := q.receiveFor(ctx, src, tag)
	if i == 0 {
		return p, false
	}
	return q.receives[i], true
}

// AddUnexpected queues a message as the newest of its source. Call it only
// after Arrive has said no to the same envelope, with no Post in between:
// otherwise a receive and its message would miss each other for ever.
func (q *Queues[P, U]) AddUnexpected(ctx uint32, src, tag int32, u U) {
	if invariants.Enabled {
		invariants.Check(q.receiveFor(ctx, src, tag) == 0, "match: message queued though a posted receive fits")
	}
	i := q.early.add(wordOf(ctx, tag), src)
	q.messages = put(q.messages, i, u)
	q.count(src, 1)
}

// Peek returns the oldest unexpected message that fits, with its true source
// and tag, and leaves it where it is: MPI's probe.
func (q *Queues[P, U]) Peek(ctx uint32, src, tag int32) (u U, from, with int32, ok bool) {
	i := q.messageFor(ctx, src, tag)
	if i == 0 {
		return u, 0, 0, false
	}
	e := &q.early.slots.at[i]
	return q.messages[i], e.src, e.word.tag(), true
}

// Take is Peek that removes the message: MPI's matched probe.
func (q *Queues[P, U]) Take(ctx uint32, src, tag int32) (u U, from, with int32, ok bool) {
	i := q.messageFor(ctx, src, tag)
	if i == 0 {
		return u, 0, 0, false
	}
	from, with = q.early.slots.at[i].src, q.early.slots.at[i].word.tag()
	return q.takeMessage(i), from, with, true
}

// PostedCount is the number of posted receives.
func (q *Queues[P, U]) PostedCount() int { return q.posted.slots.n }

// UnexpectedCount is the number of unexpected messages.
func (q *Queues[P, U]) UnexpectedCount() int { return q.early.slots.n }

// receiveFor returns the slot of the oldest posted receive that fits a message, or 0.
func (q *Queues[P, U]) receiveFor(ctx uint32, src, tag int32) int32 {
	invariants.Check(src >= 0, "match: message from a negative source")
	invariants.Check(tag != AnyTag, "match: message with the tag AnyTag")
	w := wordOf(ctx, tag)
	i := q.posted.receive(w, src)
	if q.wild != 0 {
		i = q.posted.slots.older(i, q.posted.receive(w, AnySource))
	}
	return i
}

// messageFor returns the slot of the oldest unexpected message that fits a receive, or 0.
func (q *Queues[P, U]) messageFor(ctx uint32, src, tag int32) int32 {
	invariants.Check(src >= AnySource, "match: probe of a negative source")
	if q.early.slots.n == 0 {
		return 0
	}
	return q.early.find(ctx, src, tag)
}

func (q *Queues[P, U]) takeReceive(i int32) P {
	q.count(q.posted.slots.at[i].src, -1)
	q.posted.drop(i)
	q.posted.slots.release(i)
	return empty(q.receives, i)
}

func (q *Queues[P, U]) takeMessage(i int32) U {
	q.count(q.early.slots.at[i].src, -1)
	q.early.drop(i)
	q.early.slots.release(i)
	return empty(q.messages, i)
}

// count moves the gate's counter of a source, or of AnySource, by d.
func (q *Queues[P, U]) count(src, d int32) {
	if src == AnySource {
		q.wild += d
		return
	}
	for int(src) >= len(q.busy) {
		q.busy = append(q.busy, 0)
	}
	q.busy[src] += d
}

// put stores v as the value of slot i; slots are handed out from 1 upwards.
func put[V any](vals []V, i int32, v V) []V {
	for int(i) >= len(vals) {
		var none V
		vals = append(vals, none)
	}
	vals[i] = v
	return vals
}

// empty moves the value out of slot i, so that nothing it points to is kept alive.
func empty[V any](vals []V, i int32) V {
	v := vals[i]
	var none V
	vals[i] = none
	return v
}
