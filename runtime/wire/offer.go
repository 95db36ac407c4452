package wire

import (
	"encoding/binary"
	"fmt"
)

// Offer is the body of an RTS: a message of Total bytes waits at the sender
// under descriptor Desc of the channel. When the message lies in an arena, Heap
// is the rank that owns the heap and Off the byte offset in it, and the
// receiver reads it there; otherwise Heap is NoHeap and the sender streams.
type Offer struct {
	Total uint64
	Gen   uint32 // generation of the descriptor
	Desc  uint16
	Heap  int32
	Off   uint64
}

// NoHeap in Offer.Heap: the message lies in the sender's private memory.
const NoHeap int32 = -1

// OfferBytes is the encoded size of an Offer.
const OfferBytes = 32

// Put encodes o into b, which must hold OfferBytes.
func (o *Offer) Put(b []byte) {
	_ = b[OfferBytes-1]
	binary.LittleEndian.PutUint64(b[0:], o.Total)
	binary.LittleEndian.PutUint64(b[8:], o.Off)
	binary.LittleEndian.PutUint32(b[16:], o.Gen)
	binary.LittleEndian.PutUint32(b[20:], uint32(o.Heap))
	binary.LittleEndian.PutUint16(b[24:], o.Desc)
	clear(b[26:OfferBytes])
}

// ParseOffer decodes an Offer and refuses what cannot be one: a total above
// MaxMessage, a descriptor beyond descs, a heap beyond ranks.
func ParseOffer(b []byte, descs, ranks int) (Offer, error) {
	if len(b) != OfferBytes {
		return Offer{}, fmt.Errorf("wire: offer of %d bytes, want %d", len(b), OfferBytes)
	}
	o := Offer{
		Total: binary.LittleEndian.Uint64(b[0:]),
		Off:   binary.LittleEndian.Uint64(b[8:]),
		Gen:   binary.LittleEndian.Uint32(b[16:]),
		Heap:  int32(binary.LittleEndian.Uint32(b[20:])),
		Desc:  binary.LittleEndian.Uint16(b[24:]),
	}
	switch {
	case o.Total > MaxMessage:
		return Offer{}, fmt.Errorf("wire: offer of %d bytes is above the limit %d", o.Total, uint64(MaxMessage))
	case int(o.Desc) >= descs:
		return Offer{}, fmt.Errorf("wire: offer names descriptor %d of %d", o.Desc, descs)
	case o.Heap != NoHeap && (o.Heap < 0 || int(o.Heap) >= ranks):
		return Offer{}, fmt.Errorf("wire: offer names the heap of rank %d of %d", o.Heap, ranks)
	}
	return o, nil
}

// MaxMessage is the largest message in bytes.
const MaxMessage = 1 << 46

// Descriptor states, the low byte of a descriptor's word; the generation is in
// the upper 32 bits, so that an answer to an earlier message is never taken for
// one to this.
//
//	bits  0-7   state
//	bits 32-63  generation
const (
	DescIdle      = 0
	DescOffered   = 1 // by the sender: may be granted or taken back
	DescGranted   = 2 // by the receiver: matched, send the data
	DescDone      = 3 // by the receiver: it has all bytes
	DescCancelled = 4 // by the sender: taken back before a match
	DescRefused   = 5 // by the receiver: it can't be received (its side failed)
	DescClaimed   = 6 // by the receiver: a matched probe has taken it, the data may wait
)

// DescWord packs a descriptor's word.
func DescWord(gen uint32, state uint8) uint64 { return uint64(gen)<<32 | uint64(state) }

// DescSplit unpacks a descriptor's word.
func DescSplit(w uint64) (gen uint32, state uint8) { return uint32(w >> 32), uint8(w) }
