package handshake

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Version is raised whenever two builds could not talk over TCP to each other.
const Version = 1

// MessageBytes is the size of every message of the handshake.
const MessageBytes = 128

// magic begins every message, so that a stranger is known by his first bytes.
const magic = "golaunch"

// The layout of a message, little-endian. Magic, version, kind and code stay where they are in every version, so that
// builds of different versions can say so to each other.
//
//	 0  8  magic
//	 8  2  version
//	10  1  kind
//	11  1  code: why a reply or a verdict refuses, 0 when it doesn't
//	12  4  options
//	16 16  job
//	32  4  from   rank of the sender
//	36  4  to     rank of the receiver, as the sender knows it
//	40  2  stream number of this connection among those of the pair
//	42  2  streams how many the pair shall have
//	44  4  zero
//	48 16  session of the pair, zero for stream 0
//	64 32  nonce  of the hello's and the reply's sender; zero in proof and verdict
//	96 32  mac    over all messages so far without their macs, this one included
const (
	nonceAt = 64
	macAt   = 96
)

// NonceBytes is the size of what either side adds of its own; it must come from a source that nobody can guess.
const NonceBytes = 32

type kind uint8

const (
	hello kind = 1 + iota
	reply
	proof
	verdict
	kinds
)

var kindNames = [kinds]string{"nothing", "hello", "reply", "proof", "verdict"}

func (k kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("message of kind %d", uint8(k))
}

// message is what the bytes say.
type message struct {
	version  uint16
	kind     kind
	code     Code
	options  Options
	job      [16]byte
	from, to uint32
	stream   uint16
	streams  uint16
	session  [16]byte
	nonce    [NonceBytes]byte
	mac      [32]byte
}

// put encodes m.
func (m *message) put(b *[MessageBytes]byte) {
	copy(b[0:], magic)
	binary.LittleEndian.PutUint16(b[8:], m.version)
	b[10], b[11] = byte(m.kind), byte(m.code)
	binary.LittleEndian.PutUint32(b[12:], uint32(m.options))
	copy(b[16:], m.job[:])
	binary.LittleEndian.PutUint32(b[32:], m.from)
	binary.LittleEndian.PutUint32(b[36:], m.to)
	binary.LittleEndian.PutUint16(b[40:], m.stream)
	binary.LittleEndian.PutUint16(b[42:], m.streams)
	binary.LittleEndian.PutUint32(b[44:], 0)
	copy(b[48:], m.session[:])
	copy(b[nonceAt:], m.nonce[:])
	copy(b[macAt:], m.mac[:])
}

var (
	errSize    = errors.New("not a whole message")
	errStrange = errors.New("not golaunch speaking")
	errReserve = errors.New("reserved bytes are not zero")
)

// parse decodes b. A message of another version is decoded as far as every version has it, which is the part before options.
func parse(b []byte) (m message, err error) {
	if len(b) != MessageBytes {
		return m, errSize
	}
	if string(b[:len(magic)]) != magic {
		return m, errStrange
	}
	m.version = binary.LittleEndian.Uint16(b[8:])
	m.kind, m.code = kind(b[10]), Code(b[11])
	if m.version != Version {
		return m, nil
	}
	m.options = Options(binary.LittleEndian.Uint32(b[12:]))
	copy(m.job[:], b[16:])
	m.from = binary.LittleEndian.Uint32(b[32:])
	m.to = binary.LittleEndian.Uint32(b[36:])
	m.stream = binary.LittleEndian.Uint16(b[40:])
	m.streams = binary.LittleEndian.Uint16(b[42:])
	if binary.LittleEndian.Uint32(b[44:]) != 0 {
		return m, errReserve
	}
	copy(m.session[:], b[48:])
	copy(m.nonce[:], b[nonceAt:])
	copy(m.mac[:], b[macAt:])
	return m, nil
}

// Options are properties of a connection that both sides must want alike.
type Options uint32

const (
	// Seal: frames are sealed with AES-GCM.
	Seal Options = 1 << iota
	// Sum: frames carry a checksum.
	Sum
	// Pack: large payloads may be compressed.
	Pack
)

func (o Options) String() string {
	if o == 0 {
		return "plain"
	}
	s := ""
	for i, name := range []string{"encrypted", "checksums", "compressed"} {
		if o&(1<<i) != 0 {
			s += "+" + name
		}
	}
	if rest := o &^ (Seal | Sum | Pack); rest != 0 {
		s += fmt.Sprintf("+%#x", uint32(rest))
	}
	return s[1:]
}
