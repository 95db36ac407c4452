// Package ring is the channel between two ranks that share memory: one
// producer, one consumer, no locks and no system calls. It works on plain
// memory, mmap'd or from the heap, so the race detector can see it in tests.
//
// # Layout
//
// A channel is Shape.Bytes() of zeroed memory:
//
//	0                 head word     written by the consumer, read by the producer
//	128               descriptors   Descs words, one to a line: see wire.DescWord
//	128+64*Descs      lines         Lines x 64 bytes: the records
//	(next page)       bulk          Bulk bytes: payload of large records
//
// A record starts at a line, with the two words of package wire, its body
// follows at once and may run over several lines. It is never cut by the end of
// the ring: a Pad record fills the rest. Bodies above MaxInline go to the bulk
// ring, at a cursor that both sides compute alike, and the record is one line.
//
// # Who writes what, and what it publishes
//
//   - word 0 of a record: by the producer, last, atomically; it publishes the
//     record and its bulk bytes. The consumer takes it when its lap fits.
//   - the first word of every further line of a record: payload of the
//     producer; the consumer zeroes it after reading, before it publishes the
//     head, so that no payload can ever be taken for a header in a later lap.
//     (It also pulls the line into the consumer's cache as its own, which makes the
//     producer's next write to it cheaper than an upgrade of a shared line: a
//     message of 1 to 4 KiB is 1.5 to 2 times faster than through a ring
//     whose payload the consumer only reads.)
//   - head: by the consumer, atomically; it gives the lines and bulk bytes
//     before it back. It is published lazily (a quarter of the ring, or when the consumer
//     has nothing to do): each publication costs the producer a cache miss.
//
// Head word:
//
//	bits  0-31  lines consumed, modulo 2^32
//	bits 32-63  bulk bytes consumed / 64, modulo 2^32
//
// Whatever the other side wrote is checked before it is used: a bad word
// is an error that poisons the channel, never a panic or a wild access.
//
// Rejected: a slot ring with all payload in one separate byte ring (a second cold line
// for every message above 48 bytes), and a shared producer counter (a line that
// bounces for every message).
package ring
