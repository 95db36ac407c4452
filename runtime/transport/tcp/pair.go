package tcp

import (
	"fmt"
	"net"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
)

// pair is what a rank knows about its connections with one peer. Net.mu guards it.
type pair struct {
	chosen  bool          // stream 0 is decided upon
	dialing int           // which Connect is at work, 0: none
	dials   int           // Connects so far
	build   *build        // streams that are being put together to a link
	link    *Link         // that was handed out
	begun   int           // builds so far
	changed chan struct{} // closed, and replaced, at every change
}

// build is a link in the making.
type build struct {
	session [16]byte
	where   string
	conn    []*net.TCPConn
	keys    []handshake.Keys
	ready   []bool
	timer   *time.Timer
}

func (b *build) close() {
	b.timer.Stop()
	for _, c := range b.conn {
		if c != nil {
			_ = c.Close()
		}
	}
}

// pair returns what is known of a peer. n.mu is held.
func (n *Net) pair(peer int) *pair {
	p := n.pairs[peer]
	if p == nil {
		p = &pair{changed: make(chan struct{})}
		n.pairs[peer] = p
	}
	return p
}

func (p *pair) change() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// begun says how many links with a peer were begun so far. A connection whose handshake began before the last of them
// is obsolete, even when that link has ended meanwhile.
func (n *Net) begun(peer int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pair(peer).begun
}

// choose decides for a connection of stream 0, at the lower rank of a pair, once.
func (n *Net) choose(peer, begun int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pair(peer)
	if p.chosen || n.shutDown || p.begun != begun {
		return false
	}
	p.chosen = true
	return true
}

// unchoose takes a choice back whose connection came to nothing.
func (n *Net) unchoose(peer int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pair(peer)
	if p.build == nil && p.link == nil {
		p.chosen = false
		p.change()
	}
}

// reserve makes a place for a proved connection; ready must follow, or abandon.
func (n *Net) reserve(m *handshake.Machine, k handshake.Keys, c *net.TCPConn) (*build, handshake.Code) {
	n.mu.Lock()
	defer n.mu.Unlock()
	peer, i := m.Peer(), m.Stream()
	p := n.pair(peer)
	if n.shutDown {
		return nil, handshake.Busy
	}
	if i == 0 {
		if p.build != nil {
			p.build.close()
		}
		if p.link != nil { // only the higher rank comes here: the lower one wouldn't have chosen
			p.link.stale.Store(true)
			p.link = nil
		}
		b := &build{session: k.Session, where: c.RemoteAddr().String(), conn: make([]*net.TCPConn, n.cfg.Streams),
			keys: make([]handshake.Keys, n.cfg.Streams), ready: make([]bool, n.cfg.Streams)}
		b.timer = time.AfterFunc(n.cfg.Patience, func() {
			n.abandon(peer, b, fmt.Errorf("tcp: rank %d: rank %d at %s: not all of its %d streams came", n.cfg.Rank, peer, b.where, n.cfg.Streams))
		})
		p.build, p.chosen = b, true
		p.begun++
	}
	b := p.build
	if b == nil || i > 0 && (b.session != m.Asked() || b.conn[i] != nil) {
		return nil, handshake.WrongSession
	}
	b.conn[i], b.keys[i] = c, k
	return b, handshake.Accepted
}

// ready says that both sides know that connection i is good; the last one makes the link.
func (n *Net) ready(peer int, b *build, i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pair(peer)
	b.ready[i] = true
	if p.build != b || n.shutDown {
		return
	}
	for _, r := range b.ready {
		if !r {
			return
		}
	}
	b.timer.Stop()
	p.build = nil
	p.dialing = 0
	l, err := n.newLink(peer, b)
	if err != nil {
		p.chosen = false
		n.report(LinkEvent{Peer: peer, Err: err})
	} else {
		p.link = l
		n.report(LinkEvent{Peer: peer, Link: l})
	}
	p.change()
}

// newLink makes the link of connections that are complete.
func (n *Net) newLink(peer int, b *build) (*Link, error) {
	l := &Link{net: n, peer: peer, where: b.where}
	fail := func(err error) (*Link, error) {
		b.close()
		for _, s := range l.s {
			s.sock.close()
		}
		return nil, fmt.Errorf("tcp: rank %d: rank %d at %s: %w", n.cfg.Rank, peer, b.where, err)
	}
	for i, c := range b.conn {
		if err := c.SetDeadline(time.Time{}); err != nil {
			return fail(err)
		}
		sock, err := newSocket(c, n)
		if err != nil {
			return fail(err)
		}
		s := &stream{sock: sock}
		l.s = append(l.s, s)
		if s.tx, err = newSender(&n.cfg, sock, b.keys[i].Send[:]); err != nil {
			return fail(err)
		}
		if s.rx, err = newReceiver(&n.cfg, sock, b.keys[i].Recv[:]); err != nil {
			return fail(err)
		}
	}
	return l, nil
}

// abandon gives up a link in the making.
func (n *Net) abandon(peer int, b *build, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pair(peer)
	if p.build != b { // it has become a link, or another has taken its place
		return
	}
	b.close()
	p.build, p.chosen = nil, false
	p.change()
	if err != nil {
		n.report(LinkEvent{Peer: peer, Err: err})
	}
}

// forget is told by a link that it is of no use any more.
func (n *Net) forget(l *Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pair(l.peer); p.link == l {
		p.link, p.chosen = nil, false
		p.change()
	}
}
