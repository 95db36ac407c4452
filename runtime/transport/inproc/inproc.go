// Package inproc is the transport between ranks that are goroutines of one
// process: the same channels and words as package shm, in ordinary memory, where
// the race detector sees them. Ranks sleep on Go channels, never on a futex.
package inproc

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/ring"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/fence"
)

// World is the memory that n ranks share.
type World struct {
	layout   segment.Layout
	job      *segment.Job
	wakers   []chan struct{}
	channels []atomic.Pointer[[]byte] // by dst*n+src, made by whoever comes first
	mu       sync.Mutex
	heaps    []region
	caps     transport.Caps
}

// New makes a world for n ranks (1 to segment.MaxRanks).
func New(n int) (*World, error) {
	l, err := segment.LayoutFor(n, heapBytes)
	if err != nil {
		return nil, err
	}
	w := &World{
		layout:   l,
		wakers:   make([]chan struct{}, n),
		channels: make([]atomic.Pointer[[]byte], n*n),
		heaps:    make([]region, n),
		caps:     transport.Caps{Processors: runtime.GOMAXPROCS(0), Goroutines: true, Weak: fence.Register(fence.Process)},
	}
	for i := range w.wakers {
		w.wakers[i] = make(chan struct{}, 1)
	}
	w.job, err = segment.NewJob(pages(int(l.Channels)), l, true, w.wake)
	if err != nil {
		return nil, err
	}
	w.job.SetUsable(w.caps.Processors)
	return w, nil
}

// pages is n bytes of zeroed memory from a page boundary on.
func pages(n int) []byte {
	const page = 4096
	b := make([]byte, n+page)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (page - 1))
	return b[off : off+n : off+n]
}

func (w *World) wake(rank int) {
	select {
	case w.wakers[rank] <- struct{}{}:
	default: // a wake is on its way already
	}
}

// Job is the words that all ranks share.
func (w *World) Job() *segment.Job { return w.job }

// Endpoint is rank's view of the world.
func (w *World) Endpoint(rank int) transport.Endpoint { return &endpoint{w, rank} }

// Close gives the heaps back. No rank may run any more.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first error
	for i := range w.heaps {
		if err := w.heaps[i].release(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

type endpoint struct {
	*World
	rank int
}

func (e *endpoint) Rank() int            { return e.rank }
func (e *endpoint) Size() int            { return e.layout.Ranks }
func (e *endpoint) Shape() ring.Shape    { return e.layout.Shape }
func (e *endpoint) Caps() transport.Caps { return e.caps }
func (e *endpoint) Yield()               { runtime.Gosched() }
func (e *endpoint) Fence() bool          { return fence.Pass(fence.Process) }
func (e *endpoint) Close() error         { return nil }

func (e *endpoint) Channel(dst, src int) ([]byte, error) {
	p := &e.channels[dst*e.layout.Ranks+src]
	if b := p.Load(); b != nil {
		return *b, nil
	}
	b := pages(e.layout.Shape.Bytes())
	if p.CompareAndSwap(nil, &b) {
		return b, nil
	}
	return *p.Load(), nil
}

func (e *endpoint) Heap(rank int) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, err := e.heaps[rank].bytes()
	if err != nil {
		return nil, fmt.Errorf("inproc: heap of rank %d: %w", rank, err)
	}
	return b, nil
}

func (e *endpoint) Punch(off, n uint64) { e.heaps[e.rank].punch(off, n) }

var timers = sync.Pool{New: func() any { return time.NewTimer(time.Hour) }}

func (e *endpoint) Sleep(d time.Duration) {
	park := e.job.Park(e.rank)
	t := timers.Get().(*time.Timer)
	t.Reset(d)
	defer func() {
		t.Stop()
		timers.Put(t)
	}()
	for atomic.LoadUint32(park) != 0 {
		select {
		case <-e.wakers[e.rank]:
		case <-t.C:
			return
		}
	}
}
