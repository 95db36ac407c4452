package match

// EachPosted calls f for every posted receive, oldest first, until f returns
// false. f must not change the queues.
func (q *Queues[P, U]) EachPosted(f func(ctx uint32, src, tag int32, p P) bool) {
	for i := q.posted.slots.first; i != 0; i = q.posted.slots.at[i].next {
		if e := &q.posted.slots.at[i]; !f(e.word.ctx(), e.src, e.word.tag(), q.receives[i]) {
			return
		}
	}
}

// EachUnexpected calls f for every unexpected message, oldest first, until f
// returns false. f must not change the queues.
func (q *Queues[P, U]) EachUnexpected(f func(ctx uint32, src, tag int32, u U) bool) {
	for i := q.early.slots.first; i != 0; i = q.early.slots.at[i].next {
		if e := &q.early.slots.at[i]; !f(e.word.ctx(), e.src, e.word.tag(), q.messages[i]) {
			return
		}
	}
}

// RemovePosted removes every posted receive for which doomed returns true and
// gives each to removed, oldest first: how the receives of a dead source or a
// revoked context fail. doomed sees all receives, oldest first, and must not
// change the queues. removed is called when all of them are out, one by one,
// and may call anything, Post included: what it posts is not looked at.
func (q *Queues[P, U]) RemovePosted(doomed func(ctx uint32, src, tag int32, p P) bool, removed func(P)) {
	var out chain
	for i := q.posted.slots.first; i != 0; {
		e := q.posted.slots.at[i]
		if doomed(e.word.ctx(), e.src, e.word.tag(), q.receives[i]) {
			q.count(e.src, -1)
			q.posted.drop(i)
			out.push(&q.posted.slots, i)
		}
		i = e.next
	}
	handOut(out, &q.posted.slots, &q.receives, removed)
}

// RemoveUnexpected is RemovePosted for unexpected messages: how those of a freed or
// revoked context are dropped.
func (q *Queues[P, U]) RemoveUnexpected(doomed func(ctx uint32, src, tag int32, u U) bool, removed func(U)) {
	var out chain
	for i := q.early.slots.first; i != 0; {
		e := q.early.slots.at[i]
		if doomed(e.word.ctx(), e.src, e.word.tag(), q.messages[i]) {
			q.count(e.src, -1)
			q.early.drop(i)
			out.push(&q.early.slots, i)
		}
		i = e.next
	}
	handOut(out, &q.early.slots, &q.messages, removed)
}

// chain holds slots that have left their queue and are not released yet, in
// order. It needs no memory of its own, and since its slots are neither queued
// nor free, whatever a callback does to the queue cannot reach them.
type chain struct{ first, last int32 }

func (c *chain) push(s *slots, i int32) {
	if c.last != 0 {
		s.at[c.last].next = i
	} else {
		c.first = i
	}
	c.last = i
}

// handOut gives the values of a chain to f and releases the slots. vals is a
// pointer because f may make the slice grow.
func handOut[V any](c chain, s *slots, vals *[]V, f func(V)) {
	for i := c.first; i != 0; {
		next := s.at[i].next
		v := empty(*vals, i)
		s.release(i)
		f(v)
		i = next
	}
}
