package mpi

import (
	"errors"
	"fmt"
	"sync"

	"github.com/golaunch/golaunch/runtime/transport/inproc"
)

// localJob is a job whose ranks are goroutines.
type localJob struct {
	ranks []*process

	mu     sync.Mutex
	errs   []error // by rank
	causes []error // the first is what ended the job
}

func (l *localJob) blame(rank int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.causes = append(l.causes, fmt.Errorf("rank %d: %w", rank, err))
}

// abort ends the job: blocked calls fail, and contexts end, also those of ranks that compute.
func (l *localJob) abort(p *process, code int) {
	p.job.Abort(p.eng.Rank(), code)
	for _, r := range l.ranks {
		r.endContext()
	}
}

// RunLocal runs fn on n ranks that are goroutines of this process, and returns when
// all have. The first rank that returns an error or panics aborts the others
// (their calls return ErrAborted), and its error is returned; with WithFaults(Return) such a rank
// counts as dead for the others instead, and all errors are joined. The program
// is the same as under golaunch, except that package variables are shared.
func RunLocal(n int, fn func(world *Comm) error, opts ...Option) error {
	var o options
	for _, f := range opts {
		f(&o)
	}
	w, err := inproc.New(n)
	if err != nil {
		return fmt.Errorf("mpi: %w", err)
	}
	ps := make([]*process, n)
	l := &localJob{ranks: ps, errs: make([]error, n)}
	for i := range ps {
		if ps[i], err = newProcess(w.Endpoint(i), o); err != nil {
			return fmt.Errorf("mpi: %w", err)
		}
		ps[i].local = l
	}
	var wg sync.WaitGroup
	for i, p := range ps {
		wg.Go(func() { l.run(i, p, fn) })
	}
	wg.Wait()
	for _, p := range ps {
		p.eng.Close()
		p.stop()
		p.cancel(ErrClosed)
	}
	if err := w.Close(); err != nil {
		l.errs = append(l.errs, err)
	}
	if o.faults == Return {
		return errors.Join(l.errs...)
	}
	if len(l.causes) > 0 {
		return l.causes[0]
	}
	return errors.Join(l.errs...)
}

func (l *localJob) run(rank int, p *process, fn func(*Comm) error) {
	returned := false
	defer func() {
		if !returned {
			l.failed(rank, p, errGoexit)
		}
	}()
	crash, err := guard(fn, p.world)
	returned = true
	if crash != "" {
		err = errors.New(crash)
	}
	if err == nil {
		err = p.finalize()
	}
	if err == nil {
		return
	}
	l.failed(rank, p, err)
}

var errGoexit = errors.New("its goroutine ended by runtime.Goexit (t.Fatal or t.FailNow inside of a rank?)")

// failed takes note that a rank has ended with an error.
func (l *localJob) failed(rank int, p *process, err error) {
	if p.opts.faults == Return {
		l.errs[rank] = fmt.Errorf("rank %d: %w", rank, err)
		p.job.MarkDead(rank)
		return
	}
	if _, _, yes := p.job.Aborted(); yes {
		l.mu.Lock()
		l.errs[rank] = err
		l.mu.Unlock()
		return
	}
	l.blame(rank, err)
	l.abort(p, 1)
}
