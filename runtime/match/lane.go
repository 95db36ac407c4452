package match

// laneMax is how many entries of one source are searched by scanning. A window
// of 64 receives with one tag, the usual way to keep a link busy, matches at its first entry;
// a scan of all 64 costs what two hash look-ups and their upkeep do.
const laneMax = 64

// laneRoom is the room of a block. Entries leave at the front for nothing; they are moved
// down once in laneRoom-laneMax pushes at most.
const laneRoom = 2 * laneMax

// hashed marks a lane whose entries stand in the index instead of a block.
const hashed = -1

// lane is the entries of one source, oldest first.
type lane struct {
	n     int32 // entries, wherever they stand
	lo    int32 // where in the block the oldest is
	block int32 // block that holds them; 0 none (n is 0), hashed: they are in the index
}

// block is the dense form of a lane: parallel arrays, so that a scan reads one line.
type block struct {
	words [laneRoom]word
	slots [laneRoom]int32 // slots[0] also chains free blocks
}

// lanes is one lane per source, the one for AnySource first (index src+1), and
// the blocks of those that have entries. Lanes appear when a source is first
// used; a lane gives its block back when it empties, so that traffic which
// moves from source to source stays in warm memory.
type lanes struct {
	at     []lane
	blocks []block // block 0 is never used
	free   int32
}

// lane returns src's lane, made if need be. The pointer holds until the next call.
func (ls *lanes) lane(src int32) *lane {
	i := int(src) + 1
	for i >= len(ls.at) {
		ls.at = append(ls.at, lane{})
	}
	return &ls.at[i]
}

// peek returns src's lane by value; the zero lane if there is none.
func (ls *lanes) peek(src int32) lane {
	if i := int(src) + 1; i < len(ls.at) {
		return ls.at[i]
	}
	return lane{}
}

// push appends an entry to a lane that is neither full nor hashed.
func (ls *lanes) push(l *lane, w word, slot int32) {
	if l.block == 0 {
		l.block = ls.newBlock()
	}
	b := &ls.blocks[l.block]
	at := l.lo + l.n
	if at == laneRoom {
		copy(b.words[:l.n], b.words[l.lo:])
		copy(b.slots[:l.n], b.slots[l.lo:])
		l.lo, at = 0, l.n
	}
	b.words[at] = w
	b.slots[at] = slot
	l.n++
}

// remove takes an entry out of a lane that is not hashed; those behind it move up.
func (ls *lanes) remove(l *lane, slot int32) {
	b := &ls.blocks[l.block]
	end := l.lo + l.n
	i := l.lo
	for b.slots[i] != slot {
		i++
	}
	l.n--
	if l.n == 0 {
		ls.freeBlock(l)
		return
	}
	if i == l.lo {
		l.lo++
		return
	}
	copy(b.words[i:end-1], b.words[i+1:end])
	copy(b.slots[i:end-1], b.slots[i+1:end])
}

func (ls *lanes) newBlock() int32 {
	i := ls.free
	if i != 0 {
		ls.free = ls.blocks[i].slots[0]
		return i
	}
	if len(ls.blocks) == 0 {
		ls.blocks = append(ls.blocks, block{})
	}
	ls.blocks = append(ls.blocks, block{})
	return int32(len(ls.blocks) - 1)
}

func (ls *lanes) freeBlock(l *lane) {
	ls.blocks[l.block].slots[0] = ls.free
	ls.free = l.block
	l.block, l.lo = 0, 0
}

// either returns the slot of the oldest entry of a lane whose word is a or b, or 0.
func (ls *lanes) either(l lane, a, b word) int32 {
	d := &ls.blocks[l.block]
	for i, w := range d.words[l.lo : l.lo+l.n] {
		if w == a || w == b {
			return d.slots[int(l.lo)+i]
		}
	}
	return 0
}

// ofCtx returns the slot of the oldest entry of a lane of a context, or 0.
func (ls *lanes) ofCtx(l lane, ctx uint32) int32 {
	d := &ls.blocks[l.block]
	for i, w := range d.words[l.lo : l.lo+l.n] {
		if w.ctx() == ctx {
			return d.slots[int(l.lo)+i]
		}
	}
	return 0
}
