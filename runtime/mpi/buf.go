package mpi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
)

// Buf is a buffer of n elements in memory that all ranks of the node (SplitNode) share,
// page-aligned (right for O_DIRECT too). A rank that receives a message sent from it reads it
// in place, one copy instead of two; and its ownership can move to another rank without any copy.
// Nobody frees a Buf but its owner: there is no finalizer. Its content is not zeroed.
type Buf[T any] struct {
	eng  *engine.Engine
	h    arena.Handle
	s    []T
	dead bool
}

// Alloc makes a buffer of n elements. It fails with ErrNoSpace when the arena is full.
func Alloc[T any](c *Comm, n int) (*Buf[T], error) {
	size := elemSize[T]()
	if n < 0 {
		panic(panicNegative)
	}
	c.shared.proc.land()
	heap, err := c.eng.Heap()
	if err != nil {
		return nil, c.fail("Alloc", ProcNull, AnyTag, err)
	}
	h, b, err := heap.Alloc(n * size)
	if err != nil {
		return nil, c.fail("Alloc", ProcNull, AnyTag, err)
	}
	return &Buf[T]{eng: c.eng, h: h, s: elems[T](b, n)}, nil
}

func elems[T any](b []byte, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)[:n:n]
}

// Slice is the buffer's memory. It must not be used after Move or Free: nobody
// can stop a copy of it that was kept, but for builds with -tags invariants, where its use after Move faults.
func (b *Buf[T]) Slice() []T {
	if b.dead {
		panic(panicBuf)
	}
	return b.s
}

// Len is the number of elements.
func (b *Buf[T]) Len() int { return len(b.s) }

// Free gives the memory back.
func (b *Buf[T]) Free() error {
	if b.dead {
		panic(panicBuf)
	}
	b.dead, b.s = true, nil
	return freeBlock(b.eng, b.h)
}

// freeBlock gives back a block that this rank holds, whosever arena it is in.
func freeBlock(e *engine.Engine, h arena.Handle) error {
	if int(h.Owner) == e.Rank() {
		heap, err := e.Heap()
		if err != nil {
			return err
		}
		return heap.Free(h)
	}
	v, err := e.View(int(h.Owner))
	if err != nil {
		return err
	}
	return v.Free(h)
}

// The body of a Move record:
//
//	0   arena.Handle
//	32  sum of the element type
//	40  size of an element
const (
	moveBlock = 4 // in the handle
	moveGen   = 8
	moveLen   = 24
	moveType  = arena.HandleSize
	moveElem  = moveType + 8
	moveBody  = 48
)

// sign writes the element type into a body.
func sign[T any](body *[moveBody]byte) {
	binary.LittleEndian.PutUint64(body[moveType:], typeSum[T]())
	binary.LittleEndian.PutUint32(body[moveElem:], uint32(elemSize[T]()))
}

// Move sends the buffer itself to rank dst, who takes it with RecvMove: nothing
// is copied, whatever the size, if dst shares memory with this rank. To another node the data is sent, and
// the memory given back when it has left. The buffer is dead here as soon as Move returns without error. With an
// error it is still alive, unless the error is the failure of dst.
func (b *Buf[T]) Move(c *Comm, dst, tag int) error {
	checkTag(tag)
	node, ok := c.to(dst)
	if err := c.check("Move", dst, tag); err != nil {
		return err
	}
	if b.dead {
		panic(panicBuf)
	}
	if !ok {
		return b.Free()
	}
	if !b.eng.Shares(int(node)) {
		return b.ship(c, node, dst, tag)
	}
	v, err := b.eng.View(int(b.h.Owner))
	if err != nil {
		return c.fail("Move", dst, tag, err)
	}
	h, err := v.Release(b.h, int(node))
	if err != nil {
		return c.fail("Move", dst, tag, err)
	}
	var body [moveBody]byte
	h.Encode(body[:])
	sign[T](&body)
	if c.eng.TryMove(c.p2p, node, int32(tag), &body) {
		b.dead, b.s = true, nil
		return nil
	}
	if _, err := c.eng.Complete(c.ctx, c.eng.StartMove(c.p2p, node, int32(tag), body[:])); err != nil {
		if back, e := v.Accept(h, b.eng.Rank()); e == nil {
			b.h = back
		} else {
			b.dead, b.s = true, nil
		}
		return c.fail("Move", dst, tag, err)
	}
	b.dead, b.s = true, nil
	return nil
}

// RecvMove receives a buffer that rank src (or AnySource) sends with Move. The
// caller owns it. With an error for another element type the buffer is freed.
func RecvMove[T any](c *Comm, src, tag int) (*Buf[T], Status, error) {
	size := elemSize[T]()
	checkRecvTag(tag)
	node, ok := c.from(src)
	if err := c.check("RecvMove", src, tag); err != nil || !ok {
		return nil, nullStatus, err
	}
	var st engine.Status
	var body [moveBody]byte
	var err error
	b, sum := &Buf[T]{eng: c.eng}, typeSum[T]() // now, while the message is still on its way
	if node < 0 || !c.eng.TryRecvMove(c.p2p, node, int32(tag), &body, &st) {
		st, body, err = c.eng.CompleteMove(c.ctx, c.eng.StartRecv(engine.OpRecvMove, c.p2p, node, int32(tag), engine.Data{}))
		if err != nil {
			return nil, c.status(st, size), c.fail("RecvMove", src, tag, err)
		}
	}
	if c.shipped(&body, st.Source) {
		err = b.unship(c, &body, st.Source, size)
		st.Bytes = int(b.h.Len)
	} else {
		h, err1 := arena.Decode(body[:])
		if err1 != nil {
			return nil, c.status(st, size), c.fail("RecvMove", src, tag, fmt.Errorf("%w: %w", ErrCorrupt, err1))
		}
		err = b.accept(h, int(st.Source), size)
		st.Bytes = int(h.Len)
	}
	s := c.status(st, size)
	if err != nil {
		return nil, s, c.fail("RecvMove", s.Source, s.Tag, err)
	}
	if binary.LittleEndian.Uint64(body[moveType:]) != sum || int(binary.LittleEndian.Uint32(body[moveElem:])) != size {
		err = fmt.Errorf("%w: the buffer's elements have %d bytes, %T has %d (or is another type of that size)",
			ErrType, binary.LittleEndian.Uint32(body[moveElem:]), *new(T), size)
		return nil, s, c.fail("RecvMove", s.Source, s.Tag, errors.Join(err, b.Free()))
	}
	return b, s, nil
}

// accept takes over a block in transit from a rank of the node.
func (b *Buf[T]) accept(h arena.Handle, from, size int) error {
	v, err := b.eng.View(int(h.Owner))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	mine, mem, err := v.Take(h, from, b.eng.Rank())
	if err != nil {
		if errors.Is(err, arena.ErrDead) {
			return fmt.Errorf("the buffer was reclaimed from its dead sender: %w", ErrRankFailed)
		}
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	b.h = mine
	if size > 0 {
		b.s = elems[T](mem, len(mem)/size)
	}
	return nil
}
