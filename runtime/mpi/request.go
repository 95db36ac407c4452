package mpi

import (
	"github.com/golaunch/golaunch/runtime/engine"
)

// Status says what was received.
type Status struct {
	Source int
	Tag    int
	bytes  int
	elem   int
}

// Count is the number of whole elements received, of the buffer's element type.
func (s Status) Count() int {
	if s.elem == 0 {
		return 0
	}
	return s.bytes / s.elem
}

// Bytes is the length of the message.
func (s Status) Bytes() int { return s.bytes }

var nullStatus = Status{Source: ProcNull, Tag: AnyTag}

func (c *Comm) status(s engine.Status, elem int) Status {
	return Status{Source: c.rankOf(s.Source), Tag: int(s.Tag), bytes: s.Bytes, elem: elem}
}

// Request is a nonblocking operation. The zero Request is null: done, with an
// empty status. Wait and a successful Test make it null. Copy it only to move it.
type Request struct {
	c      *Comm
	r      *engine.Req // nil: finished when it was made
	serial uint32
	op     opCode
	// Four words in registers: a fifth field, and every return of a Request goes through memory twice.
}

// begun is the request of an operation that the engine has taken on.
func (c *Comm) begun(op opCode, r *engine.Req, peer, tag, elem int) Request {
	r.Note = engine.Note{Peer: int32(peer), Tag: int32(tag), Unit: int32(elem)}
	return Request{c: c, r: r, serial: r.Serial(), op: op}
}

// stillborn is the request of an operation that could not begin, or, with no error, that has nothing to do.
func (c *Comm) stillborn(op opCode, err error) Request {
	if err == nil {
		return Request{c: c, op: op}
	}
	r := engine.Failed(err)
	return Request{c: c, r: r, serial: r.Serial(), op: op}
}

type opCode uint8

const (
	opNone opCode = iota
	opIsend
	opIssend
	opIrecv
)

var opNames = [...]string{"Request", "Isend", "Issend", "Irecv"}

// Null says whether there is nothing to wait for.
func (q *Request) Null() bool { return q.op == opNone }

// Wait returns when the operation is done and the buffer is the caller's again.
func (q *Request) Wait() (Status, error) {
	r, op := q.r, q.op
	q.op = opNone
	if r == nil {
		return nullStatus, nil
	}
	if r.Serial() != q.serial {
		panic(panicRequest)
	}
	q.r = nil
	note := r.Note
	st, err := q.c.eng.Complete(q.c.ctx, r)
	if op != opIrecv {
		return nullStatus, q.c.failed(op, note, err)
	}
	return q.c.status(st, int(note.Unit)), q.c.failed(op, note, err)
}

// failed is the error of a request.
func (c *Comm) failed(op opCode, note engine.Note, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { // of a request that never began
		return e
	}
	return c.fail(opNames[op], int(note.Peer), int(note.Tag), err)
}

// Test makes progress and says whether the operation is done; then it is Wait.
func (q *Request) Test() (Status, bool, error) {
	if q.r == nil {
		st, err := q.Wait()
		return st, true, err
	}
	if q.r.Serial() != q.serial {
		panic(panicRequest)
	}
	if !q.c.eng.Test(q.r) {
		return Status{}, false, nil
	}
	st, err := q.Wait()
	return st, true, err
}

// Cancel takes the operation back if no peer has matched it; Wait then returns
// ErrCancelled. If it is too late, it goes on as if nothing had happened: Cancel reports false.
func (q *Request) Cancel() bool {
	if q.r == nil {
		return false
	}
	return q.c.eng.Cancel(q.r, q.serial, ErrCancelled)
}

// WaitAll waits for all of reqs. st may be nil, or have an entry for each. The
// first error is returned; st tells the rest.
func WaitAll(reqs []Request, st []Status) error {
	if st != nil && len(st) < len(reqs) {
		panic(panicStatuses)
	}
	var first error
	for i := 0; i < len(reqs); {
		i = waitRun(reqs, i, st, &first)
	}
	return first
}

