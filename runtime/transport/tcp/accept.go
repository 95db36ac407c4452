package tcp

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
)

// strangers is how many connections may be unproved at once. When one more comes, the oldest goes.
const strangers = 256

func nonce() (b [handshake.NonceBytes]byte) {
	_, _ = rand.Read(b[:]) // never fails
	return b
}

func (n *Net) acceptAll() {
	defer n.working.Done()
	for {
		c, err := n.ln.Accept()
		if err != nil {
			if n.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors, say. Others may give some back.
			n.cfg.Log.Warn("tcp: accepting", "rank", n.cfg.Rank, "error", err)
			select {
			case <-n.ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		tc := c.(*net.TCPConn)
		if !n.welcome(tc) {
			_ = tc.Close()
			continue
		}
		n.working.Add(1)
		go n.answer(tc)
	}
}

// welcome remembers a stranger.
func (n *Net) welcome(c *net.TCPConn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.shutDown {
		return false
	}
	if len(n.strange) >= strangers {
		_ = n.strange[0].Close()
		n.strange = slices.Delete(n.strange, 0, 1)
	}
	n.strange = append(n.strange, c)
	return true
}

// known forgets that somebody was a stranger.
func (n *Net) known(c *net.TCPConn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.strange, c); i >= 0 {
		n.strange = slices.Delete(n.strange, i, i+1)
	}
}

// answer goes through the acceptor's side of a handshake.
func (n *Net) answer(c *net.TCPConn) {
	defer n.working.Done()
	defer n.known(c)
	if err := n.greet(c); err != nil {
		_ = c.Close()
		n.cfg.Log.Warn("tcp: a connection was refused", "rank", n.cfg.Rank, "from", c.RemoteAddr().String(), "error", err)
	}
}

func (n *Net) greet(c *net.TCPConn) error {
	if err := c.SetDeadline(time.Now().Add(n.cfg.Patience)); err != nil {
		return err
	}
	m, err := handshake.Accept(n.shake, nonce(), c.RemoteAddr().String())
	if err != nil {
		return err
	}
	var b [handshake.MessageBytes]byte
	begun := 0
	for m.State() == handshake.Talking {
		if _, err := io.ReadFull(c, b[:]); err != nil {
			return err
		}
		out, err := m.Step(b[:])
		if len(out) > 0 && err == nil {
			begun = n.begun(m.Peer()) // before the peer can answer
		}
		if len(out) > 0 {
			if _, werr := c.Write(out); werr != nil && err == nil {
				err = werr
			}
		}
		if err != nil {
			return err
		}
	}
	k, err := m.Keys()
	if err != nil {
		return err
	}
	n.known(c)
	peer, first := m.Peer(), m.Stream() == 0
	if first && m.Decides() && !n.choose(peer, begun) {
		_, err := c.Write(m.Decide(handshake.Unwanted))
		_ = c.Close()
		return err // nil: two ranks that dial each other at once are no mishap
	}
	bd, code := n.reserve(m, k, c)
	if code != handshake.Accepted {
		_, _ = c.Write(m.Decide(code))
		if first {
			n.unchoose(peer)
		}
		return &handshake.Error{Rank: n.shake.Rank, Peer: int64(peer), Where: c.RemoteAddr().String(), Stage: "verdict", Code: code,
			Text: "the stream has no place here"}
	}
	if _, err := c.Write(m.Decide(handshake.Accepted)); err != nil {
		n.abandon(peer, bd, nil)
		return err
	}
	n.ready(peer, bd, m.Stream())
	return nil
}
