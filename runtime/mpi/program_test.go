package mpi_test

import (
	"fmt"
	"math/rand/v2"
)

// A program is random communication that cannot deadlock, the same on every
// rank that makes it from the same seed.
//
// It is a list of phases, a phase a list of steps, a step a message (or two, for
// Sendrecv). Every goroutine walks through the steps in order and plays its part
// in those that concern it. A step that meets an exact receive needs nothing but the steps before
// it, so whatever blocks in it comes to an end. Messages for wildcard receives may be taken by an
// earlier receive of their set, so they are sent without blocking, on a communicator
// that carries nothing else, and waited for at the end of the phase; a phase begins when all have
// ended the one before.
type program struct {
	seed    uint64
	ranks   int
	threads int // goroutines a rank
	phases  [][]step
	msgs    []*message
}

type thread struct{ rank, t int } // rank of the world

// step is one message, or the two of a Sendrecv.
type step struct{ a, b *message }

// message is one message with the way it is sent and received.
type message struct {
	id       int
	comm     int
	src, dst thread
	tag      int
	size     int // bytes
	room     int // bytes of the receive buffer
	send     sendKind
	recv     recvKind
	mode     mode
	set      int // receives of a set may take any message of the set
	sendGap  int // layout: elements left out between blocks; 0 no layout
	recvGap  int
	block    int // of the layouts
}

type sendKind int

const (
	send sendKind = iota
	ssend
	isend
	issend
	persistent
	arenaSend // of a buffer from Alloc
	arenaIsend
	sendrecv
	move
	value
)

type recvKind int

const (
	recv recvKind = iota
	irecv
	persistentRecv
	probeRecv
	iprobeRecv
	mprobeRecv
	improbeRecv
	imrecv
	sendrecvRecv
	moveRecv
	valueRecv
)

// mode is which wildcards the receives of a set use.
type mode int

const (
	exact mode = iota
	anySource
	anyTag
	anyBoth
	// mixed: all messages come from one goroutine with one tag, so every wildcard means the same, and
	// receives that use different ones take turns.
	mixed
	named // the receives of a mixed set that use no wildcard
)

// Communicators of a program. wildComm+t carries messages for wildcard receives of goroutine t.
const (
	worldComm = iota
	reversedComm
	parityComm
	controlComm
	wildComm
)

const maxThreads = 4

// lengths are around every threshold of the protocol, most of them small.
var lengths = []int{0, 1, 2, 7, 8, 9, 47, 48, 49, 63, 64, 65, 100, 500, 1000, 4080, 4095, 4096, 4097, 5000,
	8191, 8192, 16384, 20000, 32767, 32768, 32769, 40000, 65535, 65536, 65537, 100000, 262143, 262144, 262145, 300000}

func makeProgram(seed uint64, ranks, threads, phases, steps int) *program {
	p := &program{seed: seed, ranks: ranks, threads: threads}
	rng := rand.New(rand.NewPCG(seed, 0x9e37))
	sets := 0
	for range phases {
		sets = (sets + 1) << 20 // sets of different phases are different
		modes := make([]mode, ranks*maxThreads)
		senders := make([]thread, ranks*maxThreads)
		for i := range modes {
			modes[i] = mode(1 + rng.IntN(4))
			senders[i] = p.thread(rng)
		}
		var phase []step
		for range steps {
			if rng.IntN(20) == 0 {
				phase = p.burst(rng, phase, sets)
				continue
			}
			m := p.draw(rng, modes, senders, sets)
			s := step{a: m}
			if m.send == sendrecv {
				b := p.message(rng, m.dst, m.src)
				b.send, b.recv = sendrecv, sendrecvRecv
				p.exact(rng, b, sets)
				s.b = b
			}
			phase = append(phase, s)
		}
		p.fitRooms(phase)
		p.phases = append(p.phases, phase)
	}
	return p
}

func (p *program) thread(rng *rand.Rand) thread {
	return thread{rng.IntN(p.ranks), rng.IntN(p.threads)}
}

// message is a message between two goroutines, not yet how.
func (p *program) message(rng *rand.Rand, src, dst thread) *message {
	m := &message{id: len(p.msgs), src: src, dst: dst, size: lengths[rng.IntN(len(lengths))]}
	if rng.IntN(3) > 0 {
		m.size = lengths[rng.IntN(len(lengths)/2)]
	}
	p.msgs = append(p.msgs, m)
	return m
}

