package arena

import "fmt"

// Reclaim takes back the blocks that other ranks have freed and returns their
// number. Alloc does the same; call Reclaim where the memory should go back
// without an allocation.
//
// The error wraps ErrCorrupt when the remote-free list was damaged. The returned
// blocks were then found by a sweep over the table and nothing is lost.
func (h *Heap) Reclaim() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.stats.Damaged
	n := h.drain()
	if h.stats.Damaged != before {
		return n, fmt.Errorf("arena: reclaim in rank %d's heap: %w: the remote-free list was broken, %d blocks found", h.owner, ErrCorrupt, n)
	}
	return n, nil
}

// drain takes the whole remote-free list and retires its blocks. It ends: each
// step retires a block that was live in the owner's own records, and a link that
// leads to any other block, so also one that was visited, breaks off the walk.
//
// After a break the rest of the list is unreachable, so the table is swept for
// returned blocks. The sweep may catch a block whose freer is just between its
// CAS and its push; that push then lists a block that is not returned any more,
// and the next drain breaks off there and sweeps again. Nothing is lost and
// nothing is freed twice: retire asks the owner's records.
func (h *Heap) drain() int {
	n := 0
	for link := h.header().freed.Swap(0); link != 0; n++ {
		if link > uint64(h.blocks) {
			return n + h.sweep()
		}
		b := uint32(link - 1)
		link = h.desc(b).next.Load() // before b can be allocated again
		if !h.takeReturned(b) {
			return n + h.sweep()
		}
	}
	h.stats.Reclaimed += uint64(n)
	h.trim()
	return n
}

// sweep is what drain does with a broken list.
func (h *Heap) sweep() int {
	h.stats.Damaged++
	n := 0
	for b := range h.recs {
		if h.recs[b].live && h.takeReturned(uint32(b)) {
			n++
		}
	}
	h.trim()
	return n
}

// takeReturned retires block b if it is returned.
func (h *Heap) takeReturned(b uint32) bool {
	d := h.desc(b)
	ctl := d.ctl.Load()
	return ctlState(ctl) == StateReturned &&
		d.ctl.CompareAndSwap(ctl, packCtl(ctlGen(ctl), StateFree, 0, 0)) &&
		h.retire(b, ctlGen(ctl))
}

// ReclaimHolder takes back all blocks of this heap that rank dead has a part in
// and returns their number: those it held, those on their way to it or from it,
// and those whose free it did not finish. Handles of them are dead; an Accept
// of a block that the dead rank had sent fails with ErrDead if it comes later,
// and keeps the block if it came before.
//
// Call it when rank dead runs no more, and when no operation of this process,
// such as a copy out of a block that it held, touches those blocks any more.
// The owner's own rank is refused with ErrRank.
func (h *Heap) ReclaimHolder(dead int) (int, error) {
	if dead < 0 || dead > MaxRank || dead == int(h.owner) {
		return 0, fmt.Errorf("arena: reclaim for dead rank %d in rank %d's heap: %w", dead, h.owner, ErrRank)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drain() // from here on a returned block of the dead rank is not in the list
	n := 0
	for b := range h.recs {
		if h.recs[b].live && h.takeFrom(uint32(b), uint32(dead)) {
			n++
		}
	}
	h.trim()
	return n, nil
}

// takeFrom retires block b if rank dead has a part in it. A CAS is lost to a
// live rank that accepts or recalls the block; what it left is looked at again.
// It can send the block to the dead rank and recall it for ever, so the tries
// are counted.
func (h *Heap) takeFrom(b, dead uint32) bool {
	d := h.desc(b)
	for range 8 {
		ctl := d.ctl.Load()
		switch ctlState(ctl) {
		case StateHeld, StateReturned:
			if ctlHolder(ctl) != dead {
				return false
			}
		case StateMoving:
			if ctlHolder(ctl) != dead && ctlPeer(ctl) != dead {
				return false
			}
		default:
			return false
		}
		gen := nextGen(ctlGen(ctl))
		if d.ctl.CompareAndSwap(ctl, packCtl(gen, StateFree, 0, 0)) {
			return h.retire(b, gen)
		}
	}
	return false
}
