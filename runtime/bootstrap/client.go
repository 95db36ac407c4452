package bootstrap

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// Client is a rank's end of its control socket. Its methods may be called from
// any goroutine.
type Client struct {
	// OnDump is called when the launcher asks for a report; it answers with
	// Report(id, ...). OnLost is called once when the launcher is gone; the
	// process has to exit. Both run on the reader's goroutine and are set before
	// Hello, which starts it; either may be nil.
	OnDump func(id int)
	OnLost func()

	rank   int
	conn   *os.File
	closed atomic.Bool // Close -> reader: the end of file that follows is our own

	mu  sync.Mutex // one line at a time
	buf []byte
}

// Connect takes over the control socket named in info. Nothing is sent and
// nothing is read before Hello.
func Connect(info *Info) (*Client, error) {
	conn, err := takeOver(info)
	if err != nil {
		return nil, err
	}
	return &Client{rank: info.Rank, conn: conn}, nil
}

// Hello tells the launcher that this process is the rank: pid is os.Getpid(),
// segment the version of the segment package it is linked against. It starts the
// reader that calls OnDump and OnLost.
func (c *Client) Hello(pid, segment int) error {
	if err := c.send(Message{Op: OpHello, Rank: c.rank, PID: pid, Segment: segment}); err != nil {
		return err
	}
	go c.read()
	return nil
}

// Finalize tells the launcher that the rank ends in order: its exit is no failure
// for the others.
func (c *Client) Finalize() error { return c.send(Message{Op: OpFinalize, Rank: c.rank}) }

// Abort tells the launcher that this rank ends the job with this exit code, and
// why (one sentence). The caller exits with the same code afterwards.
func (c *Client) Abort(code int, why string) error {
	return c.send(Message{Op: OpAbort, Rank: c.rank, Code: code, Why: why})
}

// Report answers the dump with this id.
func (c *Client) Report(id int, pending []Pending) error {
	return c.send(Message{Op: OpReport, ID: id, Rank: c.rank, Pending: pending})
}

// Stalled tells the launcher that every rank was seen waiting.
func (c *Client) Stalled() error { return c.send(Message{Op: OpStalled, Rank: c.rank}) }

// Close closes the rank's end. OnLost isn't called for it.
func (c *Client) Close() error {
	c.closed.Store(true)
	return c.conn.Close()
}

func (c *Client) send(m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf = Append(c.buf[:0], m)
	if _, err := c.conn.Write(c.buf); err != nil {
		return fmt.Errorf("bootstrap: rank %d can't send %q to golaunch: %w", c.rank, m.Op, err)
	}
	return nil
}

func (c *Client) read() {
	r := NewReader(c.conn)
	for {
		m, err := r.Next()
		var bad *BadLineError
		switch {
		case errors.As(err, &bad):
			// A newer launcher may say more than we know.
		case err != nil:
			if !c.closed.Load() && c.OnLost != nil {
				c.OnLost()
			}
			return
		case m.Op == OpDump && c.OnDump != nil:
			c.OnDump(m.ID)
		}
	}
}