// draw makes the message of a step.
func (p *program) draw(rng *rand.Rand, modes []mode, senders []thread, sets int) *message {
	m := p.message(rng, p.thread(rng), p.thread(rng))
	if rng.IntN(3) == 0 {
		m.mode = modes[m.dst.rank*maxThreads+m.dst.t]
		m.comm = wildComm + m.dst.t
		if m.mode == mixed {
			m.src = senders[m.dst.rank*maxThreads+m.dst.t]
		}
		m.tag = m.src.t*8 + rng.IntN(3)
		m.send = []sendKind{isend, issend, persistent, arenaIsend}[rng.IntN(4)]
		m.recv = recvKind(rng.IntN(int(imrecv) + 1))
		// What tells the sets of a receiver apart: nothing, the source, or the tag.
		m.set = sets + (m.dst.rank*maxThreads+m.dst.t)*1000
		switch m.mode {
		case anySource:
			m.set += 1 + m.tag
		case anyTag:
			m.set += 100 + m.src.rank
		case mixed:
			m.tag = m.src.t * 8
			m.mode = []mode{anySource, anyTag, anyBoth, named}[rng.IntN(4)]
		}
		return m
	}
	m.send = sendKind(rng.IntN(int(value) + 1))
	m.recv = recvKind(rng.IntN(int(imrecv) + 1))
	switch {
	case m.send == move:
		m.recv = moveRecv
	case m.send == value:
		m.recv = valueRecv
		if m.src == m.dst {
			m.size %= 20000 // blocking to oneself would be for ever; so small enough to leave at once
		}
	case m.send == sendrecv && m.src != m.dst:
		m.recv = sendrecvRecv
	case m.send == sendrecv:
		m.send = isend
	}
	if m.src == m.dst && m.recv != moveRecv && m.recv != valueRecv {
		m.send = []sendKind{isend, issend, persistent, arenaIsend}[rng.IntN(4)] // blocking to oneself would be for ever
	}
	p.exact(rng, m, sets)
	return m
}

// burst adds more messages from one goroutine to another than a channel holds, small ones among them.
func (p *program) burst(rng *rand.Rand, phase []step, sets int) []step {
	first := p.message(rng, p.thread(rng), p.thread(rng))
	p.exact(rng, first, sets)
	for k := range 80 {
		m := first
		if k > 0 {
			m = p.message(rng, first.src, first.dst)
			m.comm, m.tag, m.set = first.comm, first.tag, first.set
		}
		m.size = []int{8, 20000, 32768, 25000, 30000, 32768}[rng.IntN(6)]
		m.room, m.sendGap, m.recvGap = m.size, 0, 0
		m.send = []sendKind{isend, isend, isend, issend}[rng.IntN(4)]
		m.recv = irecv
		phase = append(phase, step{a: m})
	}
	return phase
}

// exact gives a message a communicator, a tag of its two goroutines' own, and sometimes layouts or too small a buffer.
func (p *program) exact(rng *rand.Rand, m *message, sets int) {
	comms := []int{worldComm, reversedComm}
	if m.src.rank%2 == m.dst.rank%2 {
		comms = append(comms, parityComm)
	}
	m.comm = comms[rng.IntN(len(comms))]
	m.tag = 100*(m.src.t+1) + 10*m.dst.t + rng.IntN(3)
	m.set = sets + 500_000 + ((m.src.rank*8+m.dst.rank)*4+m.comm)*500 + m.tag
	m.room = m.size
	if m.send == move || m.send == value {
		return
	}
	plain := m.send != arenaSend && m.send != arenaIsend
	switch rng.IntN(8) {
	case 0, 1:
		for _, b := range []int{64, 8, 3, 1} {
			if m.size > 0 && m.size%b == 0 {
				m.block = b
				if rng.IntN(2) == 0 && plain {
					m.sendGap = 1 + rng.IntN(3)
				}
				if rng.IntN(2) == 0 {
					m.recvGap = 1 + rng.IntN(3)
				}
				break
			}
		}
	case 2:
		m.room = rng.IntN(m.size + 1) // perhaps too small
	case 3:
		m.room += rng.IntN(1000)
	}
}

// fitRooms makes the buffers of wildcard receives large enough for every message of their set.
func (p *program) fitRooms(phase []step) {
	largest := map[int]int{}
	for _, s := range phase {
		if s.a.mode != exact {
			largest[s.a.set] = max(largest[s.a.set], s.a.size)
		}
	}
	for _, s := range phase {
		if s.a.mode != exact {
			s.a.room = largest[s.a.set]
		}
	}
}

func (p *program) String() string {
	return fmt.Sprintf("seed %d: %d ranks with %d goroutines, %d phases, %d messages", p.seed, p.ranks, p.threads, len(p.phases), len(p.msgs))
}

func (m *message) String() string {
	return fmt.Sprintf("message %d: comm %d, %v to %v, tag %d, %d bytes into %d, send kind %d, receive kind %d, mode %d, gaps %d %d",
		m.id, m.comm, m.src, m.dst, m.tag, m.size, m.room, m.send, m.recv, m.mode, m.sendGap, m.recvGap)
}

// content is byte i of message id.
func content(id, i int) byte { return byte(i*7 + i>>8 + id*31 + 1) }
