// Package transport is what stands between the engine and the machine: how a
// rank reaches the memory that it shares with others, how it sleeps and how it wakes them.
//
// An Endpoint is a rank's view of ranks with whom it shares memory: as
// processes over a segment (package shm) or as goroutines over the heap
// (package inproc). Apart makes believe that some of them stand on other nodes. The engine moves messages through the channels (package
// ring) itself, so that no indirect call lies on the hot path; the endpoint gives it
// the memory and does what needs the operating system. A transport without
// shared memory will be a second interface beside this one.
//
// Every implementation passes the suite in package transporttest.
package transport

import (
	"time"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/topo"
)

// Endpoint is one rank's access to the ranks of its node.
type Endpoint interface {
	// Rank is this rank's number on the node, Size how many there are.
	Rank() int
	Size() int

	// Job holds the words that all of them share: park words, doors, abort, deaths.
	Job() *segment.Job

	// Channel is the memory of the channel that src writes and dst reads: zeroed
	// when first seen, of Shape().Bytes(). One of them is this rank.
	Channel(dst, src int) ([]byte, error)
	Shape() ring.Shape

	// Heap is the arena region of a rank of this rank's node; the same bytes for every rank. Punch
	// gives pages of this rank's own heap back to the system.
	Heap(rank int) ([]byte, error)
	Punch(off, n uint64)

	// Sleep blocks while this rank's park word is 1, at most for d. It may return early.
	// Who clears the word with Job().Wake ends it.
	Sleep(d time.Duration)

	// Yield lets another rank or goroutine have the processor, and returns soon.
	Yield()

	// Fence makes every thread of every rank that publishes with weak stores pass a
	// full memory barrier. It says false when it can't; then no rank here may
	// use weak stores, and who sleeps must look again soon, in case others do.
	Fence() bool

	// Caps says what this transport is like.
	Caps() Caps

	// Close gives up the memory. Nothing that came from the endpoint may be used afterwards.
	Close() error
}

// Caps are properties that the engine's choices depend on.
type Caps struct {
	// Processors is how many the ranks share, at least 1.
	Processors int
	// Goroutines: the ranks are goroutines of one process, so a waiting rank must
	// let the Go scheduler run the others.
	Goroutines bool
	// Weak: this rank may publish with weak stores, since those who sleep use Fence.
	Weak bool
	// Nodes says which ranks share the memory that is handed out (heaps, counters): those of
	// one node. nil: all.
	Nodes *topo.Map
}
