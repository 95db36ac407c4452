package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oracle is MPI matching as its text says it: two slices in order, searched
// from the front. It is the judge of Queues, so it stays this dumb.
type oracle struct {
	posted, early []entry
}

type entry struct {
	ctx      uint32
	src, tag int32
	id       int
}

func fits(receive, message entry) bool {
	return receive.ctx == message.ctx &&
		(receive.src == AnySource || receive.src == message.src) &&
		(receive.tag == AnyTag || receive.tag == message.tag)
}

func (o *oracle) message(receive entry) int {
	return slices.IndexFunc(o.early, func(m entry) bool { return fits(receive, m) })
}

func (o *oracle) receive(message entry) int {
	return slices.IndexFunc(o.posted, func(r entry) bool { return fits(r, message) })
}

func (o *oracle) quiet(src int32) bool {
	concerns := func(e entry) bool { return e.src == src || e.src == AnySource }
	return !slices.ContainsFunc(o.posted, concerns) && !slices.ContainsFunc(o.early, concerns)
}

// remove takes out what doomed names, in order.
func remove(list []entry, doomed func(entry) bool) (kept, out []entry) {
	for _, e := range list {
		if doomed(e) {
			out = append(out, e)
		} else {
			kept = append(kept, e)
		}
	}
	return kept, out
}

type kind uint8

const (
	opPost    kind = iota // n receives, all alike or with tags counting up
	opMessage             // n messages, likewise
	opPeek
	opTake
	opCancel           // the n-th handle ever given, live or stale
	opRemovePosted     // receives of a source (n even) or a context (n odd)
	opRemoveUnexpected // messages, likewise
)

type op struct {
	kind     kind
	ctx      uint32
	src, tag int32
	n        int
	up       bool // tags count up from tag
}

func (o op) String() string {
	name := [...]string{"post", "message", "peek", "take", "cancel", "removePosted", "removeUnexpected"}[o.kind]
	return fmt.Sprintf("%s ctx=%d src=%d tag=%d n=%d up=%v", name, o.ctx, o.src, o.tag, o.n, o.up)
}

const testSources = 4

// machine runs operations on Queues and oracle side by side.
type machine struct {
	t       rapid.TB
	q       *Queues[int, int]
	o       oracle
	handles []Handle
	ids     []int // of the receive behind each handle
	next    int   // ids count from 1, so that a zero value is never a good one
	seen    map[string]bool
}

func newMachine(t rapid.TB) *machine {
	// One source fewer than are used: the last makes everything grow.
	return &machine{t: t, q: New[int, int](testSources - 1), seen: map[string]bool{}}
}

func (m *machine) run(ops []op) {
	for i, o := range ops {
		m.step(o)
		if m.t.Failed() {
			return
		}
		m.compare()
		if err := audit(m.q); err != nil {
			m.t.Fatalf("after operation %d (%v): %v", i, o, err)
		}
		m.note()
	}
}

func (m *machine) step(o op) {
	switch o.kind {
	case opPost, opMessage:
		for i := range o.n {
			e := entry{ctx: o.ctx, src: o.src, tag: o.tag}
			if o.up && e.tag != AnyTag {
				e.tag += int32(i)
			}
			m.next++
			e.id = m.next
			if o.kind == opPost {
				m.post(e)
			} else {
				m.arrive(e)
			}
		}
	case opPeek, opTake:
		m.probe(o)
	case opCancel:
		m.cancel(o.n)
	case opRemovePosted, opRemoveUnexpected:
		m.sweep(o)
	}
}

func (m *machine) post(r entry) {
	u, ok, h := m.q.Post(r.ctx, r.src, r.tag, r.id)
	i := m.o.message(r)
	if ok != (i >= 0) {
		m.t.Fatalf("Post %+v: matched %v, oracle's message %d", r, ok, i)
	}
	if !ok {
		m.o.posted = append(m.o.posted, r)
		m.handles, m.ids = append(m.handles, h), append(m.ids, r.id)
		return
	}
	if h != (Handle{}) {
		m.t.Fatalf("Post %+v matched and gave a handle", r)
	}
	if want := m.o.early[i].id; u != want {
		m.t.Fatalf("Post %+v: message %d, want %d", r, u, want)
	}
	m.o.early = slices.Delete(m.o.early, i, i+1)
}

