package mpi_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// recovered is what f panics with, or nil.
func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

const (
	badRank    = "mpi: rank outside of the communicator"
	badTag     = "mpi: tag must be 0 to 2147483647 (or AnyTag for a receive)"
	freed      = "mpi: communicator was freed"
	short      = "mpi: buffer is shorter than its layout"
	overlap    = "mpi: receive layout selects an element twice"
	tooMany    = "mpi: more layouts than buffers"
	stale      = "mpi: request is not active (waited for already, or a copy was)"
	deadBuf    = "mpi: buffer was moved or freed"
	negative   = "mpi: negative length"
	twice      = "mpi: persistent request was started twice without Wait"
	received   = "mpi: probed message was received already"
	reinit     = "mpi: Init was called twice"
	noInit     = "mpi: not initialised (call Run or Init first)"
	notMember  = "mpi: rank is not in the group"
	fewer      = "mpi: fewer statuses or indices than requests"
	namedTwice = "mpi: rank is named twice"
	stride     = "mpi: stride of 0"
	color      = "mpi: colour and key must fit in 32 bits"
	badPeriods = "mpi: periodic must be nil or have one entry per dim"
	badCoords  = "mpi: want one coordinate per dim of the grid"
	badDim     = "mpi: no such dim in the grid"
	badKeep    = "mpi: want one entry per dim of the grid"
)

// calls are all calls that name a peer and a tag.
var calls = map[string]struct {
	call func(c *mpi.Comm, peer, tag int)
	recv bool // takes AnySource and AnyTag
}{
	"Send":            {func(c *mpi.Comm, peer, tag int) { mpi.Send(c, []int{1}, peer, tag) }, false},
	"Ssend":           {func(c *mpi.Comm, peer, tag int) { mpi.Ssend(c, []int{1}, peer, tag) }, false},
	"Isend":           {func(c *mpi.Comm, peer, tag int) { mpi.Isend(c, []int{1}, peer, tag) }, false},
	"Issend":          {func(c *mpi.Comm, peer, tag int) { mpi.Issend(c, []int{1}, peer, tag) }, false},
	"SendInit":        {func(c *mpi.Comm, peer, tag int) { mpi.SendInit(c, []int{1}, peer, tag).Start() }, false},
	"SsendInit":       {func(c *mpi.Comm, peer, tag int) { mpi.SsendInit(c, []int{1}, peer, tag).Start() }, false},
	"SendValue":       {func(c *mpi.Comm, peer, tag int) { mpi.SendValue(c, 1, peer, tag) }, false},
	"Sendrecv out":    {func(c *mpi.Comm, peer, tag int) { mpi.Sendrecv(c, []int{1}, peer, tag, []int{1}, mpi.ProcNull, 0) }, false},
	"SendrecvReplace": {func(c *mpi.Comm, peer, tag int) { mpi.SendrecvReplace(c, []int{1}, peer, tag, mpi.ProcNull, 0) }, false},
	"Move": {func(c *mpi.Comm, peer, tag int) {
		b, err := mpi.Alloc[int](c, 1)
		if err != nil {
			panic(err)
		}
		defer b.Free()
		b.Move(c, peer, tag)
	}, false},
	"Recv":        {func(c *mpi.Comm, peer, tag int) { mpi.Recv(c, []int{1}, peer, tag) }, true},
	"Irecv":       {func(c *mpi.Comm, peer, tag int) { mpi.Irecv(c, []int{1}, peer, tag) }, true},
	"RecvInit":    {func(c *mpi.Comm, peer, tag int) { mpi.RecvInit(c, []int{1}, peer, tag).Start() }, true},
	"RecvValue":   {func(c *mpi.Comm, peer, tag int) { mpi.RecvValue[int](c, peer, tag) }, true},
	"RecvMove":    {func(c *mpi.Comm, peer, tag int) { mpi.RecvMove[int](c, peer, tag) }, true},
	"Sendrecv in": {func(c *mpi.Comm, peer, tag int) { mpi.Sendrecv(c, []int{1}, mpi.ProcNull, 0, []int{1}, peer, tag) }, true},
	"Probe":       {func(c *mpi.Comm, peer, tag int) { mpi.Probe(c, peer, tag) }, true},
	"Iprobe":      {func(c *mpi.Comm, peer, tag int) { mpi.Iprobe(c, peer, tag) }, true},
	"Mprobe":      {func(c *mpi.Comm, peer, tag int) { mpi.Mprobe(c, peer, tag) }, true},
	"Improbe":     {func(c *mpi.Comm, peer, tag int) { mpi.Improbe(c, peer, tag) }, true},
}

