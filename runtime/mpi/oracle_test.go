package mpi_test

import (
	"errors"
	"fmt"

	"github.com/golaunch/golaunch/runtime/mpi"
)

// got is what one receive brought, kept until the phase has ended.
type got struct {
	m   *message // of the step; of a set any other may have come
	st  mpi.Status
	err error
	buf []byte // memory of the receive, gaps included
	gap int
	blk int
}

// oracle knows which messages each set of receives can bring, and in which order.
type oracle struct {
	queues map[int]map[thread][]*message // by set and sender: in the order of sending
	world  func(comm, rank int) int      // rank of the world
}

func newOracle(phase []step, world func(comm, rank int) int) *oracle {
	o := &oracle{queues: map[int]map[thread][]*message{}, world: world}
	add := func(m *message) {
		if o.queues[m.set] == nil {
			o.queues[m.set] = map[thread][]*message{}
		}
		o.queues[m.set][m.src] = append(o.queues[m.set][m.src], m)
	}
	for _, s := range phase {
		add(s.a)
		if s.b != nil {
			add(s.b)
		}
	}
	return o
}

// check looks at one receive; those of a set must come in the order in which they were posted.
func (o *oracle) check(g got) error {
	from := g.m.src
	if g.m.mode != exact {
		if g.err != nil {
			return fmt.Errorf("%v: %w", g.m, g.err)
		}
		from = thread{o.world(g.m.comm, g.st.Source), g.st.Tag / 8}
	}
	q := o.queues[g.m.set][from]
	if len(q) == 0 {
		return fmt.Errorf("%v: got a message of %v with tag %d, which sent none, or no more", g.m, from, g.st.Tag)
	}
	want := q[0]
	o.queues[g.m.set][from] = q[1:]
	short := want.size > g.m.room
	switch {
	case short && !errors.Is(g.err, mpi.ErrTruncated):
		return fmt.Errorf("%v: %d bytes into %d ended with %v", g.m, want.size, g.m.room, g.err)
	case !short && g.err != nil:
		return fmt.Errorf("%v: %w", g.m, g.err)
	case g.st.Tag != want.tag || o.world(g.m.comm, g.st.Source) != from.rank:
		return fmt.Errorf("%v: status %+v", g.m, g.st)
	case g.st.Bytes() != want.size && want.send != value:
		return fmt.Errorf("%v: %d bytes came, want %d", g.m, g.st.Bytes(), want.size)
	}
	n := min(want.size, g.m.room)
	for i, k := 0, 0; k < len(g.buf); k++ {
		in := i < n
		if g.gap > 0 {
			in = in && k%(g.blk+g.gap) < g.blk
		}
		b := untouched
		if in {
			b = content(want.id, i)
			i++
		}
		if g.buf[k] != b {
			return fmt.Errorf("%v: byte %d of the buffer is %d, want %d of message %d", g.m, k, g.buf[k], b, want.id)
		}
	}
	return nil
}

// left says what nobody has received of what dst should have.
func (o *oracle) left(dst thread) error {
	for _, senders := range o.queues {
		for _, q := range senders {
			for _, m := range q {
				if m.dst == dst {
					return fmt.Errorf("never received: %v", m)
				}
			}
		}
	}
	return nil
}

// untouched is what receive buffers hold before.
const untouched = byte(0xEE)