func (m *machine) arrive(e entry) {
	if e.src == AnySource || e.tag == AnyTag { // messages have no wildcards
		e.src, e.tag = max(e.src, 0), max(e.tag, 0)
	}
	p, ok := m.q.Arrive(e.ctx, e.src, e.tag)
	i := m.o.receive(e)
	if ok != (i >= 0) {
		m.t.Fatalf("Arrive %+v: matched %v, oracle's receive %d", e, ok, i)
	}
	if !ok {
		m.q.AddUnexpected(e.ctx, e.src, e.tag, e.id)
		m.o.early = append(m.o.early, e)
		return
	}
	if want := m.o.posted[i].id; p != want {
		m.t.Fatalf("Arrive %+v: receive %d, want %d", e, p, want)
	}
	m.o.posted = slices.Delete(m.o.posted, i, i+1)
}

func (m *machine) probe(o op) {
	want, i := entry{}, m.o.message(entry{ctx: o.ctx, src: o.src, tag: o.tag})
	if i >= 0 {
		want = m.o.early[i]
	}
	look := m.q.Peek
	if o.kind == opTake {
		look = m.q.Take
		if i >= 0 {
			m.o.early = slices.Delete(m.o.early, i, i+1)
		}
	}
	u, src, tag, ok := look(o.ctx, o.src, o.tag)
	if ok != (i >= 0) || u != want.id || src != want.src || tag != want.tag {
		m.t.Fatalf("%v: got %d from %d tag %d (%v), want %+v", o, u, src, tag, ok, want)
	}
}

func (m *machine) cancel(n int) {
	if len(m.handles) == 0 {
		if p, ok := m.q.Cancel(Handle{}); ok || p != 0 {
			m.t.Fatalf("Cancel of the zero Handle: %d, %v", p, ok)
		}
		return
	}
	n %= len(m.handles)
	id := m.ids[n]
	i := slices.IndexFunc(m.o.posted, func(e entry) bool { return e.id == id })
	p, ok := m.q.Cancel(m.handles[n])
	switch {
	case ok != (i >= 0):
		m.t.Fatalf("Cancel of receive %d: %v, posted %v", id, ok, i >= 0)
	case ok && p != id:
		m.t.Fatalf("Cancel of receive %d gave back %d", id, p)
	case ok:
		m.o.posted = slices.Delete(m.o.posted, i, i+1)
	}
}

func (m *machine) sweep(o op) {
	doomed := func(e entry) bool {
		if o.n%2 == 0 {
			return e.src == o.src
		}
		return e.ctx == o.ctx
	}
	filter := func(ctx uint32, src, tag int32, id int) bool { return doomed(entry{ctx, src, tag, id}) }
	var got []int
	collect := func(id int) { got = append(got, id) }
	var out []entry
	if o.kind == opRemovePosted {
		m.o.posted, out = remove(m.o.posted, doomed)
		m.q.RemovePosted(filter, collect)
	} else {
		m.o.early, out = remove(m.o.early, doomed)
		m.q.RemoveUnexpected(filter, collect)
	}
	var want []int
	for _, e := range out {
		want = append(want, e.id)
	}
	if !slices.Equal(got, want) {
		m.t.Fatalf("%v: removed %v, want %v", o, got, want)
	}
}

// compare checks everything that can be seen from outside.
func (m *machine) compare() {
	var posted, early []entry
	m.q.EachPosted(func(ctx uint32, src, tag int32, id int) bool {
		posted = append(posted, entry{ctx, src, tag, id})
		return true
	})
	m.q.EachUnexpected(func(ctx uint32, src, tag int32, id int) bool {
		early = append(early, entry{ctx, src, tag, id})
		return true
	})
	if !slices.Equal(posted, m.o.posted) {
		m.t.Fatalf("posted %v, want %v", posted, m.o.posted)
	}
	if !slices.Equal(early, m.o.early) {
		m.t.Fatalf("unexpected %v, want %v", early, m.o.early)
	}
	if m.q.PostedCount() != len(posted) || m.q.UnexpectedCount() != len(early) {
		m.t.Fatalf("counts %d, %d, want %d, %d", m.q.PostedCount(), m.q.UnexpectedCount(), len(posted), len(early))
	}
	for src := range int32(testSources + 2) {
		if got, want := m.q.Quiet(src), m.o.quiet(src); got != want {
			m.t.Fatalf("Quiet(%d) = %v, want %v", src, got, want)
		}
	}
}

