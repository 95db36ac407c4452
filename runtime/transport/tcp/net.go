package tcp

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/tcp/handshake"
)

// LinkEvent: a link is up, or could not be made.
type LinkEvent struct {
	Peer int
	Link *Link // nil when Err says why
	Err  error
}

// Net is one rank's access to the network: its listener, and the making of links. All methods may be called from any goroutine.
type Net struct {
	cfg     Config
	shake   handshake.Config
	ln      net.Listener
	ctx     context.Context
	cancel  context.CancelFunc
	waiter  *waiter
	events  atomic.Int32 // as many as up holds
	working sync.WaitGroup
	closing sync.WaitGroup // links that say goodbye

	mu       sync.Mutex
	up       []LinkEvent
	pairs    map[int]*pair
	strange  []*net.TCPConn // who has not proved itself yet, the oldest first
	shutDown bool
}

// Listen opens the listener of a rank and begins to take connections of its peers, which Poll will report.
func Listen(cfg Config) (*Net, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	n := &Net{cfg: cfg, shake: cfg.handshake(), pairs: map[int]*pair{}}
	if _, err := handshake.Accept(n.shake, [handshake.NonceBytes]byte{}, ""); err != nil { // says what is wrong with the configuration
		return nil, fmt.Errorf("tcp: %w", err)
	}
	var err error
	if n.waiter, err = newWaiter(); err != nil {
		return nil, fmt.Errorf("tcp: rank %d: %w", cfg.Rank, err)
	}
	if n.ln, err = net.Listen("tcp", cfg.Listen); err != nil {
		n.waiter.close()
		return nil, fmt.Errorf("tcp: rank %d: listening at %s: %w", cfg.Rank, cfg.Listen, err)
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.working.Add(1)
	go n.acceptAll()
	return n, nil
}

// Addrs are the addresses at which a peer may reach this rank, host and port, likely ones first: of all interfaces when the
// listener takes all,
// without loopback and link-local ones unless there are no others.
func (n *Net) Addrs() ([]string, error) {
	a, ok := n.ln.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("tcp: rank %d: listening at %v", n.cfg.Rank, n.ln.Addr())
	}
	if !a.IP.IsUnspecified() {
		return []string{a.String()}, nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("tcp: rank %d: addresses of this machine: %w", n.cfg.Rank, err)
	}
	var ips []net.IP
	for _, i := range all {
		if p, ok := i.(*net.IPNet); ok && !p.IP.IsLinkLocalUnicast() {
			ips = append(ips, p.IP)
		}
	}
	return addresses(ips, a.Port), nil
}

// addresses sorts and prints what a rank publishes.
func addresses(ips []net.IP, port int) []string {
	if slices.ContainsFunc(ips, func(ip net.IP) bool { return !ip.IsLoopback() }) {
		ips = slices.DeleteFunc(ips, net.IP.IsLoopback)
	}
	slices.SortStableFunc(ips, func(a, b net.IP) int { return cmp.Compare(len(b.To4()), len(a.To4())) }) // IPv4 first
	var out []string
	for _, ip := range ips {
		out = append(out, (&net.TCPAddr{IP: ip, Port: port}).String())
	}
	return out
}

// Poll returns the next link that is up, or the failure of a Connect.
func (n *Net) Poll() (LinkEvent, bool) {
	if n.events.Load() == 0 {
		return LinkEvent{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.up) == 0 {
		return LinkEvent{}, false
	}
	ev := n.up[0]
	n.up = n.up[1:]
	n.events.Add(-1)
	return ev, true
}

// report queues an event. n.mu is held.
func (n *Net) report(ev LinkEvent) {
	if n.shutDown {
		return
	}
	n.up = append(n.up, ev)
	n.events.Add(1)
	n.ring()
}

// Wait sleeps until a link may have something to read, one that was full may have room, Poll has something, Ring is called or d
// has passed. It may
// return early. One goroutine at a time may wait, while others use links.
func (n *Net) Wait(d time.Duration) { n.waiter.wait(d) }

// Ring ends a Wait.
func (n *Net) Ring() { n.ring() }

func (n *Net) ring() { n.waiter.ring() }

// Close ends the listener and all that is being connected, waits for links that say goodbye, and drops those that were not closed. No
// goroutine may be in Wait or use a link.
func (n *Net) Close() error {
	n.mu.Lock()
	if n.shutDown {
		n.mu.Unlock()
		return nil
	}
	n.shutDown = true
	for _, c := range n.strange {
		_ = c.Close()
	}
	var links []*Link
	for _, p := range n.pairs {
		if p.link != nil {
			links = append(links, p.link)
		}
		if p.build != nil {
			p.build.close()
		}
	}
	n.mu.Unlock()
	n.cancel()
	err := n.ln.Close()
	n.working.Wait()
	for _, l := range links {
		if l.err == nil {
			l.drop(ErrClosed)
		}
	}
	n.closing.Wait()
	n.waiter.close()
	return err
}
