package collective

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// With mpi.WithCheck (golaunch -check) ranks tell each other before every collective what they are about to do. They do so by messages
// of the same form whatever the call is, on a plane of their own, so it doesn't depend on what it is to find out. Either all
// ranks find that they agree, or all return the same error and nothing of the call has been sent: a program may even go on.
//
//	notices   every rank tells those whose records it gets, and who get its own, what it calls, as soon as it does
//	records   every rank learns everybody's record
//	lengths   only where each pair of ranks has a length of its own: every rank tells those to whom it will send how much
//	verdicts  only then, or where root alone knows all counts: records again, with what did not fit
//
// Calls that were started are compared when their turn comes in the lane, since a start must not wait for others: they have
// records of their own, which would be waited for in vain where others have made a blocking call instead. Notices tell: they carry the
// number of the call among all, and records are exchanged only with ranks whose call of that number is of the same kind. A rank that never calls
// looks like one that is late. One that has finalized doesn't: the others are told.
//
// Cost: ceil(log2 n) messages one after the other, n-1 records in and out; twice that and a message for each pair in the forms with
// counts or layouts. Up to 2 ceil(log2 n) notices.
//
// Source: J. Bruck, C.-T. Ho, S. Kipnis, E. Upfal, D. Weathersby, "Efficient algorithms for all-to-all communications in
// multiport message-passing systems", IEEE Transactions on Parallel and Distributed Systems 8 (1997).

// record is what a rank says of itself. Its layout is the same in all programs of a job, which run on machines of one kind.
type record struct {
	number  uint64 // of the call, among all on the communicator
	place   int32  // blocking or started: see kind.place
	code    code
	fold    uint32
	root    int64
	bytes   int64 // of one rank's part; noLength: whatever the others have
	counts  uint64
	state   recordState
	culprit int32 // a rank; see state
	theirs  int64
	length  int32 // of text
	text    [textBytes]byte
}

// textBytes makes a record four lines of 64 bytes.
const textBytes = 192

const noLength = -1

// recordState says whether a record is a rank's own words.
type recordState int32

const (
	isSaid      recordState = iota
	isFinalized             // none could be had, as culprit has finalized
	isDead                  // or is dead
	isLost                  // or could not pass it on
	isUneven                // its own, and the rank wants bytes from culprit, which has theirs
	isHidden                // a rank in between has another kind of call
)

func (r *record) String() string {
	return string(r.text[:min(max(r.length, 0), textBytes)])
}

// checked runs j after all ranks have agreed about it.
func (x *call) checked(j *job, s *state, h *herald) {
	if x.size > 1 || x.comm.Inter() {
		y := x.inCheck()
		if x.kind == blocking {
			var pcs [16]uintptr
			h = y.announce(j, s, pcs[:runtime.Callers(2, pcs[:])])
		}
		y.agree(j, h)
		x.err, x.spoiled = y.err, y.spoiled
	}
	if x.err != nil {
		// Others may have got through before a rank died, and wait for this one's part.
		if x.spoiled != 0 && x.eng.Job().FaultsReturn() {
			x.run(j)
		}
		return
	}
	if x.shared = x.board(s); x.err == nil {
		x.run(j)
	}
}

// inCheck is the call as it is compared: of all ranks, on the plane for that.
func (x *call) inCheck() call {
	y := *x
	if y.comm.Inter() {
		y.toBoth()
	}
	y.plane = y.comm.PlaneCheck()
	return y
}

// herald is what a rank has said of a call as soon as the program has made it.
type herald struct {
	mine record
	reqs []*engine.Req   // to the ranks around
	away map[int]*record // those of the ranks around that have a call of another kind; after agree
}

// announce begins to tell the ranks around what is called. It waits for nobody.
func (x *call) announce(j *job, s *state, begun []uintptr) *herald {
	h := &herald{mine: x.record(j)}
	h.mine.number = s.called.Add(1)
	h.mine.place = int32(x.kind.place())
	h.mine.length = int32(copy(h.mine.text[:], x.describe(j)+at(engine.Where(begun))))
	for _, r := range x.around() {
		h.reqs = append(h.reqs, x.pass(r, blockOf([]record{h.mine}), h.tag()))
	}
	return h
}

// around are the ranks that this one exchanges records with.
func (x *call) around() (ranks []int) {
	for d := 1; d < x.size; d *= 2 {
		for _, r := range []int{(x.rank + d) % x.size, (x.rank - d + x.size) % x.size} {
			if !slices.Contains(ranks, r) {
				ranks = append(ranks, r)
			}
		}
	}
	return ranks
}

// tag is that of notices. There are as many as there can be calls under way.
func (h *herald) tag() int32 { return mpi.CheckNotice + int32(h.mine.number&(1<<24-1)) }

