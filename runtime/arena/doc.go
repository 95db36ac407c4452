// Package arena holds node-shared, page-aligned buffers that have owners and
// generations. It is what makes a message free of copies: a block allocated by
// one rank is read in place by another, or given away for good in O(1),
// whatever its size.
//
// # Model
//
// Every rank of a node owns one region of memory and every rank maps all of
// them. A region begins with a header and a table of block descriptors; the
// rest is data pages (layout.go draws the map). In production a region is a
// sparse memfd mapping; in tests it is a []byte of the Go heap, because the
// race detector cannot see mapped memory.
//
//	Heap   the owner's side of its own region: Alloc, Free, Reclaim, reports
//	View   any rank's side of any region: Bytes, Release, Accept, Free
//	Handle names (a part of) a block; 32 bytes on the wire, never a pointer
//
// Only the owner of a region allocates in it and takes blocks back, so all
// bookkeeping of the allocator is ordinary Go data of one process, which no
// other process can damage. What is shared is small: one control word per
// block, where the block lies, and the list of blocks that other ranks freed.
//
// The owner of a region and the holder of a block are different things: rank 0
// may hold a block of rank 1's region after a Move. Whoever holds a block may
// free it; a free by another rank than the owner is a push on the owner's
// remote-free list, and the owner's next Alloc (or Reclaim) takes the list.
//
// # Life of a block
//
//	from       to         by
//	free       held       the owner: Heap.Alloc
//	held       moving     the holder: Release(to)
//	moving     held       the receiver: Accept; or the sender, to take it back
//	held       returned   the holder, when not the owner: View.Free
//	returned   free       the owner: Reclaim, and Alloc on its way
//	held       free       the owner as the holder: Heap.Free
//	any        free       the owner: ReclaimHolder, for a block of a dead rank
//
// Each step is one compare-and-swap of the block's control word and each adds
// one to its generation, except Reclaim, which keeps the generation that the
// free gave. A handle carries the generation it was made for, so after Release,
// Accept or Free the handles made before are dead: every use of one is refused
// with ErrDead, including a second free and a second Accept of the same message.
// Generations are 32 bits and skip 0; a dead handle could come alive again only
// after 2^32 steps of one and the same block.
//
// # Sending a block
//
// Move, sender then receiver:
//
//	h, buf, err := heap.Alloc(n)        // rank 0; fill buf
//	t, err := heap.Release(h, 1)        // h is dead now; t travels in the message
//	h1, err := view.Accept(t, 1)        // rank 1; t is dead now, h1 is rank 1's
//	buf1, err := view.Bytes(h1)         // the same pages
//	err = view.Free(h1)                 // back to rank 0's heap
//
// A sender that could not deliver t takes the block back with Accept(t, own
// rank). When both ends try at once exactly one of them wins.
//
// Borrow (an ordinary Send of memory that happens to lie in an arena): the
// sender keeps the block, the receiver copies straight out of it. The message
// carries either the handle (Bytes checks it) or, where only an address is
// known, the offset found by Locate (Window checks its bounds).
//
// # Traps
//
//   - A slice outlives its handle. Alloc and Bytes give ordinary Go slices and
//     the language cannot take them back: after Release or Free the slice still
//     points at the pages, which by then belong to somebody else. Reading it
//     gives another program's data, writing it destroys that data, and no
//     generation is checked on the way. Drop every slice before Release or Free
//     and ask Bytes again afterwards. Builds with the tag invariants, and race
//     builds, fill a block with 0xDB when the owner takes it back, so that a
//     stale reader sees nonsense at once (and the race detector a race). Where
//     ranks are processes they also take the pages of a block that was moved
//     away out of the mapping, so that a stale access faults (Guard).
//   - Memory from Alloc is not zeroed. It holds what the last user left, unless
//     the pages were given back to the system in between. Clear it if you need
//     zeros.
//   - No finalizer frees a block: the garbage collector knows nothing of these
//     pages. A handle that is dropped is a leak; Heap.Live lists what is left.
//   - Bytes does not pin. It proves that the handle was alive at the time of the
//     call. Who reads a block of another rank must have that rank's promise
//     (in a protocol: until the "done" word is set) not to free it meanwhile.
//   - A handle is a capability: anyone who has a live one can free the block. A
//     receiver that only borrows must not.
//   - Blocks are whole pages of 4 KiB. That is right for O_DIRECT and for large
//     messages and wasteful for a thousand blocks of 10 bytes each.
//   - Unmapping a region while slices of it are in use is a crash. Nothing here
//     unmaps; the one who mapped decides when.
//
// # Failure
//
// Words in a region may have been overwritten by a crashed peer. Each shared
// word is loaded once into a local, the local is checked and only the local is
// used; every combination of words gives a result or an error, never a panic,
// an access outside the data pages or an endless loop. A damaged remote-free
// list is noticed when it is walked: the owner then takes the returned blocks
// by a sweep over the table instead.
//
// When a rank dies the owners call ReclaimHolder. Blocks in the region of a
// dead owner stay usable for those who hold them; frees of them go to a list
// that nobody takes any more, and the memory goes with the region.
//
// # Concurrency
//
// A View is immutable: any number of goroutines and processes use it at once,
// without locks. Heap has a mutex around the allocator, which Alloc, Free,
// Reclaim and the reports take; Bytes, Release and Accept do not take it, and
// neither does the free of another rank.
package arena