// A peer or a tag that doesn't exist, and a freed communicator, in every call.
func TestWrongPeersAndTags(t *testing.T) {
	mpitest.Run(t, 1, func(c *mpi.Comm) error {
		gone, err := c.Dup()
		if err != nil {
			return err
		}
		if err := gone.Free(); err != nil {
			return err
		}
		for name, k := range calls {
			peers, tags := []int{1, -4, mpi.Undefined, mpi.AnyTag}, []int{-1, -3, math.MinInt}
			if far, above := uint64(1)<<40, uint64(mpi.MaxTag)+1; math.MaxInt > math.MaxInt32 {
				peers, tags = append(peers, int(far)), append(tags, int(above)) // the one would be rank 0 if it were cut to 32 bits
			}
			if !k.recv {
				peers, tags = append(peers, mpi.AnySource), append(tags, mpi.AnyTag)
			}
			for _, p := range peers {
				if got := recovered(func() { k.call(c, p, 0) }); got != badRank {
					t.Errorf("%s with rank %d: %v", name, p, got)
				}
			}
			for _, tag := range tags {
				for _, p := range []int{0, mpi.ProcNull} {
					if got := recovered(func() { k.call(c, p, tag) }); got != badTag {
						t.Errorf("%s with tag %d: %v", name, tag, got)
					}
				}
			}
			for _, p := range []int{0, mpi.ProcNull} {
				if got := recovered(func() {
					if name == "Move" {
						b, _ := mpi.Alloc[int](c, 1)
						defer b.Free()
						b.Move(gone, p, 0)
					}
					k.call(gone, p, 0)
				}); got != freed {
					t.Errorf("%s on a freed communicator: %v", name, got)
				}
			}
		}
		return nil
	})
}

// above32 is more than an int32 holds, in a variable, as an int may be no larger itself.
var above32 int64 = 1 << 31

