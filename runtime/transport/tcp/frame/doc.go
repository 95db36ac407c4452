// Package frame is the format of what ranks say to each other over a byte stream once they know each other. It is pure:
// encoding appends to a slice, decoding takes what has come, however the stream was cut; package tcp has the sockets.
//
// A frame is
//
//	word 0   as runtime/wire has it, with a sequence number of the stream where a ring has the lap: kind, flags, bytes of payload
//	word 1   as runtime/wire has it: context and tag
//	aux 0    only kinds that speak of a rendezvous: descriptor, and its generation above
//	aux 1    the same kinds: where in the message the payload of a Data frame belongs
//	payload
//	xxhash64 of all that, where both sides have asked for checksums
//
// all little-endian. A frame without aux words has 16 bytes before its payload, one with them 32.
//
// The Decoder never touches payload. It says that a frame has begun and how many bytes of payload are to come, and who called it
// reads them wherever they belong, best straight into the user's buffer:
//
//	n, ev, err := d.Step(b)     // consumes header bytes of b only
//	case Begin: d.H, d.Left()   // payload follows: in b[n:], then on the stream
//	d.Took(p)                   // these bytes of it have come
//	case End:                   // the frame is complete, and its checksum is right
//
// Nothing that a decoder is given makes it panic or allocate, and nothing longer than Limits is ever announced.
//
// Sealer and Opener put such a stream into AES-GCM records; Packer decides when compression pays. Both are independent of the
// frames: a record may hold several frames, or a part of one.
package frame
