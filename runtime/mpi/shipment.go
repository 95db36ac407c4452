package mpi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
)

// A buffer can't change hands between nodes, which share no memory. Move sends its data
// there and frees it here, RecvMove makes a new one and receives the data:
//
//	Move record   as always, but the handle is of generation 0: Block is the shipment's number, Len its bytes
//	data          an ordinary message on planeMoved, whose tag is that number
//
// The number tells the shipments of a rank apart: several goroutines may receive at once.

// shipment is data on its way to another node or, if its receiver did not wait, from one.
type shipment struct {
	r *engine.Req
	h arena.Handle // where it lies; of generation 0: nowhere
}

// shipments are those of a rank that nobody waits for.
type shipments struct {
	mu     sync.Mutex
	number uint32
	out    []shipment
}

func (s *shipments) add(o shipment) {
	s.mu.Lock()
	s.out = append(s.out, o)
	s.mu.Unlock()
}

// land frees the memory of those that have left or come.
func (p *process) land() {
	if p.eng.Nodes() == nil {
		return
	}
	s := &p.shipments
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.out[:0]
	for _, o := range s.out {
		if done, _ := p.eng.Done(o.r, o.r.Serial()); !done {
			kept = append(kept, o)
			continue
		}
		// If it failed, that is the receiver's to know: here the buffer is gone in any case.
		_, _ = p.eng.Take(o.r)
		if o.h.Gen != 0 {
			_ = freeBlock(p.eng, o.h) // damage there is reported when the arena is used
		}
	}
	clear(s.out[len(kept):])
	s.out = kept
}

// landAll waits for all of them. No other goroutine moves buffers any more.
func (p *process) landAll() {
	for _, o := range p.shipments.out {
		p.eng.Outlast(context.Background(), o.r)
	}
	p.land()
}

// ship is Move to a rank on another node. It does not wait for the data to leave.
func (b *Buf[T]) ship(c *Comm, node int32, dst, tag int) error {
	p := c.shared.proc
	p.land()
	s := &p.shipments
	s.mu.Lock()
	s.number = (s.number + 1) & MaxTag
	number := s.number
	s.mu.Unlock()
	mem, _ := data(b.s, nil)
	var body [moveBody]byte
	arena.Handle{Block: number, Len: uint64(mem.N)}.Encode(body[:])
	sign[T](&body)
	if !c.eng.TryMove(c.p2p, node, int32(tag), &body) {
		if _, err := c.eng.Complete(c.ctx, c.eng.StartMove(c.p2p, node, int32(tag), body[:])); err != nil {
			if errors.Is(err, ErrRankFailed) { // as between ranks that share memory
				b.dead, b.s = true, nil
				return errors.Join(c.fail("Move", dst, tag, err), freeBlock(b.eng, b.h))
			}
			return c.fail("Move", dst, tag, err)
		}
	}
	r := c.eng.StartSend(engine.OpSend, c.shared.id*planes+planeMoved, node, int32(number), mem)
	s.add(shipment{r, b.h})
	b.dead, b.s = true, nil
	return nil
}

// shipped says whether the body of a Move record from rank node announces a shipment.
func (c *Comm) shipped(body *[moveBody]byte, node int32) bool {
	return !c.eng.Shares(int(node)) && binary.LittleEndian.Uint32(body[moveGen:]) == 0
}

// unship makes a buffer of the shipment that body announces, and receives its data.
func (b *Buf[T]) unship(c *Comm, body *[moveBody]byte, node int32, size int) error {
	number, n := binary.LittleEndian.Uint32(body[moveBlock:]), binary.LittleEndian.Uint64(body[moveLen:])
	if number > MaxTag {
		return fmt.Errorf("%w: a moved buffer with number %d", ErrCorrupt, number)
	}
	plane := c.shared.id*planes + planeMoved
	heap, err := c.eng.Heap()
	if err != nil {
		return err
	}
	var mem []byte
	if n > 1<<62 {
		err = fmt.Errorf("%w: a moved buffer of %d bytes", ErrCorrupt, n)
	} else {
		b.h, mem, err = heap.Alloc(int(n))
	}
	// Whatever happens: the sender has given the buffer up, and can't end before its data has left.
	d, _ := data(mem, nil)
	r := c.eng.StartRecv(engine.OpRecv, plane, node, int32(number), d)
	if err == nil && !c.eng.Outlast(c.ctx, r) {
		err = context.Cause(c.ctx)
	}
	if done, _ := c.eng.Done(r, r.Serial()); !done || err != nil {
		c.shared.proc.shipments.add(shipment{r, b.h})
		return err
	}
	st, err := c.eng.Take(r)
	if err == nil && st.Bytes != len(mem) {
		err = fmt.Errorf("%w: %d bytes of a moved buffer of %d", ErrCorrupt, st.Bytes, len(mem))
	}
	if err != nil {
		return errors.Join(err, heap.Free(b.h))
	}
	if size > 0 {
		b.s = elems[T](mem, len(mem)/size)
	}
	return nil
}
