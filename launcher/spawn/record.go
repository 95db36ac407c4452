package spawn

import (
	"encoding/binary"
	"fmt"
)

// Kind says what a record tells.
type Kind uint32

// The records of the keeper.
const (
	Started    Kind = 1 + iota // Rank runs as process PID
	NotStarted                 // Rank could not be started: Value is the errno; no further rank is
	Exited                     // Rank's process PID ended: Value is its wait status
	AllGone                    // no descendant is left: Value is the number killed beside the ranks; the keeper exits
)

// Record is what the keeper tells golaunch.
type Record struct {
	Kind  Kind
	Rank  int
	PID   int
	Value uint32
}

// recordSize is the length of a record: kind, rank, process, value, each 32 bits,
// little endian.
const recordSize = 16

func (r Record) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Kind))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Rank))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.PID))
	return binary.LittleEndian.AppendUint32(b, r.Value)
}

func decodeRecord(b *[recordSize]byte) Record {
	return Record{
		Kind:  Kind(binary.LittleEndian.Uint32(b[0:])),
		Rank:  int(int32(binary.LittleEndian.Uint32(b[4:]))),
		PID:   int(int32(binary.LittleEndian.Uint32(b[8:]))),
		Value: binary.LittleEndian.Uint32(b[12:]),
	}
}

// String is for logs.
func (r Record) String() string {
	return fmt.Sprintf("record %d: rank %d, process %d, value %#x", r.Kind, r.Rank, r.PID, r.Value)
}

// A command to the keeper: 8 bytes, what and to whom.
const commandSize = 8

// killTree as the signal of a command: kill every descendant until none is left.
const killTree = 1 << 16

// everyRank as the rank of a command.
const everyRank = -1

func appendCommand(b []byte, signal, rank int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(signal))
	return binary.LittleEndian.AppendUint32(b, uint32(rank))
}

func decodeCommand(b *[commandSize]byte) (signal, rank int) {
	return int(binary.LittleEndian.Uint32(b[0:])), int(int32(binary.LittleEndian.Uint32(b[4:])))
}