// waitRun waits for reqs[from] and those after it, as long as they belong to the same rank and nothing fails, and returns
// the index of the first that it did not wait for.
func waitRun(reqs []Request, from int, st []Status, first *error) (next int) {
	var eng *engine.Engine
	for next = from; next < len(reqs); next++ {
		q := &reqs[next]
		r, c, op := q.r, q.c, q.op
		q.op = opNone
		if r == nil {
			if st != nil {
				st[next] = nullStatus
			}
			continue
		}
		if r.Serial() != q.serial {
			if eng != nil {
				eng.Drop()
			}
			panic(panicRequest)
		}
		if eng == nil {
			eng = c.eng
			eng.Hold()
		} else if eng != c.eng {
			q.op = op
			break
		}
		q.r = nil
		note := r.Note
		s, err := eng.CompleteHeld(c.ctx, r)
		if st != nil {
			st[next] = nullStatus
			if op == opIrecv {
				st[next] = c.status(s, int(note.Unit))
			}
		}
		if err != nil {
			eng.Drop()
			if err = c.failed(op, note, err); *first == nil {
				*first = err
			}
			return next + 1
		}
	}
	if eng != nil {
		eng.Drop()
	}
	return next
}

// pending collects the engine's requests; few avoids an allocation. done is the
// index of one that is finished already, or -1.
func pending(reqs []Request, few []*engine.Req) (rs []*engine.Req, c *Comm, done int) {
	rs = few[:0]
	for i := range reqs {
		q := &reqs[i]
		if q.op != opNone && q.r == nil {
			return nil, nil, i
		}
		if q.r != nil {
			if q.r.Serial() != q.serial {
				panic(panicRequest)
			}
			c = q.c
		}
		rs = append(rs, q.r)
	}
	return rs, c, -1
}

// WaitAny waits until one of reqs is done and returns its index, or -1 when all are null. If their communicators have
// different bounds (WithContext), that of the last request that is not null holds for all.
func WaitAny(reqs []Request) (int, Status, error) {
	for {
		i, st, ok, err := anyOf(reqs, true)
		if ok {
			return i, st, err
		}
	}
}

// TestAny is WaitAny that makes progress once and does not wait: ok says whether one is done, or all are null.
func TestAny(reqs []Request) (i int, st Status, ok bool, err error) { return anyOf(reqs, false) }

func anyOf(reqs []Request, wait bool) (int, Status, bool, error) {
	var few [16]*engine.Req
	rs, c, done := pending(reqs, few[:])
	if done < 0 {
		if c == nil {
			return -1, nullStatus, true, nil
		}
		if wait {
			c.eng.WaitMany(c.ctx, rs, true)
		} else if !c.eng.TestMany(rs, true) {
			return -1, Status{}, false, nil
		}
		for i, r := range rs {
			if r != nil {
				if ok, _ := c.eng.Done(r, reqs[i].serial); ok {
					done = i
					break
				}
			}
		}
		if done < 0 {
			return -1, Status{}, false, nil
		}
	}
	st, err := reqs[done].Wait()
	return done, st, true, err
}

// WaitSome waits until at least one of reqs is done and finishes all that are:
// their indices go to the front of index (as long as reqs), their statuses to st (nil, or as long as reqs). n is how
// many; 0 when all were null. The first error is returned.
func WaitSome(reqs []Request, index []int, st []Status) (n int, err error) {
	return someOf(reqs, index, st, true)
}

// TestSome is WaitSome that makes progress once and does not wait.
func TestSome(reqs []Request, index []int, st []Status) (n int, err error) {
	return someOf(reqs, index, st, false)
}

func someOf(reqs []Request, index []int, st []Status, wait bool) (n int, err error) {
	if len(index) < len(reqs) || st != nil && len(st) < len(reqs) {
		panic(panicStatuses)
	}
	i, s, ok, err := anyOf(reqs, wait)
	for !ok && wait {
		i, s, ok, err = anyOf(reqs, wait)
	}
	for ok && i >= 0 {
		index[n] = i
		if st != nil {
			st[n] = s
		}
		n++
		var e error
		if i, s, ok, e = anyOf(reqs, false); e != nil && err == nil {
			err = e
		}
	}
	return n, err
}

// TestAll makes progress and says whether all of reqs are done; then it is WaitAll.
func TestAll(reqs []Request, st []Status) (bool, error) {
	if st != nil && len(st) < len(reqs) {
		panic(panicStatuses)
	}
	var few [16]*engine.Req
	rs := few[:0]
	var c *Comm
	for i := range reqs {
		q := &reqs[i]
		if q.r != nil {
			if q.r.Serial() != q.serial {
				panic(panicRequest)
			}
			c = q.c
		}
		rs = append(rs, q.r)
	}
	if c != nil && !c.eng.TestMany(rs, false) {
		return false, nil
	}
	return true, WaitAll(reqs, st)
}
