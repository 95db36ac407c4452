package collective

import (
	"context"
	"runtime"
	"sync"
)

// waiter is a goroutine that waits for requests.
type waiter struct {
	ch  chan struct{}
	pcs [16]uintptr // where it waits, for reports
	n   int
}

var waiters = sync.Pool{New: func() any { return &waiter{ch: make(chan struct{}, 1)} }}

func newWaiter() *waiter {
	w := waiters.Get().(*waiter)
	w.n = runtime.Callers(2, w.pcs[:])
	return w
}

func (w *waiter) wake() {
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

// wait returns when the waiter is woken, or with true when ctx, which may be nil, has ended.
func (w *waiter) wait(ctx context.Context) (ended bool) {
	if ctx == nil {
		<-w.ch
		return false
	}
	select {
	case <-w.ch:
		return false
	case <-ctx.Done():
		return true
	}
}

// release gives the waiter up. No request knows it any more.
func (w *waiter) release() {
	select {
	case <-w.ch:
	default:
	}
	waiters.Put(w)
}

// WaitAll waits for all of reqs and returns the first error. Entries may be nil; those of requests that are not
// persistent are nil afterwards.
func WaitAll(reqs ...*Request) error {
	employAll(reqs)
	var first error
	for i, r := range reqs {
		if r == nil {
			continue
		}
		if err := r.Wait(); err != nil && first == nil {
			first = err
		}
		reqs[i] = r.kept()
	}
	return first
}

// WaitAny waits until one of reqs is done, and returns its index and its error; -1 if none is under way. Entries may
// be nil; that of the request is nil afterwards, unless it is persistent. If the requests' communicators
// have different bounds (WithContext), that of the last request ends the wait for all.
func WaitAny(reqs ...*Request) (int, error) {
	employAll(reqs)
	for {
		open := -1
		for i, r := range reqs {
			if r == nil {
				continue
			}
			switch r.look() {
			case done:
				err := r.Wait()
				reqs[i] = r.kept()
				return i, err
			case queued, running:
				open = i
			}
		}
		if open < 0 {
			return -1, nil
		}
		awaitAny(reqs, reqs[open])
	}
}

// employAll sends for workers if reqs are in several lanes: while we wait for one, the others go on.
func employAll(reqs []*Request) {
	var first *lane
	several := false
	for _, r := range reqs {
		if r == nil {
			continue
		}
		if first == nil {
			first = r.lane
		}
		several = several || r.lane != first
	}
	for _, r := range reqs {
		if several && r != nil {
			r.lane.employ()
		}
	}
}

// look is how far r has come. It panics if r is not to be waited for.
func (r *Request) look() progress {
	r.lane.mu.Lock()
	defer r.lane.mu.Unlock()
	if r.state == idle && r.kind != persistent {
		panic(panicRequest)
	}
	return r.state
}

// kept is what remains of r in a list of requests when it is finished.
func (r *Request) kept() *Request {
	if r.kind == persistent {
		return r
	}
	return nil
}

// awaitAny waits until one of reqs may be done; last is one of them.
func awaitAny(reqs []*Request, last *Request) {
	l := last.lane
	for _, r := range reqs {
		if r != nil && r.lane != l {
			l = nil // several
			break
		}
	}
	if l != nil {
		l.mu.Lock()
		if t := l.todo; t != nil && !l.busy && t.comm.Bound() == last.comm.Bound() {
			l.step(nil)
			l.handOn()
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
	}
	w := newWaiter()
	ready := false
	for _, r := range reqs {
		if r == nil {
			continue
		}
		r.lane.mu.Lock()
		switch {
		case r.state == idle:
		case r.w != nil:
			r.lane.mu.Unlock()
			panic(panicTwice)
		default:
			ready = ready || r.state == done
			r.lane.watch(r, w)
			r.lane.hire()
		}
		r.lane.mu.Unlock()
	}
	ended := !ready && w.wait(last.comm.Bound())
	for _, r := range reqs {
		if r == nil {
			continue
		}
		r.lane.mu.Lock()
		if r.w == w {
			r.lane.unwatch(r)
		}
		r.lane.mu.Unlock()
	}
	w.release()
	if ended {
		last.lane.mu.Lock()
		last.lane.expire(last)
		last.lane.mu.Unlock()
	}
}
