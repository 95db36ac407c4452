package segment

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/ring"
)

const (
	page = 4096

	controlBytes = 512
	// Blocks is how many communicators of each leader have words of their own: those beyond that use messages.
	Blocks     = 1024
	blockBytes = 128

	ballotBytes = 64

	// MaxRanks is the most ranks on one node.
	MaxRanks = 1024
)

// Layout says where the parts of a segment lie, in bytes from its start.
type Layout struct {
	Ranks   int
	Shape   ring.Shape
	Control int64

	Blocks   int64
	Ballot   int64
	Channels int64
	Stride   int64 // of one channel
	Heaps    int64
	Heap     int64 // bytes of one rank's heap
	Total    int64
}

// ShapeFor is the size of the channels between n ranks: large rings as long
// as there are few of them.
func ShapeFor(n int) ring.Shape {
	switch {
	case n <= 16:
		return ring.Shape{Lines: 512, Bulk: 512 << 10}
	case n <= 64:
		return ring.Shape{Lines: 256, Bulk: 128 << 10}
	case n <= 256:
		return ring.Shape{Lines: 128, Bulk: 32 << 10}
	default:
		return ring.Shape{Lines: 64, Bulk: 16 << 10}
	}
}

// LayoutFor lays out a segment for n ranks (1 to MaxRanks) with heap bytes of
// arena a rank (rounded up to whole pages).
func LayoutFor(n int, heap int64) (Layout, error) {
	if n < 1 || n > MaxRanks {
		return Layout{}, fmt.Errorf("segment: %d ranks on one node, want 1 to %d", n, MaxRanks)
	}
	if heap < 0 || heap > 1<<42 {
		return Layout{}, fmt.Errorf("segment: %d bytes of heap a rank, want 0 to %d", heap, int64(1)<<42)
	}
	up := func(x int64) int64 { return (x + page - 1) &^ (page - 1) }
	l := Layout{Ranks: n, Shape: ShapeFor(n)}
	l.Control = up(jobBytes(n))
	l.Blocks = up(l.Control + int64(n)*controlBytes)
	l.Ballot = up(l.Blocks + int64(n)*Blocks*blockBytes)
	l.Channels = up(l.Ballot + int64(n)*ballotBytes)
	l.Stride = int64(l.Shape.Bytes())
	l.Heaps = up(l.Channels + int64(n)*int64(n)*l.Stride)
	l.Heap = up(heap)
	l.Total = l.Heaps + int64(n)*l.Heap
	return l, nil
}

// Channel is the offset of the channel that src writes and dst reads.
func (l *Layout) Channel(dst, src int) int64 {
	return l.Channels + (int64(dst)*int64(l.Ranks)+int64(src))*l.Stride
}
