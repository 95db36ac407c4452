package mpi

// Persistent is an operation that is begun many times with the same arguments.
// It belongs to one goroutine.
type Persistent struct {
	begin func() Request
	req   Request
}

// SendInit prepares a send.
func SendInit[T any](c *Comm, buf []T, dst, tag int, at ...Layout) *Persistent {
	return &Persistent{begin: func() Request { return Isend(c, buf, dst, tag, at...) }}
}

// SsendInit prepares a synchronous send.
func SsendInit[T any](c *Comm, buf []T, dst, tag int, at ...Layout) *Persistent {
	return &Persistent{begin: func() Request { return Issend(c, buf, dst, tag, at...) }}
}

// RecvInit prepares a receive.
func RecvInit[T any](c *Comm, buf []T, src, tag int, at ...Layout) *Persistent {
	return &Persistent{begin: func() Request { return Irecv(c, buf, src, tag, at...) }}
}

// Start begins the operation. It must not be under way.
func (p *Persistent) Start() {
	if !p.req.Null() {
		panic(panicStarted)
	}
	p.req = p.begin()
}

// Wait returns when the operation is done; at once if it was not started.
func (p *Persistent) Wait() (Status, error) { return p.req.Wait() }

// Test makes progress and says whether the operation is done.
func (p *Persistent) Test() (Status, bool, error) { return p.req.Test() }

// Cancel takes the operation back, as Request.Cancel does.
func (p *Persistent) Cancel() bool { return p.req.Cancel() }

// StartAll begins all of ps.
func StartAll(ps []*Persistent) {
	for _, p := range ps {
		p.Start()
	}
}

// WaitAllPersistent waits for all of ps and returns the first error.
func WaitAllPersistent(ps []*Persistent) error {
	var first error
	for _, p := range ps {
		if _, err := p.Wait(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