// agree fails unless all ranks are about to do the same.
func (x *call) agree(j *job, h *herald) {
	mine := h.mine
	for i, r := range x.around() {
		var theirs [1]record
		if why, _ := x.hear(r, blockOf(theirs[:]), h.tag()); why == isSaid && theirs[0].place != mine.place {
			if h.away == nil {
				h.away = map[int]*record{}
			}
			h.away[r] = &theirs[0]
		}
		x.passed(r, h.reqs[i])
	}
	all := x.tell(mine, h.away)
	if x.err != nil || x.missing(all) {
		return
	}
	if a, b, ok := x.odd(all); !ok {
		x.disagree("%s in %s, %s in %s", x.subject(a), &all[a], x.object(b), &all[b])
		return
	}
	if !x.fit(j, all, &mine) {
		return
	}
	verdicts := x.tell(mine, nil)
	if x.err != nil || x.missing(verdicts) {
		return
	}
	for r := range verdicts {
		if v := &verdicts[r]; v.state == isUneven && uint(v.culprit) < uint(len(all)) {
			x.disagree("%s wants %d bytes from %s, which has %d: %s in %s, %s in %s", x.who(r), v.bytes, x.who(int(v.culprit)), v.theirs,
				x.subject(int(v.culprit)), &all[v.culprit], x.object(r), &all[r])
			return
		}
	}
}

func (x *call) disagree(format string, args ...any) {
	x.fail(fmt.Errorf("%w: "+format, append([]any{ErrMismatch}, args...)...))
}

// subject and object name a rank in a sentence.
func (x *call) subject(r int) string {
	if r == x.rank {
		return "this rank is"
	}
	return x.who(r) + " is"
}

func (x *call) object(r int) string {
	if r == x.rank {
		return "this rank"
	}
	return x.who(r)
}

// tell gives every rank mine and returns everybody's, by rank. After the round of distance d a rank has the records of the 2d ranks that
// end with it. What can't be had is replaced by the reason, which goes on to the others. Ranks that are away neither send nor receive:
// instead of their records there are their notices. So everybody learns that there are two kinds of calls: either a rank
// has such a notice, or it has all records.
func (x *call) tell(mine record, away map[int]*record) []record {
	n := x.size
	down := make([]record, n) // of this rank, the one before ...
	down[0] = mine
	for d := 1; d < n; d *= 2 {
		k := min(d, n-d)
		to, from := (x.rank+d)%n, (x.rank-d+n)%n
		var out *engine.Req
		if away[to] == nil {
			out = x.pass(to, blockOf(down[:k]), x.checkTag())
		}
		if notice := away[from]; notice != nil {
			down[d] = *notice
			for i := 1; i < k; i++ {
				down[d+i] = record{state: isHidden}
			}
		} else if why, who := x.hear(from, blockOf(down[d:d+k]), x.checkTag()); why != isSaid {
			for i := range k {
				down[d+i] = record{state: why, culprit: int32(who)}
			}
		}
		x.passed(to, out)
	}
	all := make([]record, n)
	for i := range down {
		all[(x.rank-i+n)%n] = down[i]
	}
	return all
}

func (x *call) checkTag() int32 {
	if x.kind == blocking {
		return mpi.CheckBlocking
	}
	return mpi.CheckStarted
}

// pass begins to send b, without news of failures: records carry them.
func (x *call) pass(to int, b block, tag int32) *engine.Req {
	if x.eng.TrySend(x.plane, x.members[to], tag, b.p, b.bytes) {
		return nil
	}
	return x.eng.StartSend(engine.OpSend, x.plane, x.members[to], tag, engine.Data{P: b.p, N: b.bytes})
}

// passed waits for a send. That its receiver is gone, receivers of his messages find out.
func (x *call) passed(to int, r *engine.Req) {
	if r == nil {
		return
	}
	_, err := x.completeWith(r)
	if err != nil && !errors.Is(err, engine.ErrFinalized) && !errors.Is(err, engine.ErrRankFailed) {
		x.fail(fmt.Errorf("sending to %s: %w", x.who(to), err))
	}
}

// hear receives b, or the reason why not and whose fault that is.
func (x *call) hear(from int, b block, tag int32) (why recordState, culprit int) {
	r := x.eng.StartRecv(engine.OpRecv, x.plane, x.members[from], tag, engine.Data{P: b.p, N: b.bytes})
	st, err := x.completeWith(r)
	switch {
	case errors.Is(err, engine.ErrFinalized):
		return isFinalized, from
	case errors.Is(err, engine.ErrRankFailed):
		return isDead, from
	case err == nil && st.Bytes != b.bytes:
		err = fmt.Errorf("%w: a record of %d bytes, want %d", engine.ErrCorrupt, st.Bytes, b.bytes)
	}
	if err != nil {
		x.fail(fmt.Errorf("waiting for %s: %w", x.who(from), err))
		return isLost, x.rank
	}
	return isSaid, 0
}

func (x *call) completeWith(r *engine.Req) (engine.Status, error) {
	x.note()
	return x.eng.CompleteWith(x.bound, r, x.aside)
}

