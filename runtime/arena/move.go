package arena

import "fmt"

// Release is the sender's half of a Move: the block stops being held by its
// holder and is on its way to rank to. h is dead from here on. The Handle that
// comes back travels in the message; it names the same bytes, and Accept is the
// only thing it is good for. Lock-free, one CAS, O(1) for any size.
//
// Everything written to the block before Release is visible after Accept.
//
// Errors: ErrDead (already moved or freed), ErrHandle, ErrCorrupt, ErrRank; the
// block is then as it was.
func (v *View) Release(h Handle, to int) (Handle, error) {
	if to < 0 || to > MaxRank {
		return Handle{}, &Error{Op: "release", Handle: h, Err: ErrRank, Why: fmt.Sprintf("%d is not in 0..%d", to, MaxRank)}
	}
	ctl, _, f := v.check(h, StateHeld)
	if f != okay {
		return Handle{}, v.fail("release", h, f, ctl)
	}
	d := v.desc(h.Block)
	t := h
	t.Gen = nextGen(h.Gen)
	if !d.ctl.CompareAndSwap(ctl, packCtl(t.Gen, StateMoving, ctlHolder(ctl), uint32(to))) {
		return Handle{}, v.fail("release", h, dead, d.ctl.Load())
	}
	v.hide(h.Block)
	return t, nil
}

// Accept is the receiver's half: rank holder takes the block that Release sent
// on its way as t, and gets the handle that is valid from here on. t is dead
// then, so a message that is delivered twice is refused the second time.
// Lock-free, one CAS.
//
// holder is the rank the block was released to, or the rank that released it
// and now takes it back because the message was not delivered. When both try,
// one wins and the other has ErrDead.
//
// Errors: ErrDead, ErrHandle, ErrCorrupt, ErrRank (another rank than those two);
// the block is then as it was.
func (v *View) Accept(t Handle, holder int) (Handle, error) {
	ctl, _, f := v.check(t, StateMoving)
	if f == okay && holder != int(ctlPeer(ctl)) && holder != int(ctlHolder(ctl)) {
		f = badRank
	}
	if f != okay {
		return Handle{}, v.fail("accept", t, f, ctl)
	}
	d := v.desc(t.Block)
	h := t
	h.Gen = nextGen(t.Gen)
	if !d.ctl.CompareAndSwap(ctl, packCtl(h.Gen, StateHeld, uint32(holder), 0)) {
		return Handle{}, v.fail("accept", t, dead, d.ctl.Load())
	}
	v.unhide(t.Block)
	return h, nil
}

// Take is Accept by a rank that knows who sent the block, and Bytes of the
// result. It begins with the CAS, so that the descriptor's line comes to this processor once,
// for writing, instead of once for reading and once more. When that CAS fails it is Accept and Bytes.
func (v *View) Take(t Handle, from, holder int) (Handle, []byte, error) {
	if t.Owner == v.owner && t.Block < v.blocks && t.Gen != 0 && from >= 0 && from <= MaxRank && holder >= 0 && holder <= MaxRank {
		d := v.desc(t.Block)
		h := t
		h.Gen = nextGen(t.Gen)
		moving := packCtl(t.Gen, StateMoving, uint32(from), uint32(holder))
		held := packCtl(h.Gen, StateHeld, uint32(holder), 0)
		if d.ctl.CompareAndSwap(moving, held) {
			ctl, off, f := v.check(h, StateHeld)
			if f == okay {
				v.unhide(h.Block)
				return h, v.bytes(off, h.Len), nil
			}
			d.ctl.CompareAndSwap(held, moving) // as it was
			return Handle{}, nil, v.fail("accept", t, f, ctl)
		}
	}
	h, err := v.Accept(t, holder)
	if err != nil {
		return Handle{}, nil, err
	}
	b, err := v.Bytes(h)
	return h, b, err
}
