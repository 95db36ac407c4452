package frame

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// Packer compresses payloads of one stream where it pays: in large ones that a sample says will shrink by an eighth at
// least. After a payload that doesn't, it leaves ever more of the next ones alone, up to 63, so that data that can't be
// compressed costs next to nothing. The zero value is ready.
type Packer struct{ skip, penalty int }

const (
	packMin    = 16 << 10 // below, what is saved is less than what the effort costs
	packSample = 8 << 10
)

// PackedBound is the capacity that Pack needs for n bytes.
func PackedBound(n int) int { return s2.MaxEncodedLen(n) }

// Pack compresses src into dst's capacity, PackedBound(len(src)) at least, and says whether that was worth it. If so, send
// what it returns with flag Packed.
func (p *Packer) Pack(dst, src []byte) ([]byte, bool) {
	if len(src) < packMin || cap(dst) < PackedBound(len(src)) {
		return nil, false
	}
	if p.skip > 0 {
		p.skip--
		return nil, false
	}
	// The middle of the payload: headers and padding gather at its start.
	at := (len(src) - packSample) / 2
	if n := s2.EstimateBlockSize(src[at : at+packSample]); n >= 0 && n <= packSample/8*7 {
		if out := s2.Encode(dst[:cap(dst)], src); len(out) <= len(src)/8*7 {
			p.penalty = 0
			return out, true
		}
	}
	p.penalty = min(2*p.penalty+1, 63)
	p.skip = p.penalty
	return nil, false
}

var errPacked = errors.New("frame: a compressed payload that isn't")

// UnpackedLen is how many bytes Unpack makes of b; more than most is an error.
func UnpackedLen(b []byte, most int) (int, error) {
	n, err := s2.DecodedLen(b)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errPacked, err)
	}
	if n > most {
		return 0, fmt.Errorf("frame: a compressed payload of %d bytes, want %d at most", n, most)
	}
	return n, nil
}

// Unpack undoes Pack into dst, whose length must be UnpackedLen.
func Unpack(dst, b []byte) error {
	if n, err := UnpackedLen(b, len(dst)); err != nil || n != len(dst) {
		return errPacked
	}
	out, err := s2.Decode(dst, b)
	if err != nil || len(out) != len(dst) {
		return errPacked
	}
	return nil
}
