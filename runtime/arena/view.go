package arena

import (
	"fmt"
	"unsafe"
)

// View is one rank's access to one region, its own or a peer's. It holds a
// checked private copy of the header and nothing that changes.
type View struct {
	base   unsafe.Pointer // start of the region; keeps a heap-backed one alive
	size   uint64         // bytes
	pages  uint64         // size / PageSize
	first  uint64         // first data page
	blocks uint32         // descriptors
	owner  uint32

	guarded bool // see Guard; set before the View is shared
}

// Open looks at a region that its owner's New has prepared. mem is the whole
// region, page aligned, and must stay mapped as long as the View, or a slice
// got from it, is used. owner is the rank whose region this has to be.
//
// Errors wrap ErrRegion: also when the owner has not called New yet, so order
// the two (a barrier, a fence of the bootstrap).
func Open(mem []byte, owner int) (*View, error) {
	if err := checkMem(mem); err != nil {
		return nil, err
	}
	hdr := (*header)(unsafe.Pointer(unsafe.SliceData(mem)))
	if m := hdr.magic.Load(); m != magic {
		return nil, fmt.Errorf("%w: rank %d has no heap here (magic %#x)", ErrRegion, owner, m)
	}
	shape, size, who := hdr.shape.Load(), hdr.size.Load(), hdr.owner.Load()
	blocks := uint32(shape)
	switch {
	case shape>>32 != version:
		return nil, fmt.Errorf("%w: rank %d's heap has layout version %d, this program has %d", ErrRegion, owner, shape>>32, version)
	case size != uint64(len(mem)):
		return nil, fmt.Errorf("%w: rank %d's heap says %d bytes, %d are mapped", ErrRegion, owner, size, len(mem))
	case owner < 0 || owner > MaxRank || who != uint64(owner):
		return nil, fmt.Errorf("%w: it belongs to rank %d, not to rank %d", ErrRegion, who, owner)
	case blocks == 0 || firstData(blocks) >= size/PageSize:
		return nil, fmt.Errorf("%w: rank %d's heap of %d bytes cannot have %d blocks", ErrRegion, owner, size, blocks)
	}
	return newView(mem, blocks, uint32(owner)), nil
}

func newView(mem []byte, blocks, owner uint32) *View {
	return &View{
		base:   unsafe.Pointer(unsafe.SliceData(mem)),
		size:   uint64(len(mem)),
		pages:  uint64(len(mem)) / PageSize,
		first:  firstData(blocks),
		blocks: blocks,
		owner:  owner,
	}
}

// Owner is the rank whose region this is.
func (v *View) Owner() int { return int(v.owner) }

func (v *View) header() *header { return (*header)(v.base) }

// desc is the descriptor of block b, which must be less than v.blocks.
func (v *View) desc(b uint32) *desc {
	return (*desc)(unsafe.Add(v.base, PageSize+uintptr(b)*descSize))
}

// bytes is region memory; the caller has checked that [off, off+n) is inside.
// Its capacity ends with it, so an append cannot run into the next block.
// An empty slice points at the base: one past the end of the region could be
// memory of somebody else, which the garbage collector must not find.
func (v *View) bytes(off, n uint64) []byte {
	if n == 0 {
		off = 0
	}
	return unsafe.Slice((*byte)(unsafe.Add(v.base, off)), n)
}

// check proves that h names bytes of a block that is in state want at h's
// generation. It returns the control word it saw, to be the old value of a CAS,
// and the offset of the bytes in the region.
//
// ctl is read again after where and length: those change only while the block is
// free, and ctl changes before and after that, so an unchanged ctl means that all
// three words belong together. The second value is compared and not used.
func (v *View) check(h Handle, want State) (ctl, off uint64, f fault) {
	if h.Owner != v.owner {
		return 0, 0, badOwner
	}
	if h.Block >= v.blocks {
		return 0, 0, badBlock
	}
	d := v.desc(h.Block)
	ctl = d.ctl.Load()
	if ctlGen(ctl) != h.Gen || ctlState(ctl) != want || h.Gen == 0 {
		return ctl, 0, dead
	}
	where, length := d.where.Load(), d.length.Load()
	if now := d.ctl.Load(); now != ctl {
		return now, 0, dead
	}
	page, pages := uint64(uint32(where)), where>>32
	if page < v.first || page > v.pages || pages > v.pages-page || length > pages*PageSize {
		return ctl, 0, corrupt
	}
	if h.Off > length || h.Len > length-h.Off {
		return ctl, 0, badRange
	}
	return ctl, page*PageSize + h.Off, okay
}

// Bytes gives the memory that h names: len and cap are h.Len. The slice is valid
// until the block is moved or freed by whoever holds it; see the traps in the
// package documentation. A block that is moving has no bytes: Accept it first.
//
// Errors: ErrDead, ErrHandle, ErrCorrupt.
func (v *View) Bytes(h Handle) ([]byte, error) {
	ctl, off, f := v.check(h, StateHeld)
	if f != okay {
		return nil, v.fail("bytes", h, f, ctl)
	}
	return v.bytes(off, h.Len), nil
}

// Free gives the block back to its owner by way of the remote-free list; the
// owner has it at its next Alloc or Reclaim. Any holder may call it; on the own
// heap Heap.Free is the short way. All handles of the block are dead afterwards.
// Lock-free.
//
// Errors: ErrDead (also for a second free), ErrHandle, ErrCorrupt; the block is
// then as it was.
func (v *View) Free(h Handle) error {
	if ctl, f := v.giveBack(h, StateReturned); f != okay {
		return v.fail("free", h, f, ctl)
	}
	v.push(h.Block)
	return nil
}

// giveBack ends the life of h's block: to Returned (free by anyone) or to Free
// (by the owner). A CAS that fails means that somebody else moved or freed the
// block at the same time, so there is nothing to retry.
func (v *View) giveBack(h Handle, to State) (uint64, fault) {
	ctl, _, f := v.check(h, StateHeld)
	if f != okay {
		return ctl, f
	}
	d := v.desc(h.Block)
	holder := ctlHolder(ctl)
	if to == StateFree {
		holder = 0
	}
	if !d.ctl.CompareAndSwap(ctl, packCtl(nextGen(h.Gen), to, holder, 0)) {
		return d.ctl.Load(), dead
	}
	return ctl, okay
}

// push puts block b, which this caller alone has just made Returned, at the
// front of the remote-free list.
//
// There is no ABA problem: nobody ever takes a single block off the list, the
// owner swaps the whole of it away. When the head is the value that was read,
// then it is the right successor of b, however often it changed in between.
// A head that makes no sense is passed on as it is, the owner checks each link.
func (v *View) push(b uint32) {
	freed, d := &v.header().freed, v.desc(b)
	for {
		head := freed.Load()
		d.next.Store(head)
		if freed.CompareAndSwap(head, uint64(b)+1) {
			return
		}
	}
}
