package collective

import (
	"sync"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// spread says where in a slice the pieces for several ranks lie: counts and displacements in elements, or layouts,
// one per rank. The zero spread is for equal pieces. It keeps the caller's slices, whose length the job knows.
type spread struct {
	counts  *int
	displs  *int // nil: side by side
	layouts *mpi.Layout
}

// cursor finds pieces of b. Those that lie side by side it finds fastest in their order.
type cursor struct {
	spread
	b    block
	each block // an equal piece,
	step int   // that many bytes from one to the next
	i    int   // counts before this one
	at   int   // sum up to this
}

// piece i is all in one.
func (c *cursor) piece(i int) block {
	if c.counts == nil {
		return block{unsafe.Add(c.b.p, i*c.step), c.each.n, c.each.bytes}
	}
	n := nth(c.counts, i)
	at := 0
	if c.displs != nil {
		at = nth(c.displs, i)
	} else {
		for ; c.i < i; c.i++ {
			c.at += nth(c.counts, c.i)
		}
		for ; c.i > i; c.i-- {
			c.at -= nth(c.counts, c.i-1)
		}
		at = c.at
	}
	if n == 0 {
		return block{p: c.b.p} // where it is may be outside of the slice's memory
	}
	elem := c.b.elem()
	return block{unsafe.Add(c.b.p, at*elem), n, n * elem}
}

func nth[T any](p *T, i int) T {
	return *(*T)(unsafe.Add(unsafe.Pointer(p), uintptr(i)*unsafe.Sizeof(*p)))
}

// startAt is start for piece i of a cursor.
func (x *call) startAt(dst int, c *cursor, i int) *engine.Req {
	if c.layouts == nil {
		return x.start(dst, c.piece(i))
	}
	return x.startLayout(dst, c.b, nth(c.layouts, i))
}

// recvAt is recv for piece i of a cursor.
func (x *call) recvAt(src int, c *cursor, i int) {
	if c.layouts == nil {
		x.recv(src, c.piece(i))
	} else {
		x.recvLayout(src, c.b, nth(c.layouts, i))
	}
}

// laid describes to the engine what a layout, known to fit, selects of b.
func laid(b block, at mpi.Layout) engine.Data {
	elem := b.elem()
	n, _ := at.Measure(b.bytes, elem)
	if off, _, ok := at.IsContiguous(); ok {
		if n == 0 {
			off = 0
		}
		return engine.Data{P: unsafe.Add(b.p, off*elem), N: n}
	}
	return engine.Data{P: b.p, N: n, Layout: at, Mem: b.bytes, Elem: elem}
}

// startLayout is start for what a layout selects of b.
func (x *call) startLayout(dst int, b block, at mpi.Layout) *engine.Req {
	d := laid(b, at)
	if x.spoiled != 0 || d.Layout.IsWhole() {
		return x.start(dst, block{p: d.P, bytes: d.N})
	}
	return x.eng.StartSend(engine.OpSend, x.plane, x.members[dst], int32(x.code), d)
}

// recvLayout is recv into what a layout selects of b.
func (x *call) recvLayout(src int, b block, at mpi.Layout) {
	d := laid(b, at)
	want := block{p: d.P, bytes: d.N}
	if d.Layout.IsWhole() {
		x.recv(src, want)
		return
	}
	st, err := x.complete(x.eng.StartRecv(engine.OpRecv, x.plane, x.members[src], engine.AnyTag, d))
	switch {
	case err != nil:
		x.lost(src, want, err)
	case st.Tag != int32(x.code) || st.Bytes != d.N:
		x.wrong(src, want, st)
	}
}

// requests is a list of requests for one call, from a pool.
type requests struct{ list []*engine.Req }

var requestLists sync.Pool

func borrowRequests(n int) *requests {
	r, _ := requestLists.Get().(*requests)
	if r == nil || len(r.list) < n {
		r = &requests{make([]*engine.Req, n)}
	}
	return r
}

func (r *requests) giveBack() {
	clear(r.list)
	requestLists.Put(r)
}

// cutUp finds one piece of b per rank: where at says, or, if it says nothing, equal ones side by side.
func cutUp(b block, at spread, ranks int) cursor {
	each := b.cut(ranks)
	return cursor{spread: at, b: b, each: each, step: each.bytes}
}

// window is how many messages a rank has under way at the same time where it has one for everybody.
const window = 32
