package tcp

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
)

// stream is one connection of a link.
type stream struct {
	tx    sender
	rx    receiver
	sock  socket
	ended bool // the other side has ended it, in order
}

// Link is all connections to one peer. One goroutine at a time may use it, the holder of the progress token.
type Link struct {
	net    *Net
	peer   int
	where  string
	s      []*stream
	turn   int // stream that Send takes next
	look   int // stream that Next looks at
	err    error
	stale  atomic.Bool // the peer has connected anew
	silent time.Time   // when Check found the peer silent, zero: it is not
}

// Peer is the rank of the other side, Addr its address.
func (l *Link) Peer() int    { return l.peer }
func (l *Link) Addr() string { return l.where }

// Err says why the link is of no use any more: io.EOF after the peer's goodbye, else who and what; nil while it works.
func (l *Link) Err() error { return l.err }

// ErrReplaced: the peer has lost the link and made another one.
var ErrReplaced = errors.New("the peer has connected anew")

// ErrSilent: the peer's machine doesn't answer.
var ErrSilent = errors.New("the peer's machine does not answer")

// Post queues a frame and copies its payload, at most Config.Eager bytes of an Eager frame. It says false, and does nothing, when there is
// no room; Flush makes some. Nothing leaves before Flush.
func (l *Link) Post(h *frame.Header, payload []byte) bool {
	invariants.Check(len(payload) <= l.net.cfg.Eager, "tcp: an eager frame above the limit")
	return l.err == nil && l.s[0].tx.post(h, payload)
}

// Send queues a frame whose payload, 1 byte to the limit of its kind, is written from where it lies: it stays as it is until out.Left is 0
// again, or the link has an error. Data frames take turns on all streams, all others keep their order among themselves and with
// those of Post. It says
// false, and does nothing, when there is no room.
func (l *Link) Send(h *frame.Header, payload []byte, out *Out) bool {
	if l.err != nil {
		return false
	}
	invariants.Check(len(payload) <= max(l.net.cfg.Eager, l.net.cfg.Part), "tcp: a frame above the limit")
	if h.Kind != wire.Data {
		return l.s[0].tx.send(h, payload, out)
	}
	for range l.s {
		t := &l.s[l.turn].tx
		if l.turn++; l.turn == len(l.s) {
			l.turn = 0
		}
		if t.send(h, payload, out) {
			return true
		}
	}
	return false
}

// Pending says whether something is queued that Flush has not yet written.
func (l *Link) Pending() bool {
	for _, s := range l.s {
		if s.tx.pending() {
			return true
		}
	}
	return false
}

// Flush writes what there is room for and says whether anything went.
func (l *Link) Flush() bool {
	did := false
	if l.err != nil {
		return false
	}
	for _, s := range l.s {
		if !s.tx.pending() {
			continue
		}
		d, _ := s.tx.flush() // Next says what is wrong, after what the peer has said before it went
		did = did || d
	}
	return did
}

// Next finds the next event and says whether there is one. When there is none it has asked each stream's socket once.
func (l *Link) Next(r *Rec) bool {
	if l.err != nil {
		return false
	}
	if l.stale.Load() {
		l.fail(0, ErrReplaced)
		return false
	}
	for range l.s {
		s := l.s[l.look]
		if !s.ended {
			found, err := s.rx.next(r)
			switch {
			case err == io.EOF:
				s.ended = true
				if l.allEnded() {
					l.drop(io.EOF)
					return false
				}
			case err != nil:
				l.fail(l.look, err)
				return false
			case found && r.Kind == frame.Bye:
				s.rx.bye = true
				return l.Next(r) // as often as there are streams
			case found:
				r.Stream = l.look
				return true
			case s.tx.err != nil:
				l.fail(l.look, s.tx.err)
				return false
			}
		}
		if l.look++; l.look == len(l.s) {
			l.look = 0
		}
	}
	return false
}

// Into says where the payload that r, a Begun, announces shall go: a payload longer than p is cut off, nil throws it away. p stays in
// use until Ended, Drop or the end of the link.
func (l *Link) Into(r *Rec, p []byte) { l.s[r.Stream].rx.into(p) }

