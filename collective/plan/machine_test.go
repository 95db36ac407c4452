package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A val is a symbolic element: which ranks' contributions to which place it is made of, and how.
type val struct {
	sum    uint64 // of mark(rank) over the contributions; 0 means never written
	tree   uint64 // hash of the tree of folds: equal trees give equal bits
	idx    int32  // place in the contributing buffers
	lo, hi int32  // the contributions are those of ranks lo <= i < hi, folded in this order; hi is -1 if out of order
}

// mark is a random number for every rank, so that the sum of marks tells a set of ranks from any other, and from
// one in which a rank counts twice.
func mark(rank int) uint64 { return mix(uint64(rank) + 1) }

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func leaf(rank, idx int) val {
	return val{mark(rank), mix(uint64(rank)<<32 | uint64(idx)), int32(idx), int32(rank), int32(rank) + 1}
}

// join is a op b.
func join(a, b val) (val, error) {
	if a.sum == 0 || b.sum == 0 {
		return val{}, fmt.Errorf("folds what was never written")
	}
	if a.idx != b.idx {
		return val{}, fmt.Errorf("folds element %d with element %d", a.idx, b.idx)
	}
	v := val{a.sum + b.sum, mix(a.tree*31 + b.tree), a.idx, a.lo, b.hi}
	if a.hi != b.lo || a.hi < 0 || b.hi < 0 {
		v.hi = -1
	}
	return v, nil
}

// A memory is one rank's buffers.
type memory [buffers][]val

// cost is what a run took.
type cost struct{ messages, units, rounds int }

// A machine runs the plans of all ranks. It knows nothing of what they are for.
type machine struct {
	plans []Plan
	mem   []memory
	eager bool       // sends are done at once, with a copy; else when the receiver takes them
	rnd   *rand.Rand // if not nil, ranks go on in random order
	cost  cost

	ranks []progress
	chans []channel // of source*n + destination
	ready []int     // ranks that can begin a group
	busy  int       // the rank that begins one just now
}

type progress struct {
	next  int // first step after the open group
	left  int // messages of the open group that aren't through
	clock int // rounds until the open group began
	end   int // rounds until its last message so far is through
}

// A channel holds messages of one pair of ranks, in order.
type channel struct{ sends, recvs []offer }

type offer struct {
	step  Step
	ready int   // round in which the rank gets round to it: it sends, and receives, one message after the other
	data  []val // eager: what was sent
}

// run runs all plans to their ends. The error is the first thing that is wrong with them.
func (m *machine) run() error {
	n := len(m.plans)
	m.ranks, m.cost, m.ready = make([]progress, n), cost{}, m.ready[:0]
	if len(m.chans) != n*n {
		m.chans = make([]channel, n*n)
	}
	for i := range m.chans {
		m.chans[i].sends, m.chans[i].recvs = m.chans[i].sends[:0], m.chans[i].recvs[:0]
	}
	for r, p := range m.plans {
		if err := independent(p); err != nil {
			return fmt.Errorf("rank %d: %w", r, err)
		}
		m.ready = append(m.ready, r)
	}
	for len(m.ready) > 0 {
		i := len(m.ready) - 1
		if m.rnd != nil {
			i = m.rnd.IntN(len(m.ready))
		}
		r := m.ready[i]
		m.ready[i] = m.ready[len(m.ready)-1]
		m.ready = m.ready[:len(m.ready)-1]
		if err := m.begin(r); err != nil {
			return err
		}
	}
	var stuck []string
	for r := range m.ranks {
		if m.ranks[r].left > 0 {
			stuck = append(stuck, fmt.Sprint(r))
		}
		m.cost.rounds = max(m.cost.rounds, m.ranks[r].clock)
	}
	if stuck != nil {
		return fmt.Errorf("deadlock: ranks %s wait", strings.Join(stuck, " "))
	}
	for i, c := range m.chans {
		if len(c.sends) > 0 {
			return fmt.Errorf("unread data: %d messages from %d to %d", len(c.sends), i/n, i%n)
		}
	}
	return nil
}

// begin begins rank r's next group and, if that is through at once, those after it.
func (m *machine) begin(r int) error {
	p := &m.ranks[r]
	m.busy = r
	for p.next < len(m.plans[r].Steps) {
		group := m.plans[r].Group(p.next)
		p.next += len(group)
		p.left, p.end = 0, p.clock
		for _, s := range group {
			if s.Kind == Send && !m.eager || s.Receives() {
				p.left++
			}
		}
		sends, recvs := 0, 0
		for _, s := range group {
			if err := m.start(r, s, &sends, &recvs); err != nil {
				return fmt.Errorf("rank %d: %v: %w", r, s, err)
			}
		}
		if p.left > 0 {
			return nil
		}
		p.clock = p.end
	}
	return nil
}