// misuse is everything else that a program can do wrong, with the constant that it gets.
var misuse = []struct {
	name, want string
	do         func(c *mpi.Comm)
}{
	{"Free", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Free() }},
	{"Dup", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Dup() }},
	{"Split", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Split(0, 0) }},
	{"SplitNode", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.SplitNode() }},
	{"Create", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Create(c.Group()) }},
	{"Revoke", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Revoke() }},
	{"WithContext", freed, func(c *mpi.Comm) { d := dup(c); d.WithContext(d.Context()).Free(); mpi.Send(d, []int{1}, 0, 0) }},
	{"Mrecv after Free", freed, func(c *mpi.Comm) {
		d := dup(c)
		mpi.Send(d, []int{1}, 0, 0)
		m, _ := mpi.Mprobe(d, 0, 0)
		d.Free()
		mpi.Mrecv(m, []int{1})
	}},
	{"Imrecv after Free", freed, func(c *mpi.Comm) {
		d := dup(c)
		mpi.Send(d, []int{1}, 0, 0)
		m, _ := mpi.Mprobe(d, 0, 0)
		d.Free()
		mpi.Imrecv(m, []int{1})
	}},

	{"Send with a layout", short, func(c *mpi.Comm) { mpi.Send(c, make([]int, 4), 0, 0, layout.Vector(2, 1, 4)) }},
	{"Isend with a layout", short, func(c *mpi.Comm) { mpi.Isend(c, []int{}, 0, 0, layout.Contiguous(1)) }},
	{"Recv with a layout", short, func(c *mpi.Comm) { mpi.Recv(c, make([]int, 4), 0, 0, layout.Vector(2, 1, 4)) }},
	{"Irecv with a layout", short, func(c *mpi.Comm) { mpi.Irecv(c, make([]int, 4), 0, 0, layout.Vector(2, 1, 4)) }},
	{"Recv twice into one", overlap, func(c *mpi.Comm) { mpi.Recv(c, make([]int, 9), 0, 0, layout.Vector(2, 2, 1)) }},
	{"Irecv twice into one", overlap, func(c *mpi.Comm) { mpi.Irecv(c, make([]int, 9), 0, 0, layout.Vector(2, 2, 1)) }},
	{"Sendrecv twice into one", overlap, func(c *mpi.Comm) {
		mpi.Sendrecv(c, make([]int, 9), 0, 0, make([]int, 9), 0, 0, layout.Vector(2, 2, 1), layout.Vector(2, 2, 1))
	}},
	{"Mrecv twice into one", overlap, func(c *mpi.Comm) {
		mpi.Send(c, []int{1}, 0, 0)
		m, _ := mpi.Mprobe(c, 0, 0)
		defer mpi.Mrecv(m, []int{1})
		mpi.Mrecv(m, make([]int, 9), layout.Vector(2, 2, 1))
	}},
	{"Send", tooMany, func(c *mpi.Comm) { mpi.Send(c, make([]int, 4), 0, 0, layout.Contiguous(1), layout.Contiguous(1)) }},
	{"Send of all", tooMany, func(c *mpi.Comm) { mpi.Send(c, make([]int, 4), 0, 0, mpi.Layout{}, mpi.Layout{}) }},
	{"Recv", tooMany, func(c *mpi.Comm) { mpi.Recv(c, make([]int, 4), 0, 0, layout.Contiguous(1), layout.Contiguous(1)) }},
	{"Sendrecv", tooMany, func(c *mpi.Comm) {
		mpi.Sendrecv(c, make([]int, 4), 0, 0, make([]int, 4), 0, 0, mpi.Layout{}, mpi.Layout{}, mpi.Layout{})
	}},

	{"Wait", stale, func(c *mpi.Comm) { r := copied(c); r.Wait() }},
	{"Test", stale, func(c *mpi.Comm) { r := copied(c); r.Test() }},
	{"WaitAll", stale, func(c *mpi.Comm) { mpi.WaitAll([]mpi.Request{copied(c)}, nil) }},
	{"WaitAll of more", stale, func(c *mpi.Comm) { mpi.WaitAll([]mpi.Request{mpi.Isend(c, []int{1}, mpi.ProcNull, 0), copied(c)}, nil) }},
	{"TestAll", stale, func(c *mpi.Comm) { mpi.TestAll([]mpi.Request{copied(c)}, nil) }},
	{"WaitAny", stale, func(c *mpi.Comm) { mpi.WaitAny([]mpi.Request{copied(c)}) }},
	{"TestAny", stale, func(c *mpi.Comm) { mpi.TestAny([]mpi.Request{copied(c)}) }},
	{"WaitSome", stale, func(c *mpi.Comm) { mpi.WaitSome([]mpi.Request{copied(c)}, make([]int, 1), nil) }},
	{"TestSome", stale, func(c *mpi.Comm) { mpi.TestSome([]mpi.Request{copied(c)}, make([]int, 1), nil) }},
	{"WaitAll", fewer, func(c *mpi.Comm) { mpi.WaitAll(make([]mpi.Request, 2), make([]mpi.Status, 1)) }},
	{"TestAll", fewer, func(c *mpi.Comm) { mpi.TestAll(make([]mpi.Request, 2), make([]mpi.Status, 1)) }},
	{"WaitSome", fewer, func(c *mpi.Comm) { mpi.WaitSome(make([]mpi.Request, 2), make([]int, 2), make([]mpi.Status, 1)) }},
	{"TestSome", fewer, func(c *mpi.Comm) { mpi.TestSome(make([]mpi.Request, 2), make([]int, 1), nil) }},
	{"Start", twice, func(c *mpi.Comm) {
		p := mpi.RecvInit(c, []int{1}, 0, 0)
		p.Start()
		defer func() { p.Cancel(); p.Wait() }()
		p.Start()
	}},
	{"StartAll", twice, func(c *mpi.Comm) {
		p := mpi.SendInit(c, []int{1}, mpi.ProcNull, 0)
		mpi.StartAll([]*mpi.Persistent{p, p})
	}},
	{"Mrecv", received, func(c *mpi.Comm) { m := probed(c); mpi.Mrecv(m, []int{1}); mpi.Mrecv(m, []int{1}) }},
	{"Imrecv", received, func(c *mpi.Comm) { m := probed(c); mpi.Mrecv(m, []int{1}); mpi.Imrecv(m, []int{1}) }},
	{"Mrecv of null", received, func(c *mpi.Comm) {
		m, _ := mpi.Mprobe(c, mpi.ProcNull, 0)
		mpi.Mrecv(m, []int{1})
		mpi.Mrecv(m, []int{1})
	}},

	{"Free", deadBuf, func(c *mpi.Comm) { b := buf(c); b.Free(); b.Free() }},
	{"Slice", deadBuf, func(c *mpi.Comm) { b := buf(c); b.Free(); b.Slice() }},
	{"Move", deadBuf, func(c *mpi.Comm) { b := buf(c); b.Free(); b.Move(c, 0, 0) }},
	{"Move to nobody", deadBuf, func(c *mpi.Comm) { b := buf(c); b.Move(c, mpi.ProcNull, 0); b.Move(c, mpi.ProcNull, 0) }},
	{"Slice after Move", deadBuf, func(c *mpi.Comm) {
		b := buf(c)
		b.Move(c, 0, 0)
		defer func() { d, _, _ := mpi.RecvMove[int](c, 0, 0); d.Free() }()
		b.Slice()
	}},
	{"Free after Move", deadBuf, func(c *mpi.Comm) {
		b := buf(c)
		b.Move(c, 0, 0)
		defer func() { d, _, _ := mpi.RecvMove[int](c, 0, 0); d.Free() }()
		b.Free()
	}},
	{"Alloc", negative, func(c *mpi.Comm) { mpi.Alloc[int](c, -1) }},

	{"Incl", notMember, func(c *mpi.Comm) { c.Group().Incl(0, 1) }},
	{"Incl of less", notMember, func(c *mpi.Comm) { c.Group().Incl(-1) }},
	{"Excl", notMember, func(c *mpi.Comm) { c.Group().Excl(1) }},
	{"Translate", notMember, func(c *mpi.Comm) { c.Group().Translate([]int{1}, c.Group()) }},
	{"Range", notMember, func(c *mpi.Comm) { c.Group().Range(0, 1, 1) }},
	{"Incl twice", namedTwice, func(c *mpi.Comm) { c.Group().Incl(0, 0) }},
	{"Range", stride, func(c *mpi.Comm) { c.Group().Range(0, 0, 0) }},
	{"Split by a colour", color, func(c *mpi.Comm) { c.Split(int(above32), 0) }},
	{"Split by a key", color, func(c *mpi.Comm) { c.Split(0, int(-above32-1)) }},

	{"Cart of a freed", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Cart([]int{1}, nil, false) }},
	{"Sub of a freed", freed, func(c *mpi.Comm) { g := line(c); g.Free(); g.Sub(true) }},
	{"Cart", badDims, func(c *mpi.Comm) { c.Cart([]int{-1}, nil, false) }},
	{"Cart with 0", badDims, func(c *mpi.Comm) { c.Cart([]int{0, -1}, nil, false) }},
	{"Cart", badPeriods, func(c *mpi.Comm) { c.Cart([]int{1, 1}, []bool{true}, false) }},
	{"Coords", badRank, func(c *mpi.Comm) { line(c).Coords(1) }},
	{"Coords", badRank, func(c *mpi.Comm) { line(c).Coords(-1) }},
	{"RankOf", badCoords, func(c *mpi.Comm) { line(c).RankOf(0, 0) }},
	{"Shift", badDim, func(c *mpi.Comm) { line(c).Shift(1, 1) }},
	{"Shift", badDim, func(c *mpi.Comm) { line(c).Shift(-1, 1) }},
	{"Graph of a freed", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.Graph(nil, false) }},
	{"GraphAdjacent of a freed", freed, func(c *mpi.Comm) { d := dup(c); d.Free(); d.GraphAdjacent(nil, nil, false) }},
	{"Graph", badRank, func(c *mpi.Comm) { c.Graph([]mpi.Edge{{From: 0, To: 1}}, false) }},
	{"Graph", badRank, func(c *mpi.Comm) { c.Graph([]mpi.Edge{{From: mpi.ProcNull, To: 0}}, false) }},
	{"GraphAdjacent", badRank, func(c *mpi.Comm) { c.GraphAdjacent([]mpi.Neighbor{{Rank: 1}}, nil, false) }},
	{"GraphAdjacent", badRank, func(c *mpi.Comm) { c.GraphAdjacent(nil, []mpi.Neighbor{{Rank: -1}}, false) }},
	{"Sub", badKeep, func(c *mpi.Comm) { line(c).Sub() }},

	{"Finalize", noInit, func(*mpi.Comm) { mpi.Finalize() }},
}