// Drop throws away what is still to come of the payload that goes to p, so that p can be used otherwise; its Ended comes nevertheless.
func (l *Link) Drop(stream int) {
	t := &l.s[stream].rx
	if t.body && !t.packed {
		t.dst, t.got = nil, 0
	}
}

func (l *Link) allEnded() bool {
	for _, s := range l.s {
		if !s.ended {
			return false
		}
	}
	return true
}

// Check looks whether the peer's machine still answers and says false when it doesn't. Call it some times a second: each call is
// a few system
// calls. A peer counts as dead when the kernel has asked (probes of an idle connection after a second, data that is not
// acknowledged) and heard nothing for Config.Dead, and at least a quarter of a second later still nothing: a machine that
// stood still itself has then had the time to read what had come. A program that computes and doesn't read is not dead, its kernel answers.
func (l *Link) Check(now time.Time) bool {
	if l.err != nil {
		return false
	}
	longest, at := time.Duration(0), 0
	for i, s := range l.s {
		if d := s.sock.silent(); d > longest {
			longest, at = d, i
		}
	}
	switch {
	case longest < l.net.cfg.Dead:
		l.silent = time.Time{}
	case l.silent.IsZero():
		l.silent = now
	case now.Sub(l.silent) >= confirm:
		l.fail(at, fmt.Errorf("%w: nothing for %v", ErrSilent, longest))
		return false
	}
	return true
}

const confirm = 250 * time.Millisecond

// fail ends the link because of a stream.
func (l *Link) fail(i int, err error) {
	l.drop(fmt.Errorf("tcp: rank %d: rank %d at %s, stream %d: %w", l.net.cfg.Rank, l.peer, l.where, i, err))
}

// drop gives up all connections. Nobody's memory is touched afterwards.
func (l *Link) drop(err error) {
	l.err = err
	for _, s := range l.s {
		s.tx.drop()
		s.rx.dst = nil
		s.sock.close()
	}
	l.net.forget(l)
}

// ErrClosed is the error of a link after Close.
var ErrClosed = errors.New("tcp: the link is closed")

// Close says goodbye and gives the link up. What is queued is still written, in the background, and Net.Close waits for it; memory given to
// Send must be free before (Out.Left 0), else the link just ends and the peer sees an error. The caller should have received all it wants:
// what still comes is thrown away.
func (l *Link) Close() {
	if l.err != nil {
		return
	}
	l.Flush()
	orderly := true
	for _, s := range l.s {
		for i := range s.tx.n {
			out := s.tx.q[(s.tx.head+i)%queueLen].out
			orderly = orderly && (out == nil || out == &s.tx.packing)
		}
		orderly = orderly && s.tx.post(&frame.Header{Kind: frame.Bye}, nil)
	}
	if !orderly {
		l.drop(ErrClosed)
		return
	}
	l.err = ErrClosed
	l.net.forget(l)
	l.net.closing.Add(1)
	go l.linger()
}

// linger writes what is left and waits until the other side has ended its streams too: to close a socket before
// everything was read would destroy what is on its way to the peer.
func (l *Link) linger() {
	defer l.net.closing.Done()
	deadline := time.Now().Add(l.net.cfg.Patience)
	scratch := make([]byte, staging)
	said := make([]bool, len(l.s)) // all is written
	for pause := time.Microsecond; time.Now().Before(deadline); pause = min(2*pause, 5*time.Millisecond) {
		open := false
		for i, s := range l.s {
			if s.ended {
				continue
			}
			did, err := s.tx.flush()
			if !said[i] && err == nil && !s.tx.pending() {
				said[i] = true
				err = s.sock.end()
			}
			n, rerr := s.sock.read(scratch, nil)
			s.ended = err != nil || rerr != nil && (said[i] || !closed(rerr))
			open = open || !s.ended
			if did || n > 0 {
				pause = time.Microsecond
			}
		}
		if !open {
			break
		}
		time.Sleep(pause)
	}
	for _, s := range l.s {
		s.sock.close()
	}
}
