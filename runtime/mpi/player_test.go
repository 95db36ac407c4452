package mpi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// play is this rank's part of a program.
func (p *program) play(world *mpi.Comm) error {
	if world.Size() != p.ranks {
		return fmt.Errorf("a program for %d ranks on %d", p.ranks, world.Size())
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), 2*time.Minute, errors.New("the program hangs"))
	defer cancel()
	comms, err := p.comms(world.WithContext(ctx))
	if err != nil {
		return err
	}
	errs := make([]error, p.threads)
	var wg sync.WaitGroup
	for t := range p.threads {
		pl := &player{program: p, me: thread{world.Rank(), t}, comms: comms,
			rng: rand.New(rand.NewPCG(p.seed, uint64(world.Rank()*maxThreads+t)))}
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[t] = fmt.Errorf("panic: %v", r)
				}
				if errs[t] != nil {
					cancel() // the others need not wait for the time to run out
				}
			}()
			errs[t] = pl.run()
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%v: rank %d: %w", p, world.Rank(), err)
	}
	for _, c := range comms[1:] {
		if c != nil {
			if err := c.Free(); err != nil {
				return err
			}
		}
	}
	return nil
}

// comms makes the communicators; the world is the first.
func (p *program) comms(world *mpi.Comm) ([]*mpi.Comm, error) {
	out := []*mpi.Comm{world}
	make := func(c *mpi.Comm, err error) error {
		out = append(out, c)
		return err
	}
	r := world.Rank()
	if err := errors.Join(make(world.Split(0, -r)), make(world.Split(r%2, r)), make(world.Dup())); err != nil {
		return nil, err
	}
	for range p.threads {
		if err := make(world.Dup()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rankIn is the rank in a communicator of a rank of the world; worldRank is the way back, for those
// who have the same parity.
func (p *program) rankIn(comm, r int) int {
	switch comm {
	case reversedComm:
		return p.ranks - 1 - r
	case parityComm:
		return r / 2
	}
	return r
}

func (pl *player) worldRank(comm, r int) int {
	switch comm {
	case reversedComm:
		return pl.ranks - 1 - r
	case parityComm:
		return 2*r + pl.me.rank%2
	}
	return r
}

// player is one goroutine of a rank.
type player struct {
	*program
	me    thread
	comms []*mpi.Comm
	rng   *rand.Rand

	gots  []*got        // receives of this phase, as posted
	reqs  []mpi.Request // exact sends and all receives: they end whatever else happens
	sinks []*got        // of reqs; nil for sends
	late  []mpi.Request // sends to wildcard receives
	bufs  []*mpi.Buf[byte]
	pers  []*mpi.Persistent // of sends to wildcard receives
	perS  []*mpi.Persistent // others, with where their status goes
	perG  []*got
}

func (pl *player) run() error {
	for i, phase := range pl.phases {
		if err := pl.phase(phase); err != nil {
			return fmt.Errorf("goroutine %d, phase %d: %w", pl.me.t, i, err)
		}
	}
	return nil
}

func (pl *player) phase(phase []step) error {
	o := newOracle(phase, pl.worldRank)
	for _, s := range phase {
		if err := pl.step(s); err != nil {
			return fmt.Errorf("%v: %w", s.a, err)
		}
		if err := pl.reap(); err != nil {
			return err
		}
	}
	if err := pl.finish(); err != nil {
		return err
	}
	for _, g := range pl.gots {
		if err := o.check(*g); err != nil {
			return err
		}
	}
	pl.gots = pl.gots[:0]
	if err := o.left(pl.me); err != nil {
		return err
	}
	return pl.fence()
}

// fence returns when every goroutine of every rank has called it.
func (pl *player) fence() error {
	c := pl.comms[controlComm]
	up, down := pl.me.t, 100+pl.me.t
	if pl.me != (thread{}) {
		if err := mpi.Send(c, []byte{}, 0, up); err != nil {
			return err
		}
		_, err := mpi.Recv(c, []byte{}, 0, down)
		return err
	}
	var reqs []mpi.Request
	for i := 1; i < pl.ranks*pl.threads; i++ {
		if _, err := mpi.Recv(c, []byte{}, i/pl.threads, i%pl.threads); err != nil {
			return err
		}
	}
	for i := 1; i < pl.ranks*pl.threads; i++ {
		reqs = append(reqs, mpi.Isend(c, []byte{}, i/pl.threads, 100+i%pl.threads))
	}
	return mpi.WaitAll(reqs, nil)
}

func (pl *player) step(s step) error {
	m := s.a
	switch {
	case m.send == sendrecv && m.src == pl.me:
		return pl.exchange(m, s.b)
	case m.send == sendrecv && m.dst == pl.me:
		return pl.exchange(s.b, m)
	}
	if m.src == pl.me {
		if err := pl.send(m); err != nil {
			return err
		}
	}
	if m.dst == pl.me {
		return pl.recv(m)
	}
	return nil
}

func (m *message) layout(gap int) []mpi.Layout {
	if gap == 0 {
		return nil
	}
	return []mpi.Layout{layout.Vector(m.size/m.block, m.block, m.block+gap)}
}

// memory is room for n bytes, or for n bytes in blocks with gaps.
func memory(n, block, gap int) []byte {
	if gap > 0 {
		n = n/block*(block+gap) - gap
	}
	return bytes.Repeat([]byte{untouched}, n)
}

func (m *message) fill(b []byte) []byte {
	for i, k := 0, 0; i < m.size; k++ {
		if m.sendGap > 0 && k%(m.block+m.sendGap) >= m.block {
			continue
		}
		b[k] = content(m.id, i)
		i++
	}
	return b
}

// parcel is what SendValue carries.
type parcel struct {
	ID   int
	Data []byte
	Tags map[string]int
}

func (pl *player) send(m *message) error {
	c, dst := pl.comms[m.comm], pl.rankIn(m.comm, m.dst.rank)
	at := m.layout(m.sendGap)
	var b []byte
	switch m.send {
	case arenaSend, arenaIsend, move:
		buf, err := mpi.Alloc[byte](c, m.size)
		if err != nil {
			return err
		}
		b = m.fill(buf.Slice())
		if m.send == move {
			return buf.Move(c, dst, m.tag)
		}
		pl.bufs = append(pl.bufs, buf)
	case value:
		return mpi.SendValue(c, parcel{m.id, m.fill(make([]byte, m.size)), map[string]int{"id": m.id}}, dst, m.tag)
	default:
		b = m.fill(memory(m.size, m.block, m.sendGap))
	}
	var r mpi.Request
	switch m.send {
	case send, arenaSend:
		return mpi.Send(c, b, dst, m.tag, at...)
	case ssend:
		return mpi.Ssend(c, b, dst, m.tag, at...)
	case persistent:
		p := mpi.SendInit(c, b, dst, m.tag, at...)
		p.Start()
		if m.mode != exact {
			pl.pers = append(pl.pers, p)
		} else {
			pl.perS, pl.perG = append(pl.perS, p), append(pl.perG, nil)
		}
		return nil
	case issend:
		r = mpi.Issend(c, b, dst, m.tag, at...)
	default:
		r = mpi.Isend(c, b, dst, m.tag, at...)
	}
	if m.mode != exact {
		pl.late = append(pl.late, r)
	} else {
		pl.reqs, pl.sinks = append(pl.reqs, r), append(pl.sinks, nil)
	}
	return nil
}

func (pl *player) exchange(out, in *message) error {
	c, dst := pl.comms[out.comm], pl.rankIn(out.comm, out.dst.rank)
	b := out.fill(memory(out.size, out.block, out.sendGap))
	g := pl.expect(in)
	if in.comm != out.comm { // not one call then
		r := mpi.Isend(c, b, dst, out.tag, out.layout(out.sendGap)...)
		g.st, g.err = mpi.Recv(pl.comms[in.comm], g.buf, pl.rankIn(in.comm, in.src.rank), in.tag, in.layout(in.recvGap)...)
		_, err := r.Wait()
		return err
	}
	at := []mpi.Layout{{}, {}}
	if l := out.layout(out.sendGap); l != nil {
		at[0] = l[0]
	}
	if l := in.layout(in.recvGap); l != nil {
		at[1] = l[0]
	}
	g.st, g.err = mpi.Sendrecv(c, b, dst, out.tag, g.buf, pl.rankIn(in.comm, in.src.rank), in.tag, at...)
	return nil
}

// expect notes that a receive for m is posted now.
func (pl *player) expect(m *message) *got {
	g := &got{m: m, buf: memory(m.room, m.block, m.recvGap), gap: m.recvGap, blk: m.block}
	pl.gots = append(pl.gots, g)
	return g
}

func (pl *player) recv(m *message) (err error) {
	c := pl.comms[m.comm]
	src, tag := pl.rankIn(m.comm, m.src.rank), m.tag
	if m.mode == anySource || m.mode == anyBoth {
		src = mpi.AnySource
	}
	if m.mode == anyTag || m.mode == anyBoth {
		tag = mpi.AnyTag
	}
	g := pl.expect(m)
	at := m.layout(m.recvGap)
	var r mpi.Request
	switch m.recv {
	case recv:
		g.st, g.err = mpi.Recv(c, g.buf, src, tag, at...)
		return nil
	case persistentRecv:
		p := mpi.RecvInit(c, g.buf, src, tag, at...)
		p.Start()
		pl.perS, pl.perG = append(pl.perS, p), append(pl.perG, g)
		return nil
	case probeRecv, iprobeRecv:
		var st mpi.Status
		for ok := false; !ok; {
			if m.recv == probeRecv {
				st, err = mpi.Probe(c, src, tag)
				ok = true
			} else if st, ok, err = mpi.Iprobe(c, src, tag); !ok {
				runtime.Gosched()
				err = errors.Join(err, context.Cause(c.Context()))
			}
			if err != nil {
				return err
			}
		}
		g.st, g.err = mpi.Recv(c, g.buf, st.Source, st.Tag, at...)
		if g.st.Source != st.Source || g.st.Tag != st.Tag || g.st.Bytes() != st.Bytes() {
			return fmt.Errorf("a probe said %+v, the receive after it %+v", st, g.st)
		}
		return nil
	case mprobeRecv, improbeRecv, imrecv:
		var msg *mpi.Message
		for ok := false; !ok; {
			if m.recv != improbeRecv {
				msg, err = mpi.Mprobe(c, src, tag)
				ok = true
			} else if msg, ok, err = mpi.Improbe(c, src, tag); !ok {
				runtime.Gosched()
				err = errors.Join(err, context.Cause(c.Context()))
			}
			if err != nil {
				return err
			}
		}
		if m.recv != imrecv {
			g.st, g.err = mpi.Mrecv(msg, g.buf, at...)
			return nil
		}
		r = mpi.Imrecv(msg, g.buf, at...)
	case moveRecv:
		buf, st, err := mpi.RecvMove[byte](c, src, tag)
		if g.st, g.err = st, err; err == nil {
			g.buf = bytes.Clone(buf.Slice())
			return buf.Free()
		}
		return nil
	case valueRecv:
		var v parcel
		v, g.st, g.err = mpi.RecvValue[parcel](c, src, tag)
		if g.err == nil && v.Tags["id"] != v.ID {
			return fmt.Errorf("a value came with ids %d and %d", v.ID, v.Tags["id"])
		}
		g.buf = v.Data
		return nil
	default:
		r = mpi.Irecv(c, g.buf, src, tag, at...)
	}
	pl.reqs, pl.sinks = append(pl.reqs, r), append(pl.sinks, g)
	return nil
}

// done notes how a request ended.
func (pl *player) done(i int, st mpi.Status, err error) error {
	if g := pl.sinks[i]; g != nil {
		g.st, g.err = st, err
		return nil
	}
	return err
}

// reap finishes some of what is under way, in one of the many ways there are.
func (pl *player) reap() error {
	if len(pl.reqs) == 0 {
		return nil
	}
	st := make([]mpi.Status, len(pl.reqs))
	index := make([]int, len(pl.reqs))
	switch pl.rng.IntN(16) {
	case 0: // one
		i := pl.rng.IntN(len(pl.reqs))
		if pl.reqs[i].Null() {
			return nil
		}
		s, err := pl.reqs[i].Wait()
		return pl.done(i, s, err)
	case 1: // any
		if i, s, err := mpi.WaitAny(pl.reqs); i >= 0 {
			return pl.done(i, s, err)
		}
	case 2:
		if i, s, ok, err := mpi.TestAny(pl.reqs); ok && i >= 0 {
			return pl.done(i, s, err)
		}
	case 3, 4: // some; which of several errors belongs to whom is not told, so not where one may come
		for _, g := range pl.sinks {
			if g != nil && g.m.room < g.m.size {
				return nil
			}
		}
		f := mpi.WaitSome
		if pl.rng.IntN(2) == 0 {
			f = mpi.TestSome
		}
		n, err := f(pl.reqs, index, st)
		if err != nil {
			return err
		}
		for k := range n {
			if err := pl.done(index[k], st[k], nil); err != nil {
				return err
			}
		}
	case 5: // each
		for i := range pl.reqs {
			if pl.reqs[i].Null() {
				continue
			}
			if s, ok, err := pl.reqs[i].Test(); ok {
				if err := pl.done(i, s, err); err != nil {
					return err
				}
			}
		}
	case 6:
		runtime.Gosched()
	}
	return nil
}

// finish ends everything that the phase has begun.
func (pl *player) finish() error {
	for i := range pl.reqs {
		if !pl.reqs[i].Null() {
			s, err := pl.reqs[i].Wait()
			if err := pl.done(i, s, err); err != nil {
				return err
			}
		}
	}
	pl.reqs, pl.sinks = pl.reqs[:0], pl.sinks[:0]
	for i, p := range pl.perS {
		st, err := p.Wait()
		if g := pl.perG[i]; g != nil {
			g.st, g.err = st, err
		} else if err != nil {
			return err
		}
	}
	pl.perS, pl.perG = pl.perS[:0], pl.perG[:0]
	if err := errors.Join(mpi.WaitAll(pl.late, nil), mpi.WaitAllPersistent(pl.pers)); err != nil {
		return err
	}
	pl.late, pl.pers = pl.late[:0], pl.pers[:0]
	for _, b := range pl.bufs {
		if err := b.Free(); err != nil {
			return err
		}
	}
	pl.bufs = pl.bufs[:0]
	return nil
}
