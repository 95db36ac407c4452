package frame

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Encoder makes the frames of one stream. The zero value is one without checksums.
type Encoder struct {
	seq uint16
	sum bool
	dig xxhash.Digest
}

// NewEncoder makes one for a stream, with checksums or without.
func NewEncoder(sum bool) Encoder { return Encoder{sum: sum} }

// Begin appends the header of the next frame to dst. Its payload must follow, told to Payload piece by piece, then End.
func (e *Encoder) Begin(dst []byte, h *Header) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, LongBytes)...)
	n := h.put(dst[at:], e.seq)
	e.seq++
	dst = dst[:at+n]
	if e.sum {
		e.dig.Reset()
		_, _ = e.dig.Write(dst[at:])
	}
	return dst
}

// Payload hears what the stream carries as the next bytes of payload.
func (e *Encoder) Payload(p []byte) {
	if e.sum {
		_, _ = e.dig.Write(p)
	}
}

// End appends what follows the payload.
func (e *Encoder) End(dst []byte) []byte {
	if e.sum {
		dst = binary.LittleEndian.AppendUint64(dst, e.dig.Sum64())
	}
	return dst
}

// Append appends a whole frame to dst; h.Len is set to the payload's length.
func (e *Encoder) Append(dst []byte, h *Header, payload []byte) []byte {
	h.Len = len(payload)
	dst = e.Begin(dst, h)
	dst = append(dst, payload...)
	e.Payload(payload)
	return e.End(dst)
}
