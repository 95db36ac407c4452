package match

import (
	"errors"
	"fmt"
	"slices"
)

// audit checks what cannot be seen from outside: that slab, lanes, index and
// views tell the same story, that no slot, block or bin is lost or counted
// twice, that free cells hold no value, that the gate's counters are true.
func audit[P, U comparable](q *Queues[P, U]) error {
	posted, err := auditQueue(&q.posted, q.receives)
	if err != nil {
		return fmt.Errorf("posted: %w", err)
	}
	early, err := auditQueue(&q.early.queue, q.messages)
	if err != nil {
		return fmt.Errorf("unexpected: %w", err)
	}
	for v := range q.early.view {
		want := map[binKey][]int32{}
		if q.early.on[v] {
			for _, i := range early {
				e := q.early.slots.at[i]
				w, src := viewKey(v, e.word, e.src)
				want[binKey{w, src}] = append(want[binKey{w, src}], i)
			}
		}
		if err := auditIndex(&q.early.view[v], want); err != nil {
			return fmt.Errorf("unexpected: view %d: %w", v, err)
		}
	}
	busy := make([]int32, len(q.busy))
	wild := int32(0)
	for _, i := range posted {
		if src := q.posted.slots.at[i].src; src == AnySource {
			wild++
		} else {
			busy[src]++
		}
	}
	for _, i := range early {
		busy[q.early.slots.at[i].src]++
	}
	if wild != q.wild || !slices.Equal(busy, q.busy) {
		return fmt.Errorf("gate: wild %d busy %v, want %d %v", q.wild, q.busy, wild, busy)
	}
	return nil
}

type binKey struct {
	word word
	src  int32
}

// auditQueue returns the queued slots in order.
func auditQueue[V comparable](q *queue, vals []V) ([]int32, error) {
	order, err := auditSlots(&q.slots, vals)
	if err != nil {
		return nil, err
	}
	bySource := map[int32][]int32{}
	for _, i := range order {
		src := q.slots.at[i].src
		bySource[src] = append(bySource[src], i)
	}
	blocks := 0
	want := map[binKey][]int32{}
	for l, lane := range q.lanes.at {
		src := int32(l) - 1
		mine := bySource[src]
		if int(lane.n) != len(mine) {
			return nil, fmt.Errorf("lane of %d counts %d, holds %d", src, lane.n, len(mine))
		}
		switch {
		case lane.n == 0 && lane.block != 0:
			return nil, fmt.Errorf("empty lane of %d keeps block %d", src, lane.block)
		case lane.block == hashed:
			for _, i := range mine {
				k := binKey{q.slots.at[i].word, src}
				want[k] = append(want[k], i)
			}
		case lane.n > 0:
			blocks++
			b := &q.lanes.blocks[lane.block]
			for k, i := range mine {
				if at := int(lane.lo) + k; b.slots[at] != i || b.words[at] != q.slots.at[i].word {
					return nil, fmt.Errorf("lane of %d: %v, want slots %v", src, b.slots[lane.lo:lane.lo+lane.n], mine)
				}
			}
		}
	}
	for i := q.lanes.free; i != 0; i = q.lanes.blocks[i].slots[0] {
		blocks++
	}
	if len(q.lanes.blocks) > 0 && blocks != len(q.lanes.blocks)-1 {
		return nil, fmt.Errorf("%d blocks used or free of %d", blocks, len(q.lanes.blocks)-1)
	}
	return order, auditIndex(&q.bins, want)
}

// auditSlots returns the queued slots in order.
func auditSlots[V comparable](s *slots, vals []V) ([]int32, error) {
	var none V
	var order []int32
	prev, seq := int32(0), uint64(0)
	for i := s.first; i != 0; i = s.at[i].next {
		e := s.at[i]
		if e.prev != prev || e.seq <= seq || e.seq > s.seq {
			return nil, fmt.Errorf("slot %d: prev %d seq %d after slot %d seq %d", i, e.prev, e.seq, prev, seq)
		}
		prev, seq = i, e.seq
		order = append(order, i)
	}
	if s.last != prev || s.n != len(order) {
		return nil, fmt.Errorf("last %d n %d, want %d %d", s.last, s.n, prev, len(order))
	}
	free := 0
	for i := s.free; i != 0; i = s.at[i].next {
		free++
		if s.at[i].seq != 0 || vals[i] != none {
			return nil, fmt.Errorf("free slot %d: seq %d value %v", i, s.at[i].seq, vals[i])
		}
	}
	if len(s.at) > 0 && free+len(order) != len(s.at)-1 {
		return nil, fmt.Errorf("%d free + %d queued of %d slots", free, len(order), len(s.at)-1)
	}
	return order, nil
}

// auditIndex checks that an index holds exactly these lists.
func auditIndex(x *index, want map[binKey][]int32) error {
	if x.used != len(want) {
		return fmt.Errorf("index has %d bins, want %d", x.used, len(want))
	}
	if len(x.buckets) == 0 {
		return nil
	}
	for k, list := range want {
		b := x.find(k.word, k.src)
		if b == 0 {
			return fmt.Errorf("no bin for %+v", k)
		}
		var got []int32
		prev := int32(0)
		for i := x.bins[b].head; i != 0; i = x.links[i].next {
			if x.links[i].prev != prev || x.links[i].bin != b {
				return fmt.Errorf("bin %d: link of %d is %+v", b, i, x.links[i])
			}
			prev = i
			got = append(got, i)
		}
		if x.bins[b].tail != prev || !slices.Equal(got, list) {
			return fmt.Errorf("bin of %+v holds %v, want %v", k, got, list)
		}
	}
	bins := x.used
	for b := x.free; b != 0; b = x.bins[b].next {
		bins++
	}
	if bins != len(x.bins)-1 {
		return fmt.Errorf("%d bins used or free of %d", bins, len(x.bins)-1)
	}
	if x.used > len(x.buckets) {
		return errors.New("index is overfull")
	}
	return nil
}
