package loggp

import (
	"cmp"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/collective/plan"
)

// A parcel is a message in the oracle.
type parcel struct {
	src, dst int
	bytes    Time
	due      Time // when the next thing happens to it
	what     int  // 0: comes to the sender's port, 1: to the receiver's, 2: is there, 3: waits for its receive, 4: is received
	number   int
}

// ticks is the model written down once more, without queues: it looks at all messages again and again.
func ticks(t *testing.T, j Job) Time {
	n := j.Ranks
	groups := make([][][]plan.Step, n)
	for r := range n {
		p, err := plan.For(j.Op, j.Algorithm, plan.Args{Size: n, Rank: r, Root: j.Root, Count: j.units(), Segment: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(p.Steps); {
			g := p.Group(i)
			groups[r] = append(groups[r], g)
			i += len(g)
		}
	}
	size := func(s plan.Step) Time { return Time(s.Len * j.Bytes / j.units()) }
	apart := func(a, b int) bool { return a/j.PerNode != b/j.PerNode }
	link := func(a, b int) Link {
		if apart(a, b) {
			return j.Machine.Net
		}
		return j.Machine.Node
	}
	var parcels []*parcel
	type port struct {
		out, net bool
		who      int
	}
	free := map[port]Time{}
	portOf := func(out bool, self, other int) port {
		if apart(self, other) {
			return port{out, true, self / j.PerNode}
		}
		return port{out, false, self}
	}
	clock := make([]Time, n)       // of the processor
	left := make([]Time, n)        // when the sends of the open group have left
	open := make([][]plan.Step, n) // receives of the open group that are still waited for
	sends := make([]int, n)        // sends of the open group that are still there
	receive := func(r int, s plan.Step, p *parcel) {
		clock[r] = max(clock[r], p.due) + link(p.src, r).O
		if s.Kind != plan.Recv {
			clock[r] += j.Machine.Fold * size(s)
		}
		p.what = 4
	}
	begin := func(r int) {
		for len(open[r]) == 0 && sends[r] == 0 {
			clock[r] = max(clock[r], left[r])
			if len(groups[r]) == 0 {
				return
			}
			g := groups[r][0]
			groups[r] = groups[r][1:]
			left[r] = clock[r]
			for _, s := range g {
				switch s.Kind {
				case plan.Send:
					clock[r] += link(r, int(s.Peer)).O
					parcels = append(parcels, &parcel{r, int(s.Peer), size(s), clock[r], 0, len(parcels)})
					sends[r]++
				case plan.Copy:
					clock[r] += j.Machine.Copy * size(s)
				case plan.Fold, plan.FoldBefore:
					clock[r] += j.Machine.Fold * size(s)
				}
			}
			for _, s := range g {
				if !s.Receives() {
					continue
				}
				i := slices.IndexFunc(parcels, func(p *parcel) bool { return p.what == 3 && p.dst == r && p.src == int(s.Peer) })
				if i >= 0 {
					receive(r, s, parcels[i])
				} else {
					open[r] = append(open[r], s)
				}
			}
		}
	}
	for r := range n {
		begin(r)
	}
	for {
		var next *parcel
		before := func(a, b *parcel) int {
			self := func(p *parcel) int {
				if p.what == 0 {
					return p.src % j.PerNode
				}
				return p.dst % j.PerNode
			}
			away := func(p *parcel) int { return (p.dst - p.src + n) % n }
			return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.what, b.what), cmp.Compare(self(a), self(b)),
				cmp.Compare(away(a), away(b)), cmp.Compare(a.src, b.src), cmp.Compare(a.number, b.number))
		}
		for _, p := range parcels {
			if p.what < 3 && (next == nil || before(p, next) < 0) {
				next = p
			}
		}
		if next == nil {
			break
		}
		p, l := next, link(next.src, next.dst)
		full := max(l.Gap, l.G*p.bytes)
		switch p.what {
		case 0:
			at := portOf(true, p.src, p.dst)
			start := max(p.due, free[at])
			free[at] = start + full
			p.what, p.due = 1, start+l.L
			left[p.src] = max(left[p.src], start+full)
			if sends[p.src]--; sends[p.src] == 0 {
				begin(p.src)
			}
		case 1:
			at := portOf(false, p.dst, p.src)
			start := max(p.due, free[at])
			free[at] = start + full
			p.what, p.due = 2, start+l.G*p.bytes
		case 2:
			p.what = 3
			i := slices.IndexFunc(open[p.dst], func(s plan.Step) bool { return int(s.Peer) == p.src })
			if i >= 0 {
				receive(p.dst, open[p.dst][i], p)
				open[p.dst] = slices.Delete(slices.Clone(open[p.dst]), i, i+1)
				begin(p.dst)
			}
		}
	}
	return slices.Max(clock)
}
