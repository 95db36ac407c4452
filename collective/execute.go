package collective

import (
	"math"
	"unsafe"

	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/runtime/engine"
)

// frame says where the buffers of a plan lie, and how long its units are.
type frame struct {
	base [3]unsafe.Pointer // of plan.Src, plan.Dst, plan.Tmp
	unit int               // elements
	elem int               // bytes of an element
	end  int               // elements after which a vector that was cut into units ends; else math.MaxInt
}

// at is n units of a buffer.
func (f *frame) at(buf plan.Buffer, off, n int) block {
	lo, hi := min(off*f.unit, f.end), min((off+n)*f.unit, f.end)
	if lo == hi { // an address behind the end would be that of something else
		return nothing()
	}
	return block{unsafe.Add(f.base[buf], lo*f.elem), hi - lo, (hi - lo) * f.elem}
}

// execute runs a plan on the blocks of j. Whatever fails, it goes through all sends and receives; messages that
// can't be made any more are spoiled, and nothing is folded or copied.
func (x *call) execute(s *schedule, w *workspace, j *job) {
	f := s.frame(j, j.whole(x.size))
	if s.apart() && j.dst.overlaps(j.src) {
		src, mem := borrow(j.src)
		defer mem.giveBack()
		src.copyFrom(j.src)
		f.base[plan.Src] = src.p
	}
	tmp, mem := borrow(block{n: 1, bytes: (s.scratch + s.inbox) * f.unit * f.elem})
	defer mem.giveBack()
	f.base[plan.Tmp] = tmp.p
	if len(w.reqs) < s.widest {
		w.reqs = make([]*engine.Req, s.widest)
	}
	for i := 0; i < len(s.steps); {
		first := i
		for !s.steps[i].End {
			i++
		}
		i++
		x.group(s, w, &f, s.steps[first:i], j.fold)
	}
}

// group does steps that may be under way at once. Sends begin before a receive is waited for, and receives are posted in
// order. Of several messages none waits for the fold of another.
func (x *call) group(s *schedule, w *workspace, f *frame, steps []plan.Step, fold fold) {
	receives := 0
	for i := range steps {
		if steps[i].Receives() {
			receives++
		}
	}
	inbox := s.scratch
	clear(w.reqs[:len(steps)]) // a function of the user's may have panicked
	for i := range steps {
		switch t := &steps[i]; {
		case t.Kind == plan.Send:
			if b, ok := f.message(t); ok {
				w.reqs[i] = x.start(int(t.Peer), b)
			}
		case t.Receives() && receives > 1:
			if b, ok := f.landing(t, &inbox); ok {
				w.reqs[i] = x.post(int(t.Peer), b)
			}
		}
	}
	for i := range steps {
		if t := &steps[i]; t.Kind >= plan.Fold && x.spoiled == 0 {
			f.local(t, fold, w)
		}
	}
	inbox = s.scratch
	for i := range steps {
		t := &steps[i]
		if !t.Receives() {
			continue
		}
		b, ok := f.landing(t, &inbox)
		if !ok {
			continue
		}
		if receives > 1 {
			x.arrive(int(t.Peer), b, w.reqs[i])
		} else {
			x.recv(int(t.Peer), b)
		}
		if t.Kind != plan.Recv && x.spoiled == 0 {
			f.foldIn(t, b, fold, w)
		}
	}
	for i := range steps {
		if t := &steps[i]; t.Kind == plan.Send {
			x.finish(int(t.Peer), w.reqs[i])
		}
	}
}

// message is what a step sends or receives. It is left out if the vector ends before it begins, at both ends; the
// messages of a barrier are empty from the start.
func (f *frame) message(t *plan.Step) (block, bool) {
	if t.Len == 0 {
		return nothing(), true
	}
	b := f.at(t.Buf, t.Off, t.Len)
	return b, b.n > 0
}

// landing is where the message of a receive goes. One that is to be folded goes straight to its place, if the
// local operand is elsewhere, and else to the next units of the inbox.
func (f *frame) landing(t *plan.Step, inbox *int) (block, bool) {
	b, ok := f.message(t)
	if t.Kind != plan.Recv && ok && b.p == f.at(t.From, t.Fro, t.Len).p {
		b.p = unsafe.Add(f.base[plan.Tmp], *inbox*f.unit*f.elem)
		*inbox += t.Len
	}
	return b, ok
}

// foldIn folds a message that has come.
func (f *frame) foldIn(t *plan.Step, message block, fold fold, w *workspace) {
	dst, from := f.at(t.Buf, t.Off, t.Len), f.at(t.From, t.Fro, t.Len)
	if t.Kind == plan.RecvFold {
		fold.pair(dst, from, message, w)
	} else {
		fold.pair(dst, message, from, w)
	}
}

// local does a fold or a copy.
func (f *frame) local(t *plan.Step, fold fold, w *workspace) {
	dst, from := f.at(t.Buf, t.Off, t.Len), f.at(t.From, t.Fro, t.Len)
	switch t.Kind {
	case plan.Copy:
		dst.copyFrom(from)
	case plan.Fold:
		fold.pair(dst, dst, from, w)
	case plan.FoldBefore:
		fold.pair(dst, from, dst, w)
	}
}

// pair makes dst from two blocks in rank order. dst may be one of them.
func (f *fold) pair(dst, low, high block, w *workspace) {
	switch {
	case dst.n == 0:
	case dst.p == low.p:
		f.Fold(dst.p, high.p, dst.n)
	default:
		w.xs = [2]unsafe.Pointer{low.p, high.p}
		f.FoldAll(dst.p, w.xs[:], dst.n)
		w.xs = [2]unsafe.Pointer{}
	}
}

// post begins to receive exactly b from rank src; arrive waits for it.
func (x *call) post(src int, b block) *engine.Req {
	return x.eng.StartRecv(engine.OpRecv, x.plane, x.members[src], engine.AnyTag, engine.Data{P: b.p, N: b.bytes})
}

func (x *call) arrive(src int, b block, r *engine.Req) {
	st, err := x.complete(r)
	switch {
	case err != nil:
		x.lost(src, b, err)
	case st.Tag != int32(x.code) || st.Bytes != b.bytes:
		x.wrong(src, b, st)
	}
}

// apart reports whether the plan needs Src and Dst apart from each other.
func (s *schedule) apart() bool {
	return s.op == plan.Alltoall || s.op == plan.ReduceScatter && s.alg != "pairwise"
}

// frame is the frame of j, without scratch; whole is what the plan counts.
func (s *schedule) frame(j *job, whole block) frame {
	f := frame{base: [3]unsafe.Pointer{plan.Src: j.src.p, plan.Dst: j.dst.p}, unit: whole.n, elem: whole.elem(), end: math.MaxInt}
	if s.units > 1 {
		f.end = whole.n
		f.unit = evenly(whole.n, s.units, f.elem)
	}
	return f
}

// evenly is the length of k pieces of n elements: whole cache lines, if pieces are long.
func evenly(n, k, elem int) int {
	unit := (n + k - 1) / k
	if per := 64 / elem; unit*elem >= 4096 && per*elem == 64 {
		unit = (unit + per - 1) / per * per
	}
	return unit
}
