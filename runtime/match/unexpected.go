package match

// walkMax is how many messages, oldest first, a search from AnySource compares
// before it asks for a view. Most such searches end at the first or second.
const walkMax = 2 * laneMax

// The views under which wildcards look for a message; "exactly this source and
// tag" is the queue's own index.
const (
	byTag    = iota // (ctx, AnySource, tag)
	bySource        // (ctx, src, AnyTag)
	byCtx           // (ctx, AnySource, AnyTag)
	views
)

// unexpected is the messages that no receive has met. Next to the lanes it
// keeps, once a search has needed them, the views of the wildcards.
type unexpected struct {
	queue
	view [views]index
	on   [views]bool
}

// viewKey is the key of a message in a view: its envelope with the wildcards
// of the view put in.
func viewKey(v int, w word, src int32) (word, int32) {
	switch v {
	case byTag:
		return w, AnySource
	case bySource:
		return w.anyTag(), src
	}
	return w.anyTag(), AnySource
}

// add queues a message as the newest and returns its slot.
func (q *unexpected) add(w word, src int32) int32 {
	i := q.queue.add(w, src)
	for v := range q.view {
		if q.on[v] {
			kw, ks := viewKey(v, w, src)
			q.view[v].push(kw, ks, i)
		}
	}
	return i
}

// drop takes a message out of everything but its slot. When none is left the views
// are off, and empty, until a search needs them again.
func (q *unexpected) drop(i int32) {
	for v := range q.view {
		if q.on[v] {
			q.view[v].remove(i)
		}
	}
	q.queue.drop(i)
	if q.slots.n == 0 {
		q.on = [views]bool{}
	}
}

// find returns the slot of the oldest message that a receive (ctx, src, tag)
// takes, wildcards included, or 0.
func (q *unexpected) find(ctx uint32, src, tag int32) int32 {
	w := wordOf(ctx, tag)
	if src == AnySource {
		return q.fromAny(w)
	}
	l := q.lanes.peek(src)
	switch {
	case l.n == 0:
		return 0
	case l.block == hashed && tag == AnyTag:
		return q.under(bySource, w, src)
	case l.block == hashed:
		return q.bins.first(w, src)
	case tag == AnyTag:
		return q.lanes.ofCtx(l, ctx)
	}
	return q.lanes.either(l, w, w)
}

// fromAny is find for AnySource: a short walk from the oldest message on, then
// the view.
func (q *unexpected) fromAny(w word) int32 {
	v := byTag
	if w.tag() == AnyTag {
		v = byCtx
	}
	if q.on[v] {
		return q.view[v].first(w, AnySource)
	}
	i := q.slots.first
	for range walkMax {
		if i == 0 {
			return 0
		}
		e := &q.slots.at[i]
		if e.word == w || v == byCtx && e.word.ctx() == w.ctx() {
			return i
		}
		i = e.next
	}
	return q.under(v, w, AnySource)
}

// under searches a view, which is built first if it is off. Cost: O(1), or O(n)
// to build; a view stays on while messages wait, so each message is dealt into
// it at most once and the building is paid for by the arrivals.
func (q *unexpected) under(v int, w word, src int32) int32 {
	if !q.on[v] {
		q.on[v] = true
		for i := q.slots.first; i != 0; i = q.slots.at[i].next {
			kw, ks := viewKey(v, q.slots.at[i].word, q.slots.at[i].src)
			q.view[v].push(kw, ks, i)
		}
	}
	return q.view[v].first(w, src)
}
