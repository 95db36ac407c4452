package collective

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Request is a collective that goes on while the program does something else: begun by a function whose name begins with I, or
// prepared by one whose name ends with Init and begun by Start.
//
// A request that Wait, WaitAll, WaitAny or a successful Test has finished is used again for later operations, except a
// persistent one. Forget it. Wait for a request in one goroutine at a time.
type Request struct {
	comm *mpi.Comm // with its bound
	lane *lane
	job  job
	kind kind

	// By the holder of lane.mu.
	state         progress
	err           error
	crash         *crash  // the user's function has panicked
	w             *waiter // somebody waits
	before, after *Request
	begun         []uintptr // where it was started
	numbers       []int     // of job: counts and displacements
	layouts       []mpi.Layout
	ahead         ahead
	herald        *herald // if calls are compared
}

// kind is how a collective was called.
type kind uint8

const (
	blocking kind = iota
	nonblocking
	persistent
)

// progress is how far a request has come.
type progress uint8

const (
	idle    progress = iota // not started, or finished
	queued                  // started, not begun
	running                 // somebody runs it
	done                    // and nobody has asked yet
)

// begin starts j on c: the nonblocking form of j.do.
func (j *job) begin(c *mpi.Comm) (*Request, error) {
	if err := c.Check(j.code.name(nonblocking)); err != nil {
		return nil, err
	}
	l := laneOf(c)
	l.mu.Lock()
	r := l.request()
	r.comm, r.job = c, *j
	r.own()
	r.note()
	r.announce()
	l.start(r)
	l.mu.Unlock()
	return r, nil
}

// prepare keeps j for Start: the persistent form of j.do.
func (j *job) prepare(c *mpi.Comm) (*Request, error) {
	if err := c.Check(j.code.name(persistent)); err != nil {
		return nil, err
	}
	r := &Request{comm: c, lane: laneOf(c), job: *j, kind: persistent}
	r.own()
	return r, nil
}

// own replaces the caller's counts, displacements and layouts, which were checked, by copies.
func (r *Request) own() {
	j := &r.job
	in, out := r.comm.Peers(), r.comm.Peers()
	if j.code == opReduceScatter {
		out = r.comm.Size()
	}
	if j.near != nil {
		in, out = len(j.near.Sources), len(j.near.Destinations)
	}
	r.numbers, r.layouts = r.numbers[:0], r.layouts[:0]
	keep(&r.numbers, &j.in.counts, in)
	keep(&r.numbers, &j.in.displs, in)
	keep(&r.layouts, &j.in.layouts, in)
	keep(&r.numbers, &j.out.counts, out)
	keep(&r.numbers, &j.out.displs, out)
	keep(&r.layouts, &j.out.layouts, out)
}

// keep copies the n elements at *p to the end of store and lets *p point to them there.
func keep[T any](store *[]T, p **T, n int) {
	if *p != nil && n > 0 {
		at := len(*store)
		*store = append(*store, unsafe.Slice(*p, n)...)
		*p = &(*store)[at]
	}
}

// Start begins a persistent collective. It must not be under way. What is wrong with the communicator, Wait says.
func (r *Request) Start() {
	if r.kind != persistent {
		panic(panicStart)
	}
	err := r.comm.Check(r.name())
	l := r.lane
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.state != idle {
		panic(panicStarted)
	}
	r.note()
	l.queue(r)
	if err != nil {
		l.drop(r, err)
	} else {
		r.announce()
	}
	r.sendAhead()
	l.attend()
}

// StartAll starts all of reqs, in this order.
func StartAll(reqs ...*Request) {
	for _, r := range reqs {
		r.Start()
	}
}

// Wait returns when the caller's part of the operation is done, with its error. Then the buffers are the caller's again. For a
// persistent request that was not started it returns at once.
func (r *Request) Wait() error {
	l := r.lane
	l.mu.Lock()
	if r.inactive() {
		l.mu.Unlock()
		return nil
	}
	l.finish(r)
	return l.take(r)
}

// Test says whether the operation is done; then it is Wait. It sees to it that the operation
// goes on, and lets it: who calls it again and again comes to an end.
func (r *Request) Test() (bool, error) {
	l := r.lane
	l.mu.Lock()
	if r.inactive() {
		l.mu.Unlock()
		return true, nil
	}
	if r.state != done {
		l.hire()
		eng := r.comm.Engine()
		l.mu.Unlock()
		eng.Poll()
		runtime.Gosched() // the worker may have no other processor
		l.mu.Lock()
	}
	if r.state != done {
		l.mu.Unlock()
		return false, nil
	}
	return true, l.take(r)
}

// inactive reports whether there is nothing to wait for. Called with the lane's lock.
func (r *Request) inactive() bool {
	if r.state != idle {
		return false
	}
	if r.kind != persistent {
		r.lane.mu.Unlock()
		panic(panicRequest)
	}
	return true
}

// note remembers where r is started, if the job wants to know or calls are compared.
func (r *Request) note() {
	if r.begun = r.begun[:0]; !r.comm.Engine().Traces() && !r.comm.Checked() {
		return
	}
	if cap(r.begun) == 0 {
		r.begun = make([]uintptr, 16)
	}
	r.begun = r.begun[:runtime.Callers(2, r.begun[:cap(r.begun)])]
}

// announce tells others that r is started, if calls are compared.
func (r *Request) announce() {
	if r.comm.Checked() && (r.comm.Size() > 1 || r.comm.Inter()) {
		x := r.call(nil)
		x = x.inCheck()
		r.herald = x.announce(&r.job, r.lane.state, r.begun)
	}
}

func (r *Request) name() string { return r.job.code.name(r.kind) }

// run does r's part. The lane is ours. worker is nil in a goroutine that waits for it.
func (r *Request) run(worker *engine.Aside) {
	defer func() {
		if p := recover(); p != nil {
			r.crash = &crash{p, debug.Stack()}
		}
	}()
	r.err = r.attempt(worker)
}

func (r *Request) attempt(worker *engine.Aside) error {
	if r.ahead.begun {
		return r.receive(worker)
	}
	c, s := r.comm, r.lane.state
	if usual := &s.usual[1]; usual.shared != nil && worker == nil && c.Attachment() != nil {
		if ok, err := usual.again(c, &r.job, r.kind); ok {
			return err
		}
	}
	if err := c.CheckStarted(r.name()); err != nil {
		return err
	}
	x := r.call(worker)
	if c.Checked() {
		x.checked(&r.job, s, r.herald)
		return x.end()
	}
	if x.shared = x.board(s); x.err == nil {
		s.keep(1, &x)
		x.run(&r.job)
	}
	return x.end()
}

// crash is a panic on its way from the goroutine that ran an operation to the one that waits for it.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }
