package arena

import "fmt"

// Stats is a snapshot of a heap. Sizes are in bytes. Blocks that others freed
// and the owner has not taken back yet count as in use.
type Stats struct {
	Size      uint64 // data pages of the region
	Blocks    int    // in use
	Bytes     uint64 // asked for by the blocks in use
	Capacity  uint64 // pages of the blocks in use
	HighWater uint64 // the most Capacity ever was
	Longest   uint64 // longest free run: the largest Alloc that succeeds
	Reclaimed uint64 // blocks taken from the remote-free list so far
	Punched   uint64 // bytes given back to the system so far
	Damaged   int    // how often the remote-free list was found broken
}

func (s *Stats) grow(n, capacity uint64) {
	s.Blocks++
	s.Bytes += n
	s.Capacity += capacity
	s.HighWater = max(s.HighWater, s.Capacity)
}

func (s *Stats) shrink(n, capacity uint64) {
	s.Blocks--
	s.Bytes -= n
	s.Capacity -= capacity
}

// Stats returns the numbers of now. It takes nothing back; call Reclaim before
// it to see what is really in use.
func (h *Heap) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Longest = uint64(h.runs.node[h.runs.longest()].pages) * PageSize
	return s
}

// Block is a line of the leak report.
type Block struct {
	Owner  int    // rank whose heap it is in
	Block  int    // index
	Gen    uint32 // generation
	State  State  // StateHeld or StateMoving; anything else means damage
	Holder int    // who holds it, or sent it
	Peer   int    // moving: for whom; else -1
	Bytes  uint64 // asked for
}

func (b Block) String() string {
	s := fmt.Sprintf("block %d.%d of rank %d's heap, %d bytes, ", b.Block, b.Gen, b.Owner, b.Bytes)
	switch b.State {
	case StateHeld:
		return s + fmt.Sprintf("held by rank %d", b.Holder)
	case StateMoving:
		return s + fmt.Sprintf("sent by rank %d to rank %d and not received", b.Holder, b.Peer)
	}
	return s + fmt.Sprintf("lost (its descriptor says: %v)", b.State)
}

// Live takes back what others have freed and lists the blocks that are still in
// use, by index: at Finalize these are the leaks. A free that runs at the same
// time may make its block look lost; ask when the ranks are quiet.
func (h *Heap) Live() []Block {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drain()
	var live []Block
	for i, r := range h.recs {
		if !r.live {
			continue
		}
		ctl := h.desc(uint32(i)).ctl.Load()
		b := Block{
			Owner: int(h.owner), Block: i, Gen: ctlGen(ctl), State: ctlState(ctl),
			Holder: int(ctlHolder(ctl)), Peer: -1, Bytes: r.len,
		}
		if b.State == StateMoving {
			b.Peer = int(ctlPeer(ctl))
		}
		live = append(live, b)
	}
	return live
}

// Held counts the blocks of this region that a rank holds, and the bytes asked for. It is
// for a rank's own leak report: that one's alone is sure not to change on the way. Cost: a look at each descriptor used so far.
func (v *View) Held(rank int) (blocks int, bytes uint64) {
	for b := range v.blocks {
		d := v.desc(b)
		ctl := d.ctl.Load()
		if ctlGen(ctl) == 0 { // never used, nor were those after it
			break
		}
		if ctlState(ctl) == StateHeld && ctlHolder(ctl) == uint32(rank) {
			blocks++
			bytes += d.length.Load()
		}
	}
	return blocks, bytes
}
