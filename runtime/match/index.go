package match

import "math/bits"

// index finds the oldest entry under a key (word, src) in O(1), however many
// entries there are and however many share the key. It is a chained hash table
// of bins, one bin per key in use, each the head of a first-in first-out list
// of slots:
//
//	buckets[hash] -> bin -> bin -> 0      bins of different keys
//	                  |
//	                  head -> slot -> slot -> 0      entries of one key, oldest first
//
// Chained, not open addressed: a bin keeps its number for life, so an entry
// remembers its bin and leaves it without a second look-up. Rejected: chaining
// the entries themselves, without bins: one tag with a long backlog then slows every
// key that shares its bucket.
//
// 0 is "none" for slots and bins; bin 0 is never used. The zero index is empty and ready.
type index struct {
	buckets []int32 // length: a power of two, at least the bins in use
	bins    []bin
	links   []link // per slot
	used    int    // bins in use
	free    int32  // chain of free bins, by their next word
}

type bin struct {
	word       word
	src        int32
	head, tail int32
	next       int32
}

type link struct {
	bin, prev, next int32
}

// hash mixes all three parts of a key by one full multiplication. Tags count
// up, or stand far apart in powers of two, or are packed from fields: the upper half of
// the product folded onto the lower lets every input bit reach the low bits
// that pick the bucket.
func hash(w word, src int32) uint64 {
	hi, lo := bits.Mul64(uint64(w)^0x9e3779b97f4a7c15, uint64(uint32(src))^0xd6e8feb86659fd93)
	return hi ^ lo
}

// first returns the slot of the oldest entry under the key, or 0.
func (x *index) first(w word, src int32) int32 {
	if x.used == 0 {
		return 0
	}
	return x.bins[x.find(w, src)].head
}

// find returns the bin of the key, or 0. The table must have buckets.
func (x *index) find(w word, src int32) int32 {
	b := x.buckets[hash(w, src)&uint64(len(x.buckets)-1)]
	for b != 0 && (x.bins[b].word != w || x.bins[b].src != src) {
		b = x.bins[b].next
	}
	return b
}

// push makes slot the newest entry under the key.
func (x *index) push(w word, src, slot int32) {
	if x.used == len(x.buckets) {
		x.grow()
	}
	b := x.find(w, src)
	if b == 0 {
		b = x.newBin(w, src)
	}
	for int(slot) >= len(x.links) {
		x.links = append(x.links, link{})
	}
	e := &x.bins[b]
	x.links[slot] = link{bin: b, prev: e.tail}
	if e.tail != 0 {
		x.links[e.tail].next = slot
	} else {
		e.head = slot
	}
	e.tail = slot
}

// remove takes an entry out, from wherever it stands in its list.
func (x *index) remove(slot int32) {
	l := x.links[slot]
	x.links[slot] = link{}
	e := &x.bins[l.bin]
	if l.prev != 0 {
		x.links[l.prev].next = l.next
	} else {
		e.head = l.next
	}
	if l.next != 0 {
		x.links[l.next].prev = l.prev
	} else {
		e.tail = l.prev
	}
	if e.head == 0 {
		x.dropBin(l.bin)
	}
}

func (x *index) newBin(w word, src int32) int32 {
	b := x.free
	if b != 0 {
		x.free = x.bins[b].next
	} else {
		b = int32(len(x.bins))
		x.bins = append(x.bins, bin{})
	}
	home := &x.buckets[hash(w, src)&uint64(len(x.buckets)-1)]
	x.bins[b] = bin{word: w, src: src, next: *home}
	*home = b
	x.used++
	return b
}

func (x *index) dropBin(b int32) {
	e := &x.bins[b]
	at := &x.buckets[hash(e.word, e.src)&uint64(len(x.buckets)-1)]
	for *at != b {
		at = &x.bins[*at].next
	}
	*at = e.next
	e.next = x.free
	x.free = b
	x.used--
}

// grow doubles the buckets and deals the bins out anew. Since a key has one
// bin, the order of bins in a bucket means nothing.
func (x *index) grow() {
	if len(x.buckets) == 0 {
		const few = 16 // a power of two; the first lane to overflow brings nine keys at most
		x.buckets = make([]int32, few)
		x.bins = make([]bin, 1, 1+few)
		return
	}
	old := x.buckets
	x.buckets = make([]int32, 2*len(old))
	for _, b := range old {
		for b != 0 {
			e := &x.bins[b]
			next := e.next
			home := &x.buckets[hash(e.word, e.src)&uint64(len(x.buckets)-1)]
			e.next = *home
			*home = b
			b = next
		}
	}
}
