package match

// queue is what the posted and the unexpected side share: entries in one order,
// and per source a lane that is scanned while short and hashed when long.
type queue struct {
	slots slots
	lanes lanes
	bins  index // entries of hashed lanes, by their own (word, src)
}

// add queues an entry as the newest and returns its slot. src may be AnySource.
// Cost: O(1); the entry that overflows a lane also moves those before it.
func (q *queue) add(w word, src int32) int32 {
	i := q.slots.link(w, src)
	l := q.lanes.lane(src)
	if l.block != hashed {
		if l.n < laneMax {
			q.lanes.push(l, w, i)
			return i
		}
		q.spill(l, src)
	}
	q.bins.push(w, src, i)
	l.n++
	return i
}

// spill moves a full lane into the index, in order.
func (q *queue) spill(l *lane, src int32) {
	b := &q.lanes.blocks[l.block]
	for i := l.lo; i < l.lo+l.n; i++ {
		q.bins.push(b.words[i], src, b.slots[i])
	}
	q.lanes.freeBlock(l)
	l.block = hashed
}

// drop takes an entry out of everything but its slot, which the caller releases.
//
// A hashed lane stays hashed until it is empty. To return earlier would need
// its entries in order, which only a walk over all sources could give.
func (q *queue) drop(i int32) {
	src := q.slots.at[i].src
	l := q.lanes.lane(src)
	if l.block == hashed {
		q.bins.remove(i)
		l.n--
		if l.n == 0 {
			l.block = 0
		}
	} else {
		q.lanes.remove(l, i)
	}
	q.slots.unlink(i)
}

// receive returns the slot of the oldest receive, among those posted for
// exactly src (which may be AnySource), that takes a message of word w; or 0.
func (q *queue) receive(w word, src int32) int32 {
	l := q.lanes.peek(src)
	switch {
	case l.n == 0:
		return 0
	case l.block != hashed:
		return q.lanes.either(l, w, w.anyTag())
	}
	return q.slots.older(q.bins.first(w, src), q.bins.first(w.anyTag(), src))
}
