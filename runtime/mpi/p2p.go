package mpi

import (
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/layout"
)

// Layout selects elements of a slice: vectors, indexed blocks, subarrays,
// struct fields. Every operation takes one after its other arguments:
//
//	column := layout.Vector(rows, 1, cols)
//	mpi.Send(world, field, right, tag, column)
type Layout = layout.Layout

// data describes a buffer to the engine.
func data[T any](buf []T, at []Layout) (engine.Data, int) {
	size := elemSize[T]()
	d := engine.Data{P: unsafe.Pointer(unsafe.SliceData(buf)), N: len(buf) * size}
	if len(at) > 1 {
		panic(panicLayouts)
	}
	if len(at) == 0 || at[0].IsWhole() {
		return d, size
	}
	packed, ok := at[0].Measure(d.N, size)
	if !ok {
		panic(panicShort)
	}
	d.Mem, d.N, d.Elem = d.N, packed, size
	if off, n, ok := at[0].IsContiguous(); ok { // a plain piece of the slice
		d.P, d.N = unsafe.Add(d.P, off*size), n*size
		return d, size
	}
	d.Layout = at[0]
	return d, at[0].PerElement(size)
}

// dataIn is data for a receive.
func dataIn[T any](buf []T, at []Layout) (engine.Data, int) {
	if len(at) != 0 && at[0].Overlaps() {
		panic(panicOverlap)
	}
	return data(buf, at)
}

// Send sends buf, or what the layout selects of it, to rank dst. It returns
// when buf may be used again: small messages (up to 32 KiB) leave at once,
// larger ones when the receiver takes them.
func Send[T any](c *Comm, buf []T, dst, tag int, at ...Layout) error {
	checkTag(tag)
	node, ok := c.to(dst)
	if err := c.check("Send", dst, tag); err != nil || !ok {
		return err
	}
	if len(at) == 0 && c.eng.TrySend(c.p2p, node, int32(tag), unsafe.Pointer(unsafe.SliceData(buf)), len(buf)*elemSize[T]()) {
		return nil
	}
	d, _ := data(buf, at)
	return c.send(engine.OpSend, node, dst, tag, d)
}

func (c *Comm) send(op engine.Op, node int32, dst, tag int, d engine.Data) error {
	_, err := c.eng.Complete(c.ctx, c.eng.StartSend(op, c.p2p, node, int32(tag), d))
	return c.fail(op.String(), dst, tag, err)
}

// Ssend is Send that returns only when the receiver has matched the message.
func Ssend[T any](c *Comm, buf []T, dst, tag int, at ...Layout) error {
	checkTag(tag)
	node, ok := c.to(dst)
	if err := c.check("Ssend", dst, tag); err != nil || !ok {
		return err
	}
	d, _ := data(buf, at)
	return c.send(engine.OpSsend, node, dst, tag, d)
}

// Isend begins to send buf, which must not be changed before Wait.
func Isend[T any](c *Comm, buf []T, dst, tag int, at ...Layout) Request {
	checkTag(tag)
	node, ok := c.to(dst)
	if err := c.check("Isend", dst, tag); err != nil || !ok {
		return c.stillborn(opIsend, err)
	}
	if len(at) == 0 && c.eng.TrySend(c.p2p, node, int32(tag), unsafe.Pointer(unsafe.SliceData(buf)), len(buf)*elemSize[T]()) {
		return Request{c: c, op: opIsend}
	}
	d, _ := data(buf, at)
	return c.isend(engine.OpSend, opIsend, node, dst, tag, d)
}

func (c *Comm) isend(op engine.Op, code opCode, node int32, dst, tag int, d engine.Data) Request {
	return c.begun(code, c.eng.StartSend(op, c.p2p, node, int32(tag), d), dst, tag, 0)
}

// Issend is Isend whose request is done only when the receiver has matched the message.
func Issend[T any](c *Comm, buf []T, dst, tag int, at ...Layout) Request {
	checkTag(tag)
	node, ok := c.to(dst)
	if err := c.check("Issend", dst, tag); err != nil || !ok {
		return c.stillborn(opIssend, err)
	}
	d, _ := data(buf, at)
	return c.isend(engine.OpSsend, opIssend, node, dst, tag, d)
}

// Recv receives a message of at most len(buf) elements, or what the layout selects,
// from rank src (or AnySource) with tag (or AnyTag). A longer message is cut, with ErrTruncated.
func Recv[T any](c *Comm, buf []T, src, tag int, at ...Layout) (Status, error) {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Recv", src, tag); err != nil || !ok {
		return nullStatus, err
	}
	if len(at) == 0 && node >= 0 {
		var st engine.Status
		size := elemSize[T]()
		if c.eng.TryRecv(c.p2p, node, int32(tag), unsafe.Pointer(unsafe.SliceData(buf)), len(buf)*size, &st) {
			return Status{Source: src, Tag: int(st.Tag), bytes: st.Bytes, elem: size}, nil
		}
	}
	d, elem := dataIn(buf, at)
	return c.recv(node, src, tag, d, elem)
}

func (c *Comm) recv(node int32, src, tag int, d engine.Data, elem int) (Status, error) {
	st, err := c.eng.Complete(c.ctx, c.eng.StartRecv(engine.OpRecv, c.p2p, node, int32(tag), d))
	return c.status(st, elem), c.fail("Recv", src, tag, err)
}

// Irecv begins to receive into buf, which must not be touched before Wait.
func Irecv[T any](c *Comm, buf []T, src, tag int, at ...Layout) Request {
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("Irecv", src, tag); err != nil || !ok {
		return c.stillborn(opIrecv, err)
	}
	if len(at) == 0 {
		size := elemSize[T]()
		r := c.eng.StartRecvBytes(c.p2p, node, int32(tag), unsafe.Pointer(unsafe.SliceData(buf)), len(buf)*size)
		return c.begun(opIrecv, r, src, tag, size)
	}
	d, elem := dataIn(buf, at)
	r := c.eng.StartRecv(engine.OpRecv, c.p2p, node, int32(tag), d)
	return c.begun(opIrecv, r, src, tag, elem)
}

// Sendrecv sends and receives at once, in MPI's order of arguments. at[0] is
// the layout of send, at[1] that of recv.
func Sendrecv[T, U any](c *Comm, send []T, dst, stag int, recv []U, src, rtag int, at ...Layout) (Status, error) {
	var sl, rl []Layout
	switch len(at) {
	case 0:
	case 1:
		sl = at
	case 2:
		sl, rl = at[:1], at[1:]
	default:
		panic(panicLayouts)
	}
	in := Irecv(c, recv, src, rtag, rl...)
	out := Isend(c, send, dst, stag, sl...)
	_, err := out.Wait()
	if err != nil {
		in.Cancel()
		in.Wait()
		return nullStatus, err
	}
	return in.Wait()
}

// SendrecvReplace sends buf and receives into it.
func SendrecvReplace[T any](c *Comm, buf []T, dst, stag, src, rtag int) (Status, error) {
	tmp := make([]T, len(buf))
	copy(tmp, buf)
	return Sendrecv(c, tmp, dst, stag, buf, src, rtag)
}