func dup(c *mpi.Comm) *mpi.Comm {
	d, err := c.Dup()
	if err != nil {
		panic(err)
	}
	return d
}

// line is a grid of one dimension.
func line(c *mpi.Comm) *mpi.Cart {
	g, err := c.Cart([]int{c.Size()}, nil, false)
	if err != nil {
		panic(err)
	}
	return g
}

// copied is a copy of a request that was waited for.
func copied(c *mpi.Comm) mpi.Request {
	r := mpi.Irecv(c, []int{1}, 0, 0)
	d := r
	r.Cancel()
	r.Wait()
	return d
}

func probed(c *mpi.Comm) *mpi.Message {
	mpi.Send(c, []int{1}, 0, 0)
	m, err := mpi.Mprobe(c, 0, 0)
	if err != nil {
		panic(err)
	}
	return m
}

func buf(c *mpi.Comm) *mpi.Buf[int] {
	b, err := mpi.Alloc[int](c, 1)
	if err != nil {
		panic(err)
	}
	return b
}

func TestMisuse(t *testing.T) {
	mpitest.Run(t, 1, func(c *mpi.Comm) error {
		for _, m := range misuse {
			if got := recovered(func() { m.do(c) }); got != m.want {
				t.Errorf("%s: %v, want %s", m.name, got, m.want)
			}
		}
		// Nothing is left of all that.
		if st, ok, err := mpi.Iprobe(c, mpi.AnySource, mpi.AnyTag); ok || err != nil {
			return fmt.Errorf("a message: %+v, %v", st, err)
		}
		if n, _, err := c.Engine().HeapInUse(); n != 0 || err != nil {
			return fmt.Errorf("%d buffers, %v", n, err)
		}
		return nil
	})
	// A rank outside of a part of the world.
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		half, err := c.Split(c.Rank(), 0)
		if err != nil {
			return err
		}
		if got := recovered(func() { half.Create(c.Group()) }); got != notMember {
			t.Errorf("Create with a group of others: %v", got)
		}
		if got := recovered(func() { mpi.Send(half, []int{1}, 1, 0) }); got != badRank {
			t.Errorf("Send to a rank of the world: %v", got)
		}
		return half.Free()
	})
}

