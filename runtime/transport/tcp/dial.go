package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
)

// Connect begins to make a link to a peer that is reachable at one or several of addrs, and returns at once; Poll reports the link, or why
// there is none. It does nothing while there is a link, or one is being made: whichever side begins, a pair has one link.
func (n *Net) Connect(peer int, addrs []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if peer < 0 || peer >= n.cfg.Size || peer == n.cfg.Rank || len(addrs) == 0 {
		n.report(LinkEvent{Peer: peer, Err: fmt.Errorf("tcp: rank %d of %d can't connect to rank %d at %d addresses",
			n.cfg.Rank, n.cfg.Size, peer, len(addrs))})
		return
	}
	p := n.pair(peer)
	if n.shutDown || p.dialing != 0 || p.link != nil || p.build != nil {
		return
	}
	p.dials++
	p.dialing = p.dials
	n.working.Add(1)
	go n.reach(peer, p.dialing, append([]string(nil), addrs...))
}

// reach tries until there is a link, or patience ends, or it is clear that there will be none.
func (n *Net) reach(peer, id int, addrs []string) {
	defer n.working.Done()
	ctx, cancel := context.WithTimeout(n.ctx, n.cfg.Patience)
	defer cancel()
	var last error
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		n.mu.Lock()
		p := n.pair(peer)
		if p.dialing != id || n.shutDown {
			n.mu.Unlock()
			return
		}
		if ctx.Err() != nil {
			p.dialing = 0
			if last == nil {
				last = ctx.Err()
			}
			n.report(LinkEvent{Peer: peer, Err: fmt.Errorf("tcp: rank %d: no connection to rank %d at %s within %v: %w",
				n.cfg.Rank, peer, strings.Join(addrs, ", "), n.cfg.Patience, last)})
			n.mu.Unlock()
			return
		}
		chosen, changed, begun := p.chosen, p.changed, p.begun
		n.mu.Unlock()
		if !chosen {
			err := n.attempt(ctx, peer, begun, addrs)
			if err != nil {
				last = err
			}
			if err != nil && final(err) {
				n.mu.Lock()
				if p.dialing == id { // else the peer's own connection has made a link meanwhile
					p.dialing = 0
					n.report(LinkEvent{Peer: peer, Err: fmt.Errorf("tcp: rank %d: no connection to rank %d: %w", n.cfg.Rank, peer, err)})
				}
				n.mu.Unlock()
				return
			}
		}
		t := time.NewTimer(pause)
		select {
		case <-changed:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// final says whether every address has said no for a reason that time doesn't mend.
func final(err error) bool {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return false
	}
	all := many.Unwrap()
	for _, e := range all {
		var h *handshake.Error
		if !errors.As(e, &h) {
			return false
		}
		switch h.Code {
		case handshake.Unwanted, handshake.Busy, handshake.WrongSession:
			return false
		}
	}
	return len(all) > 0
}

// proved is a connection whose acceptor has proved itself.
type proved struct {
	c    *net.TCPConn
	m    *handshake.Machine
	addr string
	err  error
}

// attempt dials all addresses and makes a link with the first connection that is proved.
func (n *Net) attempt(ctx context.Context, peer, begun int, addrs []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan proved, len(addrs))
	for _, a := range addrs {
		go func() { found <- n.prove(ctx, peer, a, 0, [16]byte{}) }()
	}
	var failed []error
	for i := range addrs {
		f := <-found
		if f.err == nil {
			// The others are of no use: one proved connection is as good as another.
			cancel()
			go func() {
				for range len(addrs) - i - 1 {
					if o := <-found; o.err == nil {
						_ = o.c.Close()
					}
				}
			}()
			if f.err = n.settle(peer, begun, f); f.err == nil {
				return nil
			}
			return errors.Join(append(failed, f.err)...)
		}
		failed = append(failed, f.err)
	}
	return errors.Join(failed...)
}

// prove dials an address and lets it prove that it is the peer.
func (n *Net) prove(ctx context.Context, peer int, addr string, stream int, session [16]byte) (f proved) {
	f.addr = addr
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		f.err = err
		return f
	}
	f.c = c.(*net.TCPConn)
	defer func() {
		if f.err != nil {
			_ = f.c.Close()
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = f.c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var hello []byte
	if f.m, hello, f.err = handshake.Dial(n.shake, uint32(peer), uint16(stream), session, nonce(), addr); f.err != nil {
		return f
	}
	if _, f.err = f.c.Write(hello); f.err != nil {
		return f
	}
	f.err = hear(f.c, f.m)
	return f
}

// hear reads one message for a dialler.
func hear(c *net.TCPConn, m *handshake.Machine) error {
	var b [handshake.MessageBytes]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return fmt.Errorf("%v: it doesn't answer like a rank of this job: %w", c.RemoteAddr(), err)
	}
	_, err := m.Step(b[:])
	return err
}

// settle makes a link of a connection that is proved, if nobody has chosen another one.
func (n *Net) settle(peer, begun int, f proved) error {
	decides := f.m.Decides()
	if decides && !n.choose(peer, begun) || !decides && n.begun(peer) != begun {
		_ = f.c.Close()
		return nil // the peer's own connection is it
	}
	b, err := n.finish(f)
	if err != nil {
		if decides {
			n.unchoose(peer)
		}
		return err
	}
	n.ready(peer, b, 0)
	for i := 1; i < n.cfg.Streams; i++ {
		ctx, cancel := context.WithTimeout(n.ctx, n.cfg.Patience)
		more := n.prove(ctx, peer, f.addr, i, b.session)
		cancel()
		if more.err == nil {
			_, more.err = n.finish(more)
		}
		if more.err != nil {
			n.abandon(peer, b, nil)
			return fmt.Errorf("stream %d of %d: %w", i, n.cfg.Streams, more.err)
		}
		n.ready(peer, b, i)
	}
	return nil
}

// finish sends the proof, hears the verdict, and gives the connection its place.
func (n *Net) finish(f proved) (*build, error) {
	err := f.c.SetDeadline(time.Now().Add(n.cfg.Patience))
	stop := context.AfterFunc(n.ctx, func() { _ = f.c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err == nil {
		_, err = f.c.Write(f.m.Choose())
	}
	if err == nil {
		err = hear(f.c, f.m)
	}
	var k handshake.Keys
	if err == nil {
		k, err = f.m.Keys()
	}
	if err != nil {
		_ = f.c.Close()
		return nil, err
	}
	b, code := n.reserve(f.m, k, f.c)
	if code != handshake.Accepted {
		_ = f.c.Close()
		return nil, fmt.Errorf("rank %d at %s: %v", f.m.Peer(), f.addr, code)
	}
	return b, nil
}
