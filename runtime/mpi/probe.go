package mpi

import (
	"sync/atomic"

	"github.com/golaunch/golaunch/runtime/engine"
)

// Probe waits for a message and leaves it for a Recv. The status counts bytes: Count is 0, use Bytes.
func Probe(c *Comm, src, tag int) (Status, error) {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Probe", src, tag); err != nil || !ok {
		return nullStatus, err
	}
	st, err := c.eng.Probe(c.ctx, c.p2p, node, int32(tag))
	return c.status(st, 0), c.fail("Probe", src, tag, err)
}

// Iprobe says whether a message is there, after making progress once.
func Iprobe(c *Comm, src, tag int) (Status, bool, error) {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Iprobe", src, tag); err != nil || !ok {
		return nullStatus, err == nil, err
	}
	st, ok, err := c.eng.Iprobe(c.p2p, node, int32(tag))
	if err != nil || !ok {
		return Status{}, false, c.fail("Iprobe", src, tag, err)
	}
	return c.status(st, 0), true, nil
}

// Message is a message that a matched probe has taken: only Mrecv can receive it.
type Message struct {
	Status Status
	c      *Comm
	m      engine.Message
	used   atomic.Bool
	null   bool
}

// Mprobe waits for a message and takes it.
func Mprobe(c *Comm, src, tag int) (*Message, error) {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Mprobe", src, tag); err != nil {
		return nil, err
	}
	if !ok {
		return &Message{Status: nullStatus, c: c, null: true}, nil
	}
	m, err := c.eng.Mprobe(c.ctx, c.p2p, node, int32(tag))
	if err != nil {
		return nil, c.fail("Mprobe", src, tag, err)
	}
	return &Message{Status: c.status(m.Status, 0), c: c, m: m}, nil
}

// Improbe is Mprobe that makes progress once and does not wait.
func Improbe(c *Comm, src, tag int) (*Message, bool, error) {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Improbe", src, tag); err != nil {
		return nil, false, err
	}
	if !ok {
		return &Message{Status: nullStatus, c: c, null: true}, true, nil
	}
	m, ok, err := c.eng.Improbe(c.p2p, node, int32(tag))
	if err != nil || !ok {
		return nil, false, c.fail("Improbe", src, tag, err)
	}
	return &Message{Status: c.status(m.Status, 0), c: c, m: m}, true, nil
}

// comm is the message's communicator. It may be revoked, or its context may have ended: the message is received even
// so, as far as that goes, and its sender hears of it.
func (m *Message) comm() *Comm {
	if atomic.LoadUint32(m.c.state)&commFreed != 0 {
		panic(panicFreed)
	}
	return m.c
}

// Mrecv receives a probed message. Each message can be received once.
func Mrecv[T any](m *Message, buf []T, at ...Layout) (Status, error) {
	d, elem := dataIn(buf, at)
	if m.used.Swap(true) {
		panic(panicMessage)
	}
	if m.null {
		return nullStatus, nil
	}
	c := m.comm()
	st, err := c.eng.Complete(c.ctx, c.eng.Receive(engine.OpRecv, c.p2p, m.m, d))
	return c.status(st, elem), c.fail("Mrecv", m.Status.Source, m.Status.Tag, err)
}

// Imrecv begins to receive a probed message.
func Imrecv[T any](m *Message, buf []T, at ...Layout) Request {
	d, elem := dataIn(buf, at)
	if m.used.Swap(true) {
		panic(panicMessage)
	}
	if m.null {
		return Request{c: m.c, op: opIrecv}
	}
	c := m.comm()
	r := c.eng.Receive(engine.OpRecv, c.p2p, m.m, d)
	return c.begun(opIrecv, r, m.Status.Source, m.Status.Tag, elem)
}
