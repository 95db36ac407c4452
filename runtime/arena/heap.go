package arena

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
)

// Config has the choices of New. The zero value is right for most.
type Config struct {
	// Blocks is the number of block descriptors: the most blocks that can be
	// alive at once. 0 means 65536, or one for each page in a smaller region.
	// A descriptor takes 64 bytes of the region, and memory once it is used.
	Blocks int
	// Punch, when set, gives the memory of [off, off+n), in bytes of the region,
	// back to the system: fallocate(PUNCH_HOLE|KEEP_SIZE) for a memfd. The heap is
	// locked during the call, which must not call it.
	Punch func(off, n uint64)
	// Keep is how many bytes of free memory may stay cached, where Punch is set;
	// warm.go states the policy. 0 means 64 MiB.
	Keep uint64
}

const (
	defaultBlocks = 1 << 16
	defaultKeep   = 64 << 20
)

// Heap is the owner's side of a region. It contains the View of it, so Bytes,
// Release and Accept of the owner's own blocks are methods of the Heap too.
// All methods may be called from many goroutines.
type Heap struct {
	View
	punch func(off, n uint64)
	keep  uint64 // pages

	mu     sync.Mutex // guards what follows
	closed bool
	runs   *runs
	recs   []rec    // one for each descriptor used so far
	spare  []uint32 // descriptors not in use, the last one freed on top
	stats  Stats
}

// rec is what the owner knows of a block from its own memory. Where the block
// lies and whether it is in use is taken from here and never from the region.
type rec struct {
	live bool
	gen  uint32 // live: generation given by Alloc; else the last one used
	run  int32  // 0 for an empty block
	len  uint64 // bytes asked for
}

// New makes a heap in mem, a whole region of zeros (a fresh memfd, a fresh
// []byte) whose address and size are multiples of PageSize, and publishes it for
// Open. For a mapping known by its address pass unsafe.Slice(base, size). mem
// must stay mapped as long as the heap or any block is used.
//
// owner is the rank that calls, 0 to MaxRank. Errors wrap ErrRegion or ErrRank.
func New(mem []byte, owner int, cfg Config) (*Heap, error) {
	if err := checkMem(mem); err != nil {
		return nil, err
	}
	if owner < 0 || owner > MaxRank {
		return nil, fmt.Errorf("arena: owner %d is not in 0..%d: %w", owner, MaxRank, ErrRank)
	}
	pages := uint64(len(mem)) / PageSize
	blocks := uint64(cfg.Blocks)
	if cfg.Blocks == 0 {
		blocks = min(defaultBlocks, pages)
	}
	if cfg.Blocks < 0 || blocks > maxPages || firstData(uint32(blocks)) >= pages {
		return nil, fmt.Errorf("%w: no room for %d block descriptors in %d bytes", ErrRegion, cfg.Blocks, len(mem))
	}
	hdr := (*header)(unsafe.Pointer(unsafe.SliceData(mem)))
	if hdr.magic.Load() != 0 || hdr.freed.Load() != 0 {
		return nil, fmt.Errorf("%w: the memory was used before, a heap starts from zeros", ErrRegion)
	}
	h := &Heap{
		View:  *newView(mem, uint32(blocks), uint32(owner)),
		punch: cfg.Punch,
		keep:  cfg.Keep / PageSize,
	}
	if cfg.Keep == 0 {
		h.keep = defaultKeep / PageSize
	}
	h.runs = newRuns(uint32(h.first), uint32(h.pages-h.first))
	h.stats.Size = (h.pages - h.first) * PageSize

	hdr.shape.Store(version<<32 | blocks)
	hdr.size.Store(h.size)
	hdr.owner.Store(uint64(owner))
	hdr.magic.Store(magic) // publishes the three words above
	return h, nil
}