func (m *machine) start(r int, s Step, sends, recvs *int) error {
	if err := m.check(r, s); err != nil {
		return err
	}
	n, p := len(m.plans), &m.ranks[r]
	peer := int(s.Peer)
	switch s.Kind {
	case Send:
		c := &m.chans[r*n+peer]
		o := offer{step: s, ready: p.clock + *sends}
		*sends++
		if m.eager {
			o.data = append(o.data, m.mem[r][s.Buf][s.Off:s.Off+s.Len]...)
		}
		c.sends = append(c.sends, o)
		return m.match(c, r, peer)
	case Recv, RecvFold, RecvFoldBefore:
		c := &m.chans[peer*n+r]
		c.recvs = append(c.recvs, offer{step: s, ready: p.clock + *recvs})
		*recvs++
		return m.match(c, peer, r)
	}
	to, from := m.mem[r][s.Buf][s.Off:s.Off+s.Len], m.mem[r][s.From][s.Fro:s.Fro+s.Len]
	for i := range to {
		var err error
		switch s.Kind {
		case Copy:
			if to[i] = from[i]; to[i].sum == 0 {
				err = fmt.Errorf("copies what was never written")
			}
		case Fold:
			to[i], err = join(to[i], from[i])
		case FoldBefore:
			to[i], err = join(from[i], to[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check refuses steps that leave their buffers, or talk to nobody.
func (m *machine) check(r int, s Step) error {
	switch {
	case s.Kind == 0 || s.Kind >= kinds || s.Buf >= buffers || s.From >= buffers:
		return fmt.Errorf("what is that")
	case s.Kind <= RecvFoldBefore && (s.Peer < 0 || int(s.Peer) >= len(m.plans) || int(s.Peer) == r):
		return fmt.Errorf("peer out of range")
	case s.Len < 0 || s.Off < 0 || s.Off+s.Len > len(m.mem[r][s.Buf]):
		return fmt.Errorf("leaves a buffer of %d", len(m.mem[r][s.Buf]))
	case s.ReadsFrom() && (s.Fro < 0 || s.Fro+s.Len > len(m.mem[r][s.From])):
		return fmt.Errorf("leaves a buffer of %d", len(m.mem[r][s.From]))
	case s.Kind != Send && s.Buf == Src:
		return fmt.Errorf("writes its input")
	}
	return nil
}

// match brings a message over, if there is one and it is waited for.
func (m *machine) match(c *channel, src, dst int) error {
	if len(c.sends) == 0 || len(c.recvs) == 0 {
		return nil
	}
	out, in := c.sends[0], c.recvs[0]
	c.sends, c.recvs = c.sends[:copy(c.sends, c.sends[1:])], c.recvs[:copy(c.recvs, c.recvs[1:])]
	s := in.step
	if out.step.Len != s.Len {
		return fmt.Errorf("%d units from %d for a receive of %d", out.step.Len, src, s.Len)
	}
	data := out.data
	if !m.eager {
		data = m.mem[src][out.step.Buf][out.step.Off : out.step.Off+s.Len]
	}
	to, from := m.mem[dst][s.Buf][s.Off:], m.mem[dst][s.From][s.Fro:]
	for i, v := range data {
		err := error(nil)
		switch s.Kind {
		case Recv:
			if to[i] = v; v.sum == 0 {
				err = fmt.Errorf("gets what was never written")
			}
		case RecvFold:
			to[i], err = join(from[i], v)
		case RecvFoldBefore:
			to[i], err = join(v, from[i])
		}
		if err != nil {
			return err
		}
	}
	m.cost.messages++
	m.cost.units += s.Len
	t := max(out.ready, in.ready) + 1
	for _, r := range []int{src, dst} {
		if r == src && m.eager {
			continue
		}
		p := &m.ranks[r]
		p.end = max(p.end, t)
		if p.left--; p.left == 0 && r != m.busy {
			p.clock = p.end
			m.ready = append(m.ready, r)
		}
	}
	return nil
}

// independent checks that no step of a group writes what another of it reads or writes.
func independent(p Plan) error {
	for i := 0; i < len(p.Steps); {
		g := p.Group(i)
		i += len(g)
		if !g[len(g)-1].End {
			return fmt.Errorf("the last group has no end")
		}
		for j, a := range g {
			if a.ReadsFrom() && a.From == a.Buf && overlap(a.Off, a.Fro, a.Len) &&
				(a.Off != a.Fro || !a.Receives()) {
				return fmt.Errorf("%v: overlaps itself", a)
			}
			for _, b := range g[j+1:] {
				if clash(a, b) || clash(b, a) {
					return fmt.Errorf("%v and %v are in one group", a, b)
				}
			}
		}
	}
	return nil
}

func overlap(a, b, n int) bool { return a < b+n && b < a+n }

// clash reports whether a writes what b reads or writes.
func clash(a, b Step) bool {
	meets := func(buf Buffer, off int) bool {
		return a.Buf == buf && a.Off < off+b.Len && off < a.Off+a.Len
	}
	return a.Kind != Send && (meets(b.Buf, b.Off) || b.ReadsFrom() && meets(b.From, b.Fro))
}
