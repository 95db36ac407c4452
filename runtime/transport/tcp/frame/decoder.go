package frame

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/golaunch/golaunch/runtime/invariants"
)

// Event says how far Step has come.
type Event uint8

const (
	More  Event = iota // all bytes are consumed; more are needed
	Begin              // H is the header of a frame, Left its payload
	End                // the frame of H is complete
)

type state uint8

const (
	short state = iota
	long
	payload
	trailer
	broken
)

// Decoder takes the frames of one stream apart.
type Decoder struct {
	H     Header
	lim   Limits
	sum   bool
	state state
	seq   uint16
	left  int // payload to come
	have  int // bytes in buf
	buf   [LongBytes]byte
	dig   xxhash.Digest
	err   error
}

// NewDecoder makes one for a stream, with checksums or without.
func NewDecoder(lim Limits, sum bool) Decoder { return Decoder{lim: lim, sum: sum} }

// Left is how many bytes of payload are to come.
func (d *Decoder) Left() int { return d.left }

// Idle says whether the stream stands between two frames.
func (d *Decoder) Idle() bool { return d.state == short && d.have == 0 }

// Took hears of bytes of payload that have come, in their order. They are never more than Left.
func (d *Decoder) Took(p []byte) {
	invariants.Check(len(p) <= d.left, "frame: more payload than announced")
	d.left -= len(p)
	if d.sum {
		_, _ = d.dig.Write(p)
	}
}

// Step consumes bytes of the stream that are no payload. It may be called again with the rest of b after an event; with
// payload to come it consumes nothing. After an error the stream is of no use.
func (d *Decoder) Step(b []byte) (n int, ev Event, err error) {
	for {
		switch d.state {
		case short:
			h := d.gather(b, &n, ShortBytes)
			if h == nil {
				return n, More, nil
			}
			if err := d.H.parseShort(h, d.seq, &d.lim); err != nil {
				return n, More, d.fail(err)
			}
			d.seq++
			if d.sum {
				d.dig.Reset()
				_, _ = d.dig.Write(h)
			}
			d.state = long
		case long:
			if hasAux(d.H.Kind) {
				h := d.gather(b, &n, LongBytes-ShortBytes)
				if h == nil {
					return n, More, nil
				}
				if err := d.H.parseAux(h); err != nil {
					return n, More, d.fail(err)
				}
				if d.sum {
					_, _ = d.dig.Write(h)
				}
			}
			d.left = d.H.Len
			d.state = payload
			return n, Begin, nil
		case payload:
			if d.left > 0 {
				return n, More, nil
			}
			d.state = trailer
		case trailer:
			if d.sum {
				t := d.gather(b, &n, SumBytes)
				if t == nil {
					return n, More, nil
				}
				if got, want := binary.LittleEndian.Uint64(t), d.dig.Sum64(); got != want {
					return n, More, d.fail(fmt.Errorf("%s of %d bytes with checksum %x, want %x: it was changed on its way",
						Name(d.H.Kind), d.H.Len, got, want))
				}
			}
			d.state = short
			return n, End, nil
		default:
			return n, More, d.err
		}
	}
}

// gather returns want bytes that begin at b[*n:], put together from several calls where needed; nil when they aren't there yet.
func (d *Decoder) gather(b []byte, n *int, want int) []byte {
	rest := b[*n:]
	if d.have == 0 && len(rest) >= want {
		*n += want
		return rest[:want]
	}
	m := copy(d.buf[d.have:want], rest)
	*n += m
	d.have += m
	if d.have < want {
		return nil
	}
	d.have = 0
	return d.buf[:want]
}

func (d *Decoder) fail(err error) error {
	d.state, d.err = broken, fmt.Errorf("frame: %w", err)
	return d.err
}
