package engine

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pending is one operation that is under way, for a report.
type Pending struct {
	Op    string
	Ctx   uint32
	Peer  int32 // AnySource, or a rank of the node
	Tag   int32
	Bytes int // of the message or the buffer
	Block bool
	Aside bool   // by a goroutine that works aside
	Where string // "file:line function" of the caller outside of golaunch, when somebody blocks on it
	Begun string // likewise where it was begun, with Config.Trace
}

// answerDump writes down where this goroutine stands, if somebody has asked. Costs a load otherwise.
func (e *Engine) answerDump(w *waiter) {
	d := e.dump.Load()
	if d == w.dumped {
		return
	}
	w.dumped = d
	if cap(w.pcs) == 0 {
		w.pcs = make([]uintptr, 32)
	}
	w.pcs = w.pcs[:cap(w.pcs)]
	w.pcs = w.pcs[:runtime.Callers(3, w.pcs)]
}

// trace notes where r is begun. Requests are reused: the map grows no larger than the pool.
func (e *Engine) trace(r *Req) {
	pcs := e.traced[r]
	if cap(pcs) == 0 {
		pcs = make([]uintptr, 32)
	}
	pcs = pcs[:cap(pcs)]
	e.traced[r] = pcs[:runtime.Callers(3, pcs)]
}

// Report lists what is under way. It wakes the waiting goroutines to learn where they stand, and
// gives them a moment for it.
func (e *Engine) Report() []Pending {
	e.lock()
	d := e.dump.Add(1)
	e.wakeAll()
	e.unlock()
	e.kick()
	for deadline := time.Now().Add(300 * time.Millisecond); time.Now().Before(deadline); {
		e.lock()
		late := e.lead != nil && e.lead.dumped != d
		for _, w := range e.sleepers {
			late = late || w.dumped != d
		}
		if late {
			e.wakeAll()
		}
		e.unlock()
		if !late {
			break
		}
		runtime.Gosched()
		e.ep.Yield()
	}
	e.lock()
	defer e.unlock()
	var out []Pending
	add := func(r *Req) {
		if r.done {
			return
		}
		p := Pending{Op: r.op.String(), Ctx: r.ctx, Peer: r.peer, Tag: r.tag, Bytes: r.N, Block: r.w != nil, Aside: r.w != nil && r.w.aside != nil}
		if r.w != nil && r.w.dumped == d {
			p.Where = where(r.w.pcs)
		}
		if e.traced != nil {
			p.Begun = where(e.traced[r])
		}
		out = append(out, p)
	}
	e.spillAll()
	e.q.EachPosted(func(_ uint32, _, _ int32, r *Req) bool { add(r); return true })
	for _, p := range e.peers {
		for r := p.pend.head; r != nil; r = r.next {
			add(r)
		}
		for r := p.grants.head; r != nil; r = r.next {
			add(r)
		}
		for _, r := range p.in {
			if r != nil {
				add(r)
			}
		}
		if p.cur != nil {
			add(p.cur)
		}
	}
	for _, r := range e.offered {
		add(r)
	}
	for _, r := range e.watched {
		add(r)
	}
	e.q.EachUnexpected(func(_ uint32, _, _ int32, m *message) bool {
		if m.claim != nil {
			add(m.claim)
		}
		return true
	})
	for r := e.selves.head; r != nil; r = r.next {
		add(r)
	}
	slices.SortStableFunc(out, func(a, b Pending) int {
		switch {
		case a.Block == b.Block:
			return 0
		case a.Block:
			return -1
		}
		return 1
	})
	return out
}

// Traces says whether it is noted where operations are begun.
func (e *Engine) Traces() bool { return e.traced != nil }

// Where is the first caller of a stack (runtime.Callers) that is not golaunch itself: "file:line function".
func Where(pcs []uintptr) string { return where(pcs) }

// where is the first caller that is not golaunch itself.
func where(pcs []uintptr) string {
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if f.Function != "" && !ours(f.Function) {
			name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
			return f.File + ":" + strconv.Itoa(f.Line) + " " + name
		}
		if !more {
			return ""
		}
	}
}

func ours(function string) bool {
	for _, pkg := range []string{"engine", "mpi"} {
		if strings.HasPrefix(function, "github.com/golaunch/golaunch/runtime/"+pkg+".") {
			return true
		}
	}
	return strings.HasPrefix(function, "github.com/golaunch/golaunch/collective.")
}