// note records which of the rarer shapes the run has been in.
func (m *machine) note() {
	for i, l := range m.q.posted.lanes.at {
		if l.block == hashed {
			m.seen[map[bool]string{true: "wild lane hashed", false: "posted lane hashed"}[i == 0]] = true
		}
	}
	for _, l := range m.q.early.lanes.at {
		if l.block == hashed {
			m.seen["unexpected lane hashed"] = true
		}
	}
	for v, on := range m.q.early.on {
		if on {
			m.seen[[...]string{"view by tag", "view by source", "view by context"}[v]] = true
		}
	}
	if len(m.q.posted.bins.buckets) > 16 {
		m.seen["index grown"] = true
	}
}

// draw makes one operation out of four numbers, whoever rolls them.
func draw(what, where, tag, n byte) op {
	o := op{ctx: uint32(where & 1), src: int32(where>>1)%(testSources+1) - 1, n: int(n)}
	switch t := tag & 15; {
	case t < 3:
		o.tag = AnyTag
	case t < 9:
		o.tag = int32(t - 3)
	default:
		o.tag = 3 * int32(tag>>4) // meets the tags that count up
	}
	switch w := what & 31; {
	case w < 10:
		o.kind, o.n = opPost, 1
	case w < 20:
		o.kind, o.n = opMessage, 1
	case w < 22:
		o.kind, o.n, o.up = opPost, int(n%112), n&128 != 0
	case w < 24:
		o.kind, o.n, o.up = opMessage, int(n%112), n&128 != 0
	case w < 25:
		o.kind = opPeek
	case w < 27:
		o.kind = opTake
	case w < 30:
		o.kind = opCancel
	case w < 31:
		o.kind = opRemovePosted
	default:
		o.kind = opRemoveUnexpected
	}
	return o
}

func TestAgainstOracle(t *testing.T) {
	// rapid's plain integers lean heavily to 0 and its slices to a few elements;
	// permuted bytes and a least length keep every operation in play, and deep
	// queues within reach. A shrunk run is padded with peeks.
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(24 + 37*i) // 24 is opPeek
	}
	roll := rapid.SampledFrom(all)
	gen := rapid.Custom(func(t *rapid.T) op {
		return draw(roll.Draw(t, "what"), roll.Draw(t, "where"), roll.Draw(t, "tag"), roll.Draw(t, "n"))
	})
	rapid.Check(t, func(t *rapid.T) {
		newMachine(t).run(rapid.SliceOfN(gen, 40, 120).Draw(t, "ops"))
	})
}

func FuzzQueues(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		seed := make([]byte, 4*40)
		for i := range seed {
			seed[i] = byte(rng.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var ops []op
		for ; len(b) >= 4 && len(ops) < 200; b = b[4:] {
			ops = append(ops, draw(b[0], b[1], b[2], b[3]))
		}
		newMachine(t).run(ops)
	})
}

// The comparison with the oracle is worth what it visits: a long run must have
// been in every shape that the queues can take.
func TestOracleRunsVisitEveryShape(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[string]bool{}
	for range 40 {
		m := newMachine(t)
		m.seen = seen
		ops := make([]op, 160)
		for i := range ops {
			r := rng.Uint32()
			ops[i] = draw(byte(r), byte(r>>8), byte(r>>16), byte(r>>24))
		}
		m.run(ops)
	}
	for _, shape := range []string{
		"posted lane hashed", "wild lane hashed", "unexpected lane hashed",
		"view by tag", "view by source", "view by context", "index grown",
	} {
		if !seen[shape] {
			t.Errorf("never seen: %s", shape)
		}
	}
}
