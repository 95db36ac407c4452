// Package proto decides how a message travels, and in which order the things
// that happen to a rendezvous may happen. It is pure: numbers in, a choice out.
//
//	Inline     body behind the header, one record                  small
//	Parts      records with payload in the bulk ring, at once      up to the eager limit
//	Stream     RTS, then parts when the receiver has matched       larger, and every Ssend
//	Borrow     RTS, the receiver reads the sender's arena buffer   larger, from an arena
//
// The choice depends on nothing but its arguments, so it can be printed (String) and forced.
package proto

import (
	"fmt"
	"strings"
)

// Choice is a way to send a message.
type Choice uint8

const (
	Inline Choice = iota
	Parts
	Stream
	Borrow
)

var choiceNames = [...]string{"inline", "parts", "stream", "borrow"}

func (c Choice) String() string {
	if int(c) < len(choiceNames) {
		return choiceNames[c]
	}
	return fmt.Sprintf("choice(%d)", uint8(c))
}

// Limits are the sizes in bytes at which the way changes.
type Limits struct {
	Inline int // largest body in a record
	Eager  int // largest message sent before the receiver has asked for it
	Part   int // largest payload of one record
}

// LimitsFor derives the limits from a channel: maxInline and maxBulk as package ring has them.
func LimitsFor(maxInline, maxBulk int) Limits {
	part := min(maxBulk/4, 64<<10) &^ 63
	return Limits{
		Inline: min(maxInline, 4<<10),
		Eager:  min(maxBulk, 32<<10),
		Part:   part,
	}
}

// Choose picks the way for a message of n bytes. sync: the sender must know of the
// match (Ssend). arena: the message lies in memory that the receiver can read.
func (l Limits) Choose(n int, sync, arena bool) Choice {
	switch {
	case arena && n > l.Eager:
		return Borrow
	case sync || n > l.Eager:
		return Stream
	case n > l.Inline:
		return Parts
	}
	return Inline
}

// NextPart is the payload of the record that follows after sent bytes of total
// (sent < total). Both sides of a transfer copy at once; so short messages go in small
// parts, of which the first is the smallest since nothing overlaps with it.
func (l Limits) NextPart(total, sent int) int {
	part := max(total/4, 2<<10)
	if total <= 512<<10 {
		part = min(part, 16<<10) // still in the fastest caches when it is read
	}
	part = min(part, l.Part)
	part = (part + 63) &^ 63
	return min(part, total-sent, l.Part)
}

func (l Limits) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s up to %d bytes\n", Inline, l.Inline)
	fmt.Fprintf(&b, "%-10s up to %d bytes, %d at once at most\n", Parts, l.Eager, l.Part)
	fmt.Fprintf(&b, "%-10s above, and every synchronous send\n", Stream)
	fmt.Fprintf(&b, "%-10s above, from an arena buffer\n", Borrow)
	return b.String()
}
