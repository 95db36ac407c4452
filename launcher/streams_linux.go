package launcher

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// readNow reads what a non-blocking file holds at this moment; EAGAIN if nothing. It
// knows no deadline: one that is set while a reader drains is for its next round.
func readNow(f *os.File, b []byte) (int, error) {
	c, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var rerr error
	err = c.Control(func(fd uintptr) {
		for {
			n, rerr = syscall.Read(int(fd), b)
			if rerr != syscall.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case rerr != nil:
		return 0, rerr
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// stream is our end of a rank's standard output or error.
type stream struct {
	f     *os.File
	drain bool // the reader's own: take what is there and stop
}

// Read reads until the end of the pipe, or, once stop was called, what the pipe holds.
func (s *stream) Read(b []byte) (int, error) {
	if !s.drain {
		n, err := s.f.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		s.drain = true
		s.f.SetReadDeadline(time.Time{})
	}
	n, err := readNow(s.f, b)
	if err == syscall.EAGAIN {
		err = io.EOF
	}
	return n, err
}

// stop makes the reader end when it has read what is there: when all processes of the
// job are gone, a pipe can be held open only by somebody that we don't know.
func (s *stream) stop() { s.f.SetReadDeadline(time.Unix(1, 0)) }

// control is our end of a rank's control socket. One goroutine reads it (serve).
type control struct {
	rank int
	f    *os.File
	post func(any)

	mu    sync.Mutex
	later []any // to be posted when everything written so far was read
	ended bool  // serve is done

	draining bool  // serve's own: reading what is there, then ready is posted
	ready    []any // serve's own: what was in later when the draining began
}

// after posts an event after everything that the rank has written until now.
func (c *control) after(ev any) {
	c.mu.Lock()
	if !c.ended {
		c.later = append(c.later, ev)
		c.f.SetReadDeadline(time.Unix(1, 0))
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.post(ev)
}

// serve reads messages until the socket ends.
func (c *control) serve() {
	r := bootstrap.NewReader(c)
	for {
		m, err := r.Next()
		var bad *bootstrap.BadLineError
		switch {
		case errors.As(err, &bad):
			c.post(evBadLine{c.rank, bad})
		case err != nil:
			c.mu.Lock()
			c.ended = true
			c.ready = append(c.ready, c.later...)
			c.mu.Unlock()
			c.drained()
			return
		default:
			c.post(evMessage{c.rank, m})
		}
	}
}

// Read is for serve's bootstrap.Reader. It is called only when all messages read so
// far were posted, so that is the place to post what had to wait for them.
func (c *control) Read(b []byte) (int, error) {
	for {
		if c.draining {
			n, err := readNow(c.f, b)
			if err != syscall.EAGAIN {
				return n, err
			}
			c.draining = false
			c.drained()
		}
		n, err := c.f.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		// An event that comes from here on sets the deadline again and waits for the
		// next round: what it has to wait for may be written after this one's end.
		c.mu.Lock()
		c.f.SetReadDeadline(time.Time{})
		c.ready, c.later = c.later, nil
		c.mu.Unlock()
		c.draining = true
	}
}

func (c *control) drained() {
	for _, ev := range c.ready {
		c.post(ev)
	}
	c.ready = nil
}

// dump asks the rank for a report. It doesn't wait for room in the socket: a rank
// that reads nothing gives no answer.
func (c *control) dump(id int) {
	line := bootstrap.Append(nil, bootstrap.Message{Op: bootstrap.OpDump, ID: id})
	conn, err := c.f.SyscallConn()
	if err != nil {
		return
	}
	conn.Write(func(fd uintptr) bool {
		syscall.Write(int(fd), line)
		return true
	})
}