// Alloc makes a block of n >= 0 bytes, held by the owner, and returns its handle
// and its memory: page aligned, len and cap n, not zeroed. It first takes back
// what other ranks have freed. A negative n panics.
//
// Errors: ErrNoSpace, ErrClosed.
func (h *Heap) Alloc(n int) (Handle, []byte, error) {
	if n < 0 {
		panic("arena: Alloc of a negative size")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return Handle{}, nil, fmt.Errorf("arena: alloc of %d bytes in rank %d's heap: %w", n, h.owner, ErrClosed)
	}
	if h.header().freed.Load() != 0 {
		h.drain()
	}
	b, ok := h.takeDesc()
	if !ok {
		return Handle{}, nil, fmt.Errorf("arena: alloc of %d bytes in rank %d's heap: %w: all %d block descriptors are in use",
			n, h.owner, ErrNoSpace, h.blocks)
	}
	page, pages, run := h.first, (uint64(n)+PageSize-1)/PageSize, int32(0)
	if pages > 0 {
		if pages <= h.runs.free {
			run = h.runs.alloc(uint32(pages))
		}
		if run == 0 {
			h.spare = append(h.spare, b)
			return Handle{}, nil, h.noSpace(n)
		}
		page = uint64(h.runs.node[run].page)
	}
	r := &h.recs[b]
	*r = rec{live: true, gen: nextGen(r.gen), run: run, len: uint64(n)}
	h.stats.grow(uint64(n), pages*PageSize)

	d := h.desc(b)
	d.where.Store(pages<<32 | page)
	d.length.Store(uint64(n))
	d.ctl.Store(packCtl(r.gen, StateHeld, h.owner, 0)) // publishes the two words above
	return Handle{Owner: h.owner, Block: b, Gen: r.gen, Len: uint64(n)}, h.bytes(page*PageSize, uint64(n)), nil
}

func (h *Heap) noSpace(n int) error {
	longest := uint64(h.runs.node[h.runs.longest()].pages) * PageSize
	return fmt.Errorf("arena: alloc of %d bytes in rank %d's heap: %w: the longest free run has %d bytes; %d of %d bytes are free",
		n, h.owner, ErrNoSpace, longest, h.runs.free*PageSize, h.stats.Size)
}

// Free takes back a block that the caller holds in its own heap. All handles of
// it are dead afterwards.
//
// Errors: ErrDead (also for a second free), ErrHandle, ErrCorrupt.
func (h *Heap) Free(x Handle) error {
	ctl, f := h.giveBack(x, StateFree)
	if f != okay {
		return h.fail("free", x, f, ctl)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.retire(x.Block, nextGen(x.Gen)) {
		return h.fail("free", x, corrupt, 0)
	}
	h.trim()
	return nil
}

// Close ends allocation: Alloc fails with ErrClosed from now on. Everything else
// goes on working, so that blocks still on their way can be used and freed; call
// Live for what is left. Close returns ErrClosed the second time.
func (h *Heap) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("arena: close of rank %d's heap: %w", h.owner, ErrClosed)
	}
	h.closed = true
	h.drain()
	return nil
}

// takeDesc finds a descriptor that is not in use, the most recently used one
// first: its cache line is likely still here, and the rest of the table stays
// untouched.
func (h *Heap) takeDesc() (uint32, bool) {
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b, true
	}
	if len(h.recs) == int(h.blocks) {
		return 0, false
	}
	h.recs = append(h.recs, rec{})
	return uint32(len(h.recs) - 1), true
}

// retire returns block b, whose control word the caller has just made free at
// generation gen, to the allocator. It says false, and does nothing, when the
// owner's own records contradict that, which means that the word was damaged: a
// block that is not in use, or a generation older than the block's first one.
func (h *Heap) retire(b, gen uint32) bool {
	if int64(b) >= int64(len(h.recs)) {
		return false
	}
	r := &h.recs[b]
	if !r.live || int32(gen-r.gen) < 0 {
		return false
	}
	var capacity uint64
	if r.run != 0 {
		n := &h.runs.node[r.run]
		capacity = uint64(n.pages) * PageSize
		h.show(uint64(n.page)*PageSize, capacity)
		if invariants.Enabled {
			poison(h.bytes(uint64(n.page)*PageSize, capacity))
		}
		h.runs.release(r.run)
	}
	h.stats.shrink(r.len, capacity)
	*r = rec{gen: gen}
	h.spare = append(h.spare, b)
	return true
}

// trim gives memory back by the policy of warm.go.
func (h *Heap) trim() {
	if h.punch == nil {
		return
	}
	h.stats.Punched += h.runs.trim(h.keep, h.punch)
}

// poisonByte fills freed blocks in builds that check invariants.
const poisonByte = 0xDB

// poison fills b by doubling what is filled, so that the race detector sees a
// few long accesses and not a million short ones.
func poison(b []byte) {
	b[0] = poisonByte
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
