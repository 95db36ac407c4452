// Package wire holds the numbers and bit layouts that two ranks agree on: the
// header of a record in a ring, the kinds of records, and the small bodies of
// the protocol records. It is pure: it neither reads nor writes shared memory,
// and what it decodes may have been written by anybody, so decoding checks and
// never panics.
//
// A record begins with two 64-bit words:
//
//	word 0 (written last, it commits the record)
//	bits  0-15  lap    1 + (position / lines of the ring) modulo 65535, never 0
//	bits 16-23  kind   what the record is, see Kind
//	bits 24-31  flags  see Flag
//	bits 32-63  length bytes of payload in this record
//
//	word 1
//	bits  0-31  ctx    context of the communicator
//	bits 32-63  tag    as the user gave it
//
// The source is not in the header: it is the channel that the record came through.
package wire

import "fmt"

// Version is raised whenever two builds could not read each other's records.
const Version = 1

// Kind says what a record is.
type Kind uint8

const (
	Invalid Kind = iota
	Pad          // nothing; the ring continues at its start
	Eager        // a whole message
	First        // the first part of an eager message in several parts; aux 0 is the total length
	More         // the next part of the eager message begun last in this channel
	RTS          // request to send: a message waits at the sender; body is an Offer
	Data         // part of a granted message; aux 0 is the descriptor's index
	Move         // ownership of an arena block; body is a moved handle
	Revoke       // the communicator of ctx is revoked
	Stop         // the sender of a granted message gives up; body is descriptor and generation
	kinds
)

var kindNames = [kinds]string{"invalid", "pad", "eager", "first", "more", "rts", "data", "move", "revoke", "stop"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Valid says whether k may stand in a record.
func (k Kind) Valid() bool { return k > Invalid && k < kinds }

// Flag is a set of properties of a record.
type Flag uint8

const (
	// Bulk: the payload lies in the bulk ring, not behind the header.
	Bulk Flag = 1 << iota
	// Rewind: the next record is at the start of the ring.
	Rewind
	// RewindBulk: the payload of the next bulk record is at the start of the bulk ring.
	RewindBulk
	flagEnd
)

// Valid says whether f has only known bits.
func (f Flag) Valid() bool { return f < flagEnd }

// HeaderBytes is the size of the two words before the body of a record.
const HeaderBytes = 16

// Word0 packs the commit word.
func Word0(lap uint16, k Kind, f Flag, length uint32) uint64 {
	return uint64(lap) | uint64(k)<<16 | uint64(f)<<24 | uint64(length)<<32
}

// Lap is the part of word 0 that tells a new record from what stood there before.
func Lap(w0 uint64) uint16 { return uint16(w0) }

// Split unpacks word 0.
func Split(w0 uint64) (k Kind, f Flag, length uint32) {
	return Kind(w0 >> 16), Flag(w0 >> 24), uint32(w0 >> 32)
}

// Word1 packs what a message is matched by.
func Word1(ctx uint32, tag int32) uint64 { return uint64(ctx) | uint64(uint32(tag))<<32 }

// Match unpacks word 1.
func Match(w1 uint64) (ctx uint32, tag int32) { return uint32(w1), int32(uint32(w1 >> 32)) }
