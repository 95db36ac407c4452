package mpi

import (
	"errors"
	"fmt"
	"slices"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/engine"
)

// ErrUnfinished is what Finalize returns when a nonblocking collective was started and never waited for.
var ErrUnfinished = errors.New("a collective was started and not finished by Wait or Test")

// Started is a collective that was started and that nobody has finished, for reports and Finalize. No compatibility
// promise.
type Started struct {
	Op    string // "Iallreduce"
	Bytes int
	Done  bool   // it waits only to be asked
	Runs  bool   // what is pending on the nonblocking plane is a part of it
	Waits bool   // a goroutine waits for it
	Where string // "file:line function" of that goroutine, if known
	Begun string // likewise of the start
}

// Starter is an Attachment that knows what was started, oldest first. No compatibility promise.
type Starter interface {
	Attachment
	Started() []Started
	// Waiting is the blocking collective that has waited last: what is pending on its plane is a part of it.
	Waiting() string
	// Stop returns when nothing runs any more. The engine is closed, so nothing can wait for long.
	Stop()
}

// starter is the communicator's attachment if it is one.
func (s *commShared) starter() Starter {
	if a := s.attached.Load(); a != nil {
		st, _ := (*a).(Starter)
		return st
	}
	return nil
}

// unfinished is the error of Finalize if the program has forgotten a collective.
func (p *process) unfinished() error {
	for _, l := range p.starters() {
		if s := l.Started(); len(s) > 0 {
			return l.comm.fail("Finalize", ProcNull, AnyTag, fmt.Errorf("%w: %s", ErrUnfinished, s[0].Op))
		}
	}
	return nil
}

// starters are the attachments that may have something under way.
func (p *process) starters() []leftOver {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.left)
	for _, c := range p.comms {
		if a := c.shared.starter(); a != nil {
			all = append(all, leftOver{c, a})
		}
	}
	return all
}

// stop ends what was started and not finished, before the memory goes that it works on.
func (p *process) stop() {
	for _, l := range p.starters() {
		l.Stop()
	}
}

// leftOver is what was started on a communicator that was freed since.
type leftOver struct {
	comm *Comm
	Starter
}

// leave remembers what is under way on a communicator that is being freed: it goes on. It says whether there was anything.
func (p *process) leave(c *Comm) bool {
	if a := c.shared.starter(); a != nil && len(a.Started()) > 0 {
		p.mu.Lock()
		p.left = append(p.left, leftOver{c, a})
		p.mu.Unlock()
		return true
	}
	return false
}

// report answers the launcher's question what this rank is waiting for.
func (p *process) report() []bootstrap.Pending {
	var out []bootstrap.Pending
	started := map[*Comm][]Started{}
	for _, l := range p.starters() {
		started[l.comm] = l.Started()
	}
	for _, q := range p.eng.Report() {
		c := p.comm(q.Ctx)
		out = append(out, c.pending(q, started[c]))
	}
	for c, list := range started {
		for _, s := range list {
			if !s.Done && !s.Runs {
				out = append(out, bootstrap.Pending{Op: s.Op, Peer: ProcNull, Tag: AnyTag, Bytes: int64(s.Bytes), Comm: c.Name(), Begun: s.Begun})
			}
		}
	}
	return out
}

// pending is how the launcher is told of an operation of the engine. c is nil if its communicator is not known.
func (c *Comm) pending(q engine.Pending, started []Started) bootstrap.Pending {
	b := bootstrap.Pending{Op: q.Op, Peer: int(q.Peer), Tag: int(q.Tag), Bytes: int64(q.Bytes), Where: q.Where, Begun: q.Begun, Blocking: q.Block}
	if c == nil {
		return b
	}
	b.Comm = c.Name()
	part := func(of string) {
		if b.Op = q.Op + " in " + of; q.Op == engine.OpWait.String() {
			b.Op = of
		}
	}
	plane := q.Ctx % planes
	if plane == planeCheck {
		runs := slices.ContainsFunc(started, func(s Started) bool { return s.Runs })
		if plane = planeCollective; q.Tag == CheckStarted || q.Tag >= CheckNotice && runs {
			plane = planeNonblocking
		}
	}
	switch plane {
	case planeNonblocking:
	case planeCollective:
		if a := c.shared.starter(); a != nil && a.Waiting() != "" {
			part(a.Waiting())
		}
		return b
	default:
		return b
	}
	var waits bool
	var where string
	for _, s := range started {
		if s.Runs {
			part(s.Op)
			b.Begun = s.Begun
		}
		if s.Waits && !waits {
			waits, where = true, s.Where
		}
	}
	if q.Aside {
		// A worker does it: that it waits doesn't mean that the program does.
		b.Blocking, b.Where = waits, where
	}
	return b
}
