package loggp

import (
	"errors"

	"github.com/golaunch/golaunch/collective/plan"
)

// A step is what the model needs of plan's.
type step struct {
	bytes int64
	peer  int32
	kind  plan.Kind
	end   bool
}

// A play runs the plans of some ranks. Either of all; or, folded, of one node's, as every node does the same: then a
// message to the rank l of the node that is j nodes up stands for the one that this node's rank l gets from j nodes down.
type play struct {
	Machine
	size    int // ranks of the job
	perNode int
	folded  bool
	ranks   []rank
	out, in []Time // when the port of a node to and from the network is free again
	msgs    []message
	unused  []int32
	events  queue
	seq     uint64
	count   int64 // messages
}

type rank struct {
	steps   []step
	next    int  // first step after the open group
	left    int  // sends and receives of the open group that aren't through
	cpu     Time // the processor is free
	sent    Time // the last send of the group has left the port
	out, in Time // when the ports inside of the node are free again
	wanted  []want
	arrived []arrival
}

// A want is a receive of the open group.
type want struct {
	from int32
	work Time // of the fold
}

// An arrival is a message that nobody has asked for yet.
type arrival struct {
	from int32
	at   Time
}

type message struct {
	bytes    int64
	from, to int32 // ranks as the receiver sees them
	src, dst int32 // entries of ranks
	net      bool
}

var errStuck = errors.New("loggp: the plans wait for each other")

// run plays everything and returns when the last rank is done.
func (p *play) run() (Time, error) {
	for i := range p.ranks {
		p.begin(int32(i))
	}
	for len(p.events) > 0 {
		e := p.events.pop()
		m := &p.msgs[e.msg]
		link := p.link(m)
		switch e.kind {
		case inject:
			port := &p.ranks[m.src].out
			if m.net {
				port = &p.out[int(m.src)/p.perNode]
			}
			start := max(e.at, *port)
			*port = start + link.occupy(m.bytes)
			p.add(start+link.L, reach, e.msg)
			src := m.src
			r := &p.ranks[src]
			r.sent = max(r.sent, *port)
			p.through(src)
		case reach:
			port := &p.ranks[m.dst].in
			if m.net {
				port = &p.in[int(m.dst)/p.perNode]
			}
			start := max(e.at, *port)
			*port = start + link.occupy(m.bytes)
			p.add(start+link.G*Time(m.bytes), come, e.msg)
		case come:
			dst, from := m.dst, m.from
			p.unused = append(p.unused, e.msg)
			p.deliver(dst, from, e.at)
		}
	}
	var end Time
	for i := range p.ranks {
		r := &p.ranks[i]
		if r.left > 0 || r.next < len(r.steps) || len(r.arrived) > 0 {
			return 0, errStuck
		}
		end = max(end, r.cpu)
	}
	return end, nil
}

func (p *play) link(m *message) *Link {
	if m.net {
		return &p.Net
	}
	return &p.Node
}

// add adds an event. Of those at the same time, the ones of lower ranks in their node come first, by what the other
// rank is to them: the same on all nodes, as long as they do the same.
func (p *play) add(at Time, kind happening, msg int32) {
	m := &p.msgs[msg]
	p.seq++
	self, other := int(m.dst)%p.perNode, int(m.to-m.from)
	if kind == inject {
		self = int(m.src) % p.perNode
	}
	if other < 0 {
		other += p.size
	}
	order := uint64(kind)<<62 | uint64(self&0xffff)<<46 | uint64(other&0xfffff)<<26 | p.seq&(1<<26-1)
	p.events.push(event{at, order, msg, kind})
}

// begin begins groups of rank i until one has to wait.
func (p *play) begin(i int32) {
	r := &p.ranks[i]
	for r.next < len(r.steps) {
		first := r.next
		for !r.steps[r.next].end {
			r.next++
		}
		r.next++
		group := r.steps[first:r.next]
		r.sent = r.cpu
		r.left = 0
		for k := range group {
			if s := &group[k]; s.kind <= plan.RecvFoldBefore {
				r.left++
			}
		}
		for k := range group {
			switch s := &group[k]; s.kind {
			case plan.Send:
				p.send(i, s)
			case plan.Fold, plan.FoldBefore:
				r.cpu += p.Fold * Time(s.bytes)
			case plan.Copy:
				r.cpu += p.Copy * Time(s.bytes)
			}
		}
		for k := range group {
			s := &group[k]
			if s.kind != plan.Recv && s.kind != plan.RecvFold && s.kind != plan.RecvFoldBefore {
				continue
			}
			w := want{from: s.peer}
			if s.kind != plan.Recv {
				w.work = p.Fold * Time(s.bytes)
			}
			if at, ok := r.look(s.peer); ok {
				r.take(w, at, p.linkTo(i, s.peer))
			} else {
				r.wanted = append(r.wanted, w)
			}
		}
		if r.left > 0 {
			return
		}
		r.cpu = max(r.cpu, r.sent)
	}
}

// local is the entry of ranks that rank q of the job is, as rank i sees it, and whether it is on another node.
func (p *play) local(i, q int32) (int32, bool) {
	if !p.folded {
		return q, int(i)/p.perNode != int(q)/p.perNode
	}
	return q % int32(p.perNode), int(q) >= p.perNode
}

func (p *play) linkTo(i, q int32) *Link {
	if _, net := p.local(i, q); net {
		return &p.Net
	}
	return &p.Node
}

func (p *play) send(i int32, s *step) {
	r := &p.ranks[i]
	dst, net := p.local(i, s.peer)
	m := message{bytes: s.bytes, from: i, to: s.peer, src: i, dst: dst, net: net}
	if p.folded { // seen from the receiver
		m.to = dst
		if m.from = i - (s.peer - dst); m.from < 0 {
			m.from += int32(p.size)
		}
	}
	var id int32
	if n := len(p.unused); n > 0 {
		id = p.unused[n-1]
		p.unused = p.unused[:n-1]
		p.msgs[id] = m
	} else {
		id = int32(len(p.msgs))
		p.msgs = append(p.msgs, m)
	}
	p.count++
	r.cpu += p.link(&m).O
	p.add(r.cpu, inject, id)
}

// deliver hands a message to its receiver.
func (p *play) deliver(i, from int32, at Time) {
	r := &p.ranks[i]
	for k := range r.wanted {
		if w := r.wanted[k]; w.from == from {
			r.wanted = without(r.wanted, k)
			r.take(w, at, p.linkTo(i, from))
			if r.left == 0 {
				r.cpu = max(r.cpu, r.sent)
				p.begin(i)
			}
			return
		}
	}
	r.arrived = append(r.arrived, arrival{from, at})
}

// through notes that a send of rank i has left.
func (p *play) through(i int32) {
	r := &p.ranks[i]
	if r.left--; r.left == 0 {
		r.cpu = max(r.cpu, r.sent)
		p.begin(i)
	}
}

// look finds the oldest message of a rank among those that have come.
func (r *rank) look(from int32) (at Time, ok bool) {
	for k := range r.arrived {
		if a := r.arrived[k]; a.from == from {
			r.arrived = without(r.arrived, k)
			return a.at, true
		}
	}
	return 0, false
}

// take receives a message that came at a time.
func (r *rank) take(w want, at Time, link *Link) {
	r.cpu = max(r.cpu, at) + link.O + w.work
	r.left--
}

// without takes element k, mostly one of the first, out of a slice.
func without[T any](s []T, k int) []T {
	if len(s) == 1 {
		return s[:0]
	}
	copy(s[1:k+1], s[:k])
	return s[1:]
}
