package engine

import (
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
)

// Heap is this rank's arena, made on first use.
func (e *Engine) Heap() (*arena.Heap, error) {
	e.heapMu.Lock()
	defer e.heapMu.Unlock()
	if e.heap != nil {
		return e.heap, nil
	}
	b, err := e.ep.Heap(int(e.rank))
	if err != nil {
		return nil, err
	}
	h, err := arena.New(b, int(e.rank), arena.Config{Punch: e.ep.Punch})
	if err != nil {
		return nil, err
	}
	if !e.caps.Goroutines { // else others use the same mapping
		h.Guard()
	}
	e.heap = h
	e.views[e.rank].Store(&h.View)
	return h, nil
}

// View is the arena of any rank of this rank's node, as far as it has one. Of other nodes
// it is refused.
func (e *Engine) View(rank int) (*arena.View, error) {
	if rank < 0 || rank >= int(e.size) {
		return nil, fmt.Errorf("heap of rank %d of %d", rank, e.size)
	}
	if !e.Shares(rank) {
		return nil, fmt.Errorf("heap of rank %d, which is on another node", rank)
	}
	if v := e.views[rank].Load(); v != nil {
		return v, nil
	}
	b, err := e.ep.Heap(rank)
	if err != nil {
		return nil, err
	}
	v, err := arena.Open(b, rank)
	if err != nil {
		return nil, err
	}
	if !e.caps.Goroutines {
		v.Guard()
	}
	e.views[rank].CompareAndSwap(nil, v)
	return e.views[rank].Load(), nil
}

// inHeap says in which rank's heap, and where, n bytes at p lie.
func (e *Engine) inHeap(p unsafe.Pointer, n int) (heap int32, off uint64, ok bool) {
	for r := range e.views {
		v := e.views[r].Load()
		if v == nil {
			continue
		}
		if off, ok := v.Locate(unsafe.Slice((*byte)(p), n)); ok {
			return int32(r), off, true
		}
	}
	return -1, 0, false
}

// window is n bytes of a rank's heap as a sender named them.
func (e *Engine) window(heap int, off, n uint64) ([]byte, error) {
	v, err := e.View(heap)
	if err != nil {
		return nil, err
	}
	return v.Window(off, n)
}

// HeapInUse counts the blocks that this rank holds, in whose heap they may be, and their bytes. Those on their
// way to another rank are that one's.
func (e *Engine) HeapInUse() (blocks int, bytes uint64, err error) {
	e.heapMu.Lock()
	defer e.heapMu.Unlock()
	if e.heap != nil {
		if _, err := e.heap.Reclaim(); err != nil {
			return 0, 0, err
		}
	}
	for r := range e.views {
		if v := e.views[r].Load(); v != nil {
			n, size := v.Held(int(e.rank))
			blocks += n
			bytes += size
		}
	}
	return blocks, bytes, nil
}

// reclaim takes back the blocks of this rank's arena that a dead rank held. Of a
// rank whose channel is corrupt, but which lives, nothing is taken: it may still write.
func (e *Engine) reclaim(p *peer) {
	if !e.job.Dead(int(p.rank)) {
		return
	}
	e.heapMu.Lock()
	h := e.heap
	e.heapMu.Unlock()
	if h != nil {
		_, _ = h.ReclaimHolder(int(p.rank)) // damage there is reported when the block is used
	}
}

// Opened is the arena of a rank of the job if this rank has opened it, as it has every arena that it holds memory in; else nil.
func (e *Engine) Opened(rank int) *arena.View { return e.views[rank].Load() }
