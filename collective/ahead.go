package collective

import (
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// A neighbourhood collective is one exchange: its sends need nothing that comes in it. So it sends when it is started, if nothing is
// ahead of it in the lane, and receives when the program waits. Small messages are on their way then, and no worker is needed: the
// neighbours don't depend on this rank any more, and it can compute meanwhile at its full speed. This is what a
// program does that exchanges its borders by Isend and Irecv.
//
// Its messages leave in the same order as if it were run later, since all that was started before has been done.
type ahead struct {
	begun bool // the sends are, not the receives
	sent  bool // the sends are done as well
	reqs  []*engine.Req
}

// sendAhead begins to send, if it can be r's turn. r has just been queued, and the lock is held.
func (r *Request) sendAhead() {
	l := r.lane
	// The first call in the lane, which looks for shared memory, has messages of its own. So has a check.
	if r.job.near == nil || l.todo != r || l.busy || !l.state.started.looked || l.state.schedules.err != nil || r.comm.Checked() ||
		r.comm.CheckStarted(r.name()) != nil {
		return
	}
	n := len(r.job.near.Destinations)
	if len(r.ahead.reqs) < n {
		r.ahead.reqs = make([]*engine.Req, n)
	}
	x := r.call(nil)
	x.toNeighbors(&r.job, r.ahead.reqs)
	r.ahead.begun, r.ahead.sent = true, true
	for i, q := range r.ahead.reqs[:n] {
		if q == nil || r.job.near.Destinations[i] == mpi.ProcNull {
			continue
		}
		if done, _ := x.eng.Done(q, q.Serial()); !done {
			r.ahead.sent = false
			break
		}
	}
}

// receive is the rest.
func (r *Request) receive(worker *engine.Aside) error {
	x := r.call(worker)
	x.fromNeighbors(&r.job, r.ahead.reqs)
	clear(r.ahead.reqs)
	return x.end()
}

// call is r's part in the plane of the lane.
func (r *Request) call(worker *engine.Aside) call {
	x := newCall(r.comm, r.job.code)
	x.kind, x.plane, x.aside = r.kind, r.comm.PlaneNonblocking(), worker
	return x
}
