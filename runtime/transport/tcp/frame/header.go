package frame

import (
	"encoding/binary"
	"fmt"

	"github.com/golaunch/golaunch/runtime/wire"
)

// What is said on streams beyond the kinds of rings: what on a node is a descriptor's word is a frame here. Their aux 0 is the
// sender's descriptor of a message, see Pair.
const (
	Grant    wire.Kind = 32 + iota // the receiver has matched an RTS: send the data
	Refuse                         // the receiver can't take it (a buffer of the wrong kind, a failed side)
	Claim                          // a matched probe has taken it: it can't be taken back, and a Grant will come
	TakeBack                       // the sender wants its RTS back; the answer is Gone, or a Grant, Claim or Refuse that was under way
	Gone                           // the RTS was not matched and is forgotten
	Bye                            // nothing comes after this
	kinds
)

// Flag is a property of a frame.
type Flag uint8

const (
	// Packed: the payload is compressed, see Unpack.
	Packed Flag = 1 << iota
	// Moved: the message was sent by Move, and wants to be received thus.
	Moved
	flagEnd
)

// Header is what precedes the payload.
type Header struct {
	Kind       wire.Kind
	Flags      Flag
	Len        int // bytes of payload on the stream
	Ctx        uint32
	Tag        int32
	Aux0, Aux1 uint64 // of kinds that have them
}

// Sizes in bytes.
const (
	ShortBytes = wire.HeaderBytes      // header without aux words
	LongBytes  = wire.HeaderBytes + 16 // header with them
	SumBytes   = 8
	// Overhead is what a frame needs beyond its payload at most.
	Overhead = LongBytes + SumBytes
)

// Limits bound what a peer may announce.
type Limits struct {
	Eager int // payload of an Eager frame
	Part  int // payload of a Data frame
}

// rule says what a frame of a kind looks like.
type rule struct {
	ok, aux  bool
	min, max int // bytes of payload; a max of -1 stands for Limits.Eager, -2 for Limits.Part
	flags    Flag
}

const (
	maxEager = -1
	maxPart  = -2
)

var rules = [kinds]rule{
	wire.Eager:  {ok: true, max: maxEager, flags: Packed | Moved},
	wire.RTS:    {ok: true, min: wire.OfferBytes, max: wire.OfferBytes, flags: Moved},
	wire.Data:   {ok: true, aux: true, min: 1, max: maxPart, flags: Packed},
	wire.Revoke: {ok: true},
	wire.Stop:   {ok: true, aux: true},
	Grant:       {ok: true, aux: true},
	Refuse:      {ok: true, aux: true},
	Claim:       {ok: true, aux: true},
	TakeBack:    {ok: true, aux: true},
	Gone:        {ok: true, aux: true},
	Bye:         {ok: true},
}

// names are for errors.
var names = [...]string{"grant", "refuse", "claim", "take back", "gone", "bye"}

// Name is the kind's name, those of package wire included.
func Name(k wire.Kind) string {
	if k >= Grant && k < kinds {
		return names[k-Grant]
	}
	return k.String()
}

// Pair packs a descriptor and its generation into an aux word, Unpair undoes it.
func Pair(desc uint16, gen uint32) uint64          { return uint64(desc) | uint64(gen)<<32 }
func Unpair(aux0 uint64) (desc uint16, gen uint32) { return uint16(aux0), uint32(aux0 >> 32) }
func hasAux(k wire.Kind) bool                      { return k < kinds && rules[k].aux }

// put encodes h as the frame number seq and returns its size. b holds LongBytes.
func (h *Header) put(b []byte, seq uint16) int {
	binary.LittleEndian.PutUint64(b[0:], wire.Word0(seq, h.Kind, wire.Flag(h.Flags), uint32(h.Len)))
	binary.LittleEndian.PutUint64(b[8:], wire.Word1(h.Ctx, h.Tag))
	if !hasAux(h.Kind) {
		return ShortBytes
	}
	binary.LittleEndian.PutUint64(b[16:], h.Aux0)
	binary.LittleEndian.PutUint64(b[24:], h.Aux1)
	return LongBytes
}

// parseShort decodes and checks the first ShortBytes.
func (h *Header) parseShort(b []byte, seq uint16, lim *Limits) error {
	w0 := binary.LittleEndian.Uint64(b[0:])
	k, f, n := wire.Split(w0)
	if k >= kinds || !rules[k].ok {
		return fmt.Errorf("a frame of kind %d", uint8(k))
	}
	r := &rules[k]
	most := r.max
	switch most {
	case maxEager:
		most = lim.Eager
	case maxPart:
		most = lim.Part
	}
	*h = Header{Kind: k, Flags: Flag(f)}
	h.Ctx, h.Tag = wire.Match(binary.LittleEndian.Uint64(b[8:]))
	switch {
	case wire.Lap(w0) != seq:
		return fmt.Errorf("frame number %d of the stream came where %d was due", wire.Lap(w0), seq)
	case Flag(f)&^r.flags != 0:
		return fmt.Errorf("%s with flags %#x", Name(k), uint8(f))
	case uint64(n) < uint64(r.min) || uint64(n) > uint64(most):
		return fmt.Errorf("%s of %d bytes, want %d to %d", Name(k), n, r.min, most)
	case Flag(f)&Packed != 0 && n == 0:
		return fmt.Errorf("%s of no bytes that is compressed", Name(k))
	case h.Tag < 0:
		return fmt.Errorf("%s with tag %d", Name(k), h.Tag)
	}
	h.Len = int(n)
	return nil
}

// parseAux decodes and checks the aux words.
func (h *Header) parseAux(b []byte) error {
	h.Aux0 = binary.LittleEndian.Uint64(b[0:])
	h.Aux1 = binary.LittleEndian.Uint64(b[8:])
	switch {
	case h.Aux0>>16&0xffff != 0:
		return fmt.Errorf("%s for descriptor %d", Name(h.Kind), uint32(h.Aux0))
	case h.Kind != wire.Data && h.Aux1 != 0:
		return fmt.Errorf("%s with a second aux word of %#x", Name(h.Kind), h.Aux1)
	case h.Aux1 > wire.MaxMessage:
		return fmt.Errorf("%s at byte %d of a message of at most %d", Name(h.Kind), h.Aux1, uint64(wire.MaxMessage))
	}
	return nil
}
