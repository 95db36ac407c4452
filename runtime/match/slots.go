package match

import "github.com/golaunch/golaunch/runtime/invariants"

// A word is the part of an envelope that is compared within one source:
//
//	bits 63..32  ctx
//	bits 31..0   tag, as uint32; AnyTag where a receive takes every tag
//
// ctx stands on top so that "any tag of this ctx" is one shift.
type word uint64

func wordOf(ctx uint32, tag int32) word { return word(ctx)<<32 | word(uint32(tag)) }

func (w word) ctx() uint32 { return uint32(w >> 32) }
func (w word) tag() int32  { return int32(uint32(w)) }

// anyTag is w with its tag replaced by AnyTag: how a receive for every tag of
// w's context is written.
func (w word) anyTag() word { return wordOf(w.ctx(), AnyTag) }

// slot is one entry of a queue, without the value that the caller put there.
type slot struct {
	word       word
	seq        uint64 // place in the queue's order and generation of the slot; 0 while not queued
	src        int32
	prev, next int32 // neighbours in order; next also chains free slots
}

// slots is the slab of one queue, with all queued entries in one list from the
// oldest to the newest. Slot 0 is never used: 0 means "none".
//
// Free slots are reused last in, first out, so a short queue stays in the same
// few cache lines. Since a sequence number is never given twice, it serves as
// the generation that tells a handle to a slot's earlier life.
type slots struct {
	at          []slot
	first, last int32
	free        int32
	n           int
	seq         uint64
}

// link takes a free slot, fills it and makes it the newest entry.
func (s *slots) link(w word, src int32) int32 {
	i := s.free
	if i != 0 {
		s.free = s.at[i].next
	} else {
		if len(s.at) == 0 {
			s.at = append(s.at, slot{})
		}
		i = int32(len(s.at))
		s.at = append(s.at, slot{})
	}
	s.seq++
	s.at[i] = slot{word: w, seq: s.seq, src: src, prev: s.last}
	if s.last != 0 {
		s.at[s.last].next = i
	} else {
		s.first = i
	}
	s.last = i
	s.n++
	return i
}

// unlink takes entry i out of the order. From then on no handle names it, but
// the slot is not given out again before release: its next word is free to
// chain it until then.
func (s *slots) unlink(i int32) {
	e := &s.at[i]
	invariants.Check(e.seq != 0, "match: a slot leaves its queue twice")
	if e.prev != 0 {
		s.at[e.prev].next = e.next
	} else {
		s.first = e.next
	}
	if e.next != 0 {
		s.at[e.next].prev = e.prev
	} else {
		s.last = e.prev
	}
	e.seq, e.prev, e.next = 0, 0, 0
	s.n--
}

// release makes an unlinked slot available to link.
func (s *slots) release(i int32) {
	s.at[i].next = s.free
	s.free = i
}

// older is whichever of two entries was queued first; 0 stands for no entry.
func (s *slots) older(i, j int32) int32 {
	if i == 0 || j != 0 && s.at[j].seq < s.at[i].seq {
		return j
	}
	return i
}