// missing fails if somebody's record could not be had.
func (x *call) missing(all []record) bool {
	for i := range all {
		r := &all[i]
		who := x.who(int(r.culprit))
		switch r.state {
		case isFinalized:
			x.disagree("%s has finalized, this rank is in %s", who, &all[x.rank])
		case isDead:
			x.spoil(int(r.culprit), false, fmt.Errorf("waiting for %s: %w", who, engine.ErrRankFailed))
		case isLost:
			x.spoil(int(r.culprit), true, fmt.Errorf("%s: %w", who, ErrGaveUp))
		}
	}
	return x.err != nil
}

// odd finds two ranks that don't fit together, one of them the caller if possible.
func (x *call) odd(all []record) (a, b int, ok bool) {
	for r := range all {
		if all[r].state == isSaid && all[r].place != all[x.rank].place {
			return r, x.rank, false
		}
	}
	for r := range all {
		if !all[r].fits(&all[x.rank]) {
			return r, x.rank, false
		}
	}
	if ref := slices.IndexFunc(all, func(r record) bool { return r.bytes != noLength }); ref >= 0 {
		for r := range all {
			if !all[r].fits(&all[ref]) {
				return ref, r, false
			}
		}
	}
	if x.comm.Inter() {
		return x.oddRoot(all)
	}
	for r := range all {
		if all[r].root != all[x.rank].root {
			return r, x.rank, false
		}
	}
	return 0, 0, true
}

// fits reports whether the two may be the same call, up to its root.
func (r *record) fits(o *record) bool {
	if r.number != o.number || r.code != o.code {
		return false
	}
	return r.bytes == noLength || o.bytes == noLength || r.bytes == o.bytes && r.fold == o.fold && r.counts == o.counts
}

// oddRoot is for the roots on an intercommunicator: one rank is root, its group has nothing to do, the other group names its rank.
func (x *call) oddRoot(all []record) (a, b int, ok bool) {
	if !all[0].code.rooted() {
		return 0, 0, true
	}
	remote, both, first := x.comm.Sides()
	front := len(remote) // ranks of the first group
	if first {
		front = len(both) - len(remote)
	}
	root := slices.IndexFunc(all, func(r record) bool { return r.root == mpi.Root })
	if root < 0 {
		return 0, front, false
	}
	inGroup := root
	if root >= front {
		inGroup -= front
	}
	for r := range all {
		want := int64(inGroup)
		if (r < front) == (root < front) {
			want = mpi.ProcNull
		}
		if r != root && all[r].root != want {
			return root, r, false
		}
	}
	return 0, 0, true
}

func (c code) rooted() bool {
	switch c {
	case opBcast, opReduce, opGather, opGatherv, opScatter, opScatterv:
		return true
	}
	return false
}

// fit compares lengths that differ from pair to pair. It reports whether verdicts are to be exchanged; mine is this rank's.
func (x *call) fit(j *job, all []record, mine *record) bool {
	if x.comm.Inter() {
		return false
	}
	compare := func(r, theirs, want int) {
		if theirs != want && mine.state == isSaid {
			mine.state, mine.culprit, mine.theirs, mine.bytes = isUneven, int32(r), int64(theirs), int64(want)
		}
	}
	switch j.code {
	case opGatherv, opScatterv:
		if x.rank == j.root {
			at := cutUp(j.dst, j.in, x.size)
			if j.code == opScatterv {
				at = cutUp(j.src, j.out, x.size)
			}
			for r := range all {
				compare(r, int(all[r].counts), at.size(r))
			}
		}
	case opAlltoallv, opAlltoallw:
		in, out := cutUp(j.dst, j.in, x.size), cutUp(j.src, j.out, x.size)
		ranks, order := make([]int, x.size), make([]int, x.size)
		for i := range ranks {
			ranks[i], order[i] = (x.rank+i)%x.size, x.size-1-i
		}
		at := func(c *cursor) func(int) int { return func(i int) int { return c.size(ranks[i]) } }
		x.lengths(ranks, at(&out), ranks, order, at(&in), compare)
	case opNeighborAllgather, opNeighborAllgatherv, opNeighborAlltoall, opNeighborAlltoallv, opNeighborAlltoallw:
		in, out := j.dstCursor(), j.srcCursor()
		x.lengths(j.near.Destinations, out.size, j.near.Sources, j.near.Order, in.size, compare)
	default:
		return false
	}
	return true
}

// lengths tells each destination how many bytes it will get, and compares what the sources say.
func (x *call) lengths(dsts []int, out func(i int) int, srcs, order []int, in func(i int) int, compare func(r, theirs, want int)) {
	reqs, said64 := make([]*engine.Req, len(dsts)), make([]int64, len(dsts))
	for i, to := range dsts {
		if to != mpi.ProcNull {
			said64[i] = int64(out(i))
			reqs[i] = x.pass(to, blockOf(said64[i:i+1]), x.checkTag())
		}
	}
	for _, i := range order {
		from := srcs[i]
		if from == mpi.ProcNull {
			continue
		}
		var theirs int64
		if why, _ := x.hear(from, block{unsafe.Pointer(&theirs), 1, 8}, x.checkTag()); why == isSaid {
			compare(from, int(theirs), in(i))
		}
	}
	for i, to := range dsts {
		if to != mpi.ProcNull {
			x.passed(to, reqs[i])
		}
	}
}