func TestInitTwice(t *testing.T) {
	mpitest.RunProcesses(t, 1, func(*mpi.Comm) error {
		if got := recovered(func() { mpi.Init() }); got != reinit {
			return fmt.Errorf("Init once more: %v", got)
		}
		return nil
	})
}

// Every constant that the package panics with is in the tables above.
func TestAllMisuseIsTested(t *testing.T) {
	known := map[string]bool{badRank: true, badTag: true, reinit: true}
	for _, k := range intercommMisuse {
		known[k] = true
	}
	for _, m := range misuse {
		known[m.want] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "panic") {
				return true
			}
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if found++; err != nil || !known[text] || !strings.HasPrefix(text, "mpi: ") {
				t.Errorf("%s: %s = %q is in no table here (%v)", name, spec.Names[0].Name, text, err)
			}
			return true
		})
	}
	if found < 15 {
		t.Errorf("found %d constants", found)
	}
}

type inner struct {
	N    int
	Text [2]string
}

type outer struct {
	X, Y float64
	In   [3]inner
}

// The panic for a type with pointers says where in the type the first one is.
func TestPointerTypes(t *testing.T) {
	mpitest.Run(t, 1, func(c *mpi.Comm) error {
		for want, f := range map[string]func(){
			"string (string)":                     func() { mpi.Send(c, []string{""}, 0, 0) },
			"[]int (slice)":                       func() { mpi.Recv(c, make([][]int, 1), 0, 0) },
			"map[int]int (map)":                   func() { mpi.Isend(c, make([]map[int]int, 1), 0, 0) },
			"*int (ptr)":                          func() { mpi.Irecv(c, make([]*int, 1), 0, 0) },
			"chan int (chan)":                     func() { mpi.Ssend(c, make([]chan int, 1), 0, 0) },
			"func() (func)":                       func() { mpi.Issend(c, make([]func(), 1), 0, 0) },
			"error (interface)":                   func() { mpi.Alloc[error](c, 1) },
			"unsafe.Pointer (unsafe.Pointer)":     func() { mpi.RecvMove[unsafe.Pointer](c, 0, 0) },
			"mpi_test.outer.In[].Text[] (string)": func() { mpi.Send(c, make([]outer, 1), 0, 0) },
			"[4]mpi_test.inner[].Text[] (string)": func() { mpi.Sendrecv(c, make([][4]inner, 1), 0, 0, []int{1}, mpi.ProcNull, 0) },
			"struct { A int8; B *uint8 }.B (ptr)": func() {
				mpi.SendInit(c, make([]struct {
					A int8
					B *uint8
				}, 1), 0, 0).Start()
			},
			"struct { _ int; w []mpi_test.outer }.w (slice)": func() {
				mpi.Sendrecv(c, []int{1}, mpi.ProcNull, 0, make([]struct {
					_ int
					w []outer
				}, 1), 0, 0)
			},
		} {
			if got := recovered(f); got != "mpi: element type holds a pointer: "+want {
				t.Errorf("%v, want %s", got, want)
			}
		}
		// All sorts of types without.
		type plain struct {
			a bool
			b [3]complex64
			c struct{ d uintptr }
			_ [0]int
		}
		in := []plain{{true, [3]complex64{1i}, struct{ d uintptr }{7}, [0]int{}}}
		out := make([]plain, 1)
		if st, err := mpi.Sendrecv(c, in, 0, 0, out, 0, 0); err != nil || st.Count() != 1 || in[0] != out[0] {
			return fmt.Errorf("%+v: %+v, %v", out, st, err)
		}
		// Of no size at all: nothing travels, and nothing is counted.
		if st, err := mpi.Sendrecv(c, make([]struct{}, 5), 0, 0, make([]struct{}, 5), 0, 0); err != nil || st.Bytes() != 0 || st.Count() != 0 {
			return fmt.Errorf("%+v, %v", st, err)
		}
		runtime.KeepAlive(in)
		return nil
	})
}
