package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const noSplit = attr.NOSPLIT

// pair writes acc[i] = acc[i] op x[i].
func (k kernel) pair(c *build.Context) {
	e := &emitter{c: c, kernel: k}
	name := k.op + k.kind
	e.begin(name, "func(acc, x unsafe.Pointer, n int)", name+" combines n elements at x into those at acc.")
	acc, x, left := c.GP64(), c.GP64(), c.GP64()
	e.pointer("acc", acc)
	e.pointer("x", x)
	c.Load(c.Param("n"), left)
	c.TESTQ(left, left)
	c.JLE(operand.LabelRef("done"))
	e.bytes(left)
	e.head()
	e.blocks(left, func(count, bytes int) {
		to, from := operand.Mem{Base: acc}, operand.Mem{Base: x}
		v := make([]reg.VecVirtual, count)
		for i := range v {
			v[i] = e.load(to.Offset(i*bytes), bytes)
		}
		for i := range v {
			k.do(e, v[i], e.operand(from.Offset(i*bytes), bytes))
		}
		for i := range v {
			e.store(v[i], to.Offset(i*bytes), bytes)
		}
		c.ADDQ(operand.U32(uint32(count*bytes)), acc)
		c.ADDQ(operand.U32(uint32(count*bytes)), x)
	})
	e.end()
}

// all writes dst[i] = first[i] op xs[0][i] op xs[1][i] op ..., block after block: the block of every operand before the next one.
func (k kernel) all(c *build.Context) {
	e := &emitter{c: c, kernel: k}
	name := k.op + "All" + k.kind
	e.begin(name, "func(dst, first unsafe.Pointer, xs []unsafe.Pointer, from, n int)",
		name+" combines n elements of first and of each of xs into dst: everywhere those behind the first from.")
	dst, first, xs, operands, offset, left := c.GP64(), c.GP64(), c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.Load(c.Param("n"), left)
	c.TESTQ(left, left)
	c.JLE(operand.LabelRef("done"))
	c.Load(c.Param("xs").Len(), operands)
	c.Load(c.Param("xs").Base(), xs)
	e.pointer("dst", dst)
	e.pointer("first", first)
	c.Load(c.Param("from"), offset)
	e.bytes(left)
	e.bytes(offset)
	e.head()
	step := 0
	e.blocks(left, func(count, bytes int) {
		step++
		again, store := fmt.Sprintf("operand%d", step), fmt.Sprintf("store%d", step)
		p, j := c.GP64(), c.GP64()
		from := operand.Mem{Base: first, Index: offset, Scale: 1}
		v := make([]reg.VecVirtual, count)
		for i := range v {
			v[i] = e.load(from.Offset(i*bytes), bytes)
		}
		c.XORQ(j, j)
		c.TESTQ(operands, operands)
		c.JZ(operand.LabelRef(store))
		c.Label(again)
		c.MOVQ(operand.Mem{Base: xs, Index: j, Scale: 8}, p)
		from.Base = p
		for i := range v {
			k.do(e, v[i], e.operand(from.Offset(i*bytes), bytes))
		}
		c.INCQ(j)
		c.CMPQ(j, operands)
		c.JL(operand.LabelRef(again))
		c.Label(store)
		to := operand.Mem{Base: dst, Index: offset, Scale: 1}
		for i := range v {
			e.store(v[i], to.Offset(i*bytes), bytes)
		}
		c.ADDQ(operand.U32(uint32(count*bytes)), offset)
	})
	e.end()
}

// pointer loads an argument that is an unsafe.Pointer, which avo's Load doesn't know.
func (e *emitter) pointer(name string, to reg.GPVirtual) {
	arg, err := e.c.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	e.c.MOVQ(arg.Addr, to)
}
