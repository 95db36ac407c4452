// Package shm is the transport between ranks that are processes on one node:
// channels, words and heaps lie in the segment that golaunch made, ranks sleep on futexes.
package shm

import (
	"os"
	"runtime"
	"time"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/fence"
	"golang.org/x/sys/unix"
)

type endpoint struct {
	seg  *segment.Segment
	rank int
	caps transport.Caps
}

// Open attaches rank to the segment behind f, which it then owns.
// It fails with *segment.VersionError when the segment was made by another version.
func Open(f *os.File, rank int) (transport.Endpoint, error) {
	s, err := segment.Attach(f)
	if err != nil {
		return nil, err
	}
	p := s.Usable()
	if p <= 0 {
		p = runtime.NumCPU()
	}
	return &endpoint{seg: s, rank: rank, caps: transport.Caps{Processors: p, Weak: fence.Register(fence.Global)}}, nil
}

func (e *endpoint) Rank() int                            { return e.rank }
func (e *endpoint) Size() int                            { return e.seg.Ranks }
func (e *endpoint) Job() *segment.Job                    { return e.seg.Job }
func (e *endpoint) Shape() ring.Shape                    { return e.seg.Shape }
func (e *endpoint) Channel(dst, src int) ([]byte, error) { return e.seg.Memory(dst, src), nil }
func (e *endpoint) Heap(rank int) ([]byte, error)        { return e.seg.HeapMemory(rank) }
func (e *endpoint) Caps() transport.Caps                 { return e.caps }
func (e *endpoint) Close() error                         { return e.seg.Close() }

// Punch is a favour to the machine; that it can fail changes nothing for the caller.
func (e *endpoint) Punch(off, n uint64) { _ = e.seg.Punch(e.rank, int64(off), int64(n)) }

func (e *endpoint) Sleep(d time.Duration) { e.seg.Sleep(e.rank, int64(d)) }

// Fence reaches the threads of all processes that have registered for it, as Open does.
func (e *endpoint) Fence() bool { return fence.Pass(fence.Global) }

// Yield is a raw system call: it does not block, so the Go scheduler need not know.
func (e *endpoint) Yield() { unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
