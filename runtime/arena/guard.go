package arena

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/invariants"
)

// Guard lets builds that check invariants catch the use of a slice that was kept when
// its block was moved away: Release takes the block's pages out of this mapping (mprotect), so that
// such a use is a fault at its line. They come back when the block does: Accept, Take, the owner's
// Reclaim, and Window, for a sender who lets this rank read them once more (from then on a kept slice goes unnoticed). Other
// builds do nothing, and systems without mprotect neither.
//
// The mapping must be this rank's alone, and none of the Go heap. Call it before anybody else has the View.
func (v *View) Guard() { v.guarded = invariants.Enabled && canProtect() }

// hide takes the pages of a block that has just been released out of the mapping. Nobody can
// have accepted it yet: the handle hasn't left this rank.
func (v *View) hide(b uint32) {
	if !invariants.Enabled || !v.guarded {
		return
	}
	// Hiding may fail, as each hidden run is a mapping of its own and a process may have 65530.
	off, n := v.pagesOf(b)
	_ = protect(v.bytes(off, n), false)
}

// unhide gives the pages of a block that this rank holds again back.
func (v *View) unhide(b uint32) {
	if !invariants.Enabled || !v.guarded {
		return
	}
	v.show(v.pagesOf(b))
}

// show gives the pages that hold n bytes at off back. The caller has checked that these are data pages.
func (v *View) show(off, n uint64) {
	if !invariants.Enabled || !v.guarded {
		return
	}
	first, end := off&^(PageSize-1), (off+n+PageSize-1)&^(PageSize-1)
	if err := protect(v.bytes(first, end-first), true); err != nil {
		panic(fmt.Sprintf("invariant broken: arena: pages of rank %d's heap stay hidden: %v", v.owner, err))
	}
}

// pagesOf is where a block lies, nowhere if others have damaged its descriptor.
func (v *View) pagesOf(b uint32) (off, n uint64) {
	where := v.desc(b).where.Load()
	page, pages := uint64(uint32(where)), where>>32
	if page < v.first || page > v.pages || pages > v.pages-page {
		return 0, 0
	}
	return page * PageSize, pages * PageSize
}
