// Package ring is the channel between two ranks that share memory: one
// producer, one consumer, no locks and no system calls. It works on plain
// memory, mmap'd or from the heap, so the race detector can see it in tests.
//
// # Layout
//
// A channel is Shape.Bytes() of zeroed memory:
//
//	0                 head word     written by the consumer, read by the producer
//	128               descriptors   the first 32 words, one to a line: see wire.DescWord
//	128+64*32         lines         Lines x 64 bytes: the records
//	(next page)       bulk          Bulk bytes: payload of large records
//	+Bulk             descriptors   Descs words, all but the first 32
//
// A record starts at a cell, half a line, with the two words of package wire; its body
// follows at once and may run over several lines. Two small messages share a line: what a message costs is
// mostly the lines that cross. A record is never cut by the end of
// the ring: a Pad record fills the rest. Bodies above MaxInline go to the bulk
// ring, at a cursor that both sides compute alike, and the record is one cell.
//
// # Who writes what, and what it publishes
//
//   - word 0 of a record: by the producer, last, atomically; it publishes the
//     record and its bulk bytes. The consumer takes it when its lap fits.
//   - the first word of every line that held a record or bulk payload: written by
//     the consumer once more, with zero, when it is done with the whole line, before it publishes the head. The
//     first word of the second cell: zeroed by the producer when a record ends before it. So no
//     payload can ever be taken for a header in a later lap; and the line is then the consumer's own, from where
//     the producer gets it for its next write in one step. Lines that one
//     side only writes and the other only reads cost far more on some machines: on the reference
//     machine 1.5 to 2 times at 1 to 4 KiB, and 6 times at 1 MiB when the two
//     processors are far apart.
//   - head: by the consumer, atomically; it gives the lines and bulk bytes
//     before it back. It is published lazily (a quarter of the ring, or much less when the consumer
//     has nothing to do): each publication costs the producer a cache miss.
//
// # Warm lines
//
// A producer whose consumer keeps up does not walk through the whole ring: near the 112th line it marks
// a record with wire.Rewind, and the next one is in line 0 again, in lines that the fastest caches of both sides
// still hold (1 KiB: 0.27 us one way before, 0.16 after). Small bulk payloads do the same with their ring.
//
// Head word:
//
//	bits  0-31  cells consumed, modulo 2^32; the producer counts whole lines
//	bits 32-63  bulk bytes consumed / 64, modulo 2^32
//
// Whatever the other side wrote is checked before it is used: a bad word
// is an error that poisons the channel, never a panic or a wild access.
//
// Rejected: consumers that only read (see above); a slot ring with all payload in one separate byte ring (a second cold line
// for every message above 48 bytes), and a shared producer counter (a line that
// bounces for every message).
package ring
