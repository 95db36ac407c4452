package main

import (
	"fmt"
	"go/token"
	"go/types"
	"math/bits"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An array is folded in blocks of 4 vectors of 32 bytes, then vector by vector, then in one step each of
// 16, 8, 4, 2 and 1 bytes, down to the size of an element, in the low end of a vector whose
// other lanes don't matter.
const (
	wide    = 32
	unroll  = 4
	narrow  = 16
	oneByte = 1
)

// An emitter writes one function.
type emitter struct {
	c      *build.Context
	kernel kernel
	wide   bool           // vectors of 32 bytes, else of 16
	signs  reg.VecVirtual // the bits that the kernel flips
	even   reg.VecVirtual // ones in every even byte
}

func (e *emitter) vector() reg.VecVirtual {
	if e.wide {
		return e.c.YMM()
	}
	return e.c.XMM()
}

// same is a new vector of the size of v.
func (e *emitter) same(v reg.VecVirtual) reg.VecVirtual {
	if v.Size() == wide {
		return e.c.YMM()
	}
	return e.c.XMM()
}

// fit is a constant at the size of vectors.
func (e *emitter) fit(v reg.VecVirtual) reg.VecVirtual {
	if e.wide {
		return v
	}
	return v.AsX().(reg.VecVirtual)
}

// head makes the kernel's constants, before any loop.
func (e *emitter) head() {
	if e.kernel.flip != 0 {
		e.signs = e.c.YMM()
		e.c.VPCMPEQD(e.signs, e.signs, e.signs)
		if e.kernel.flip == 32 {
			e.c.VPSLLD(operand.U8(31), e.signs, e.signs)
		} else {
			e.c.VPSLLQ(operand.U8(63), e.signs, e.signs)
		}
	}
	if e.kernel.evenBytes {
		e.even = e.c.YMM()
		e.c.VPCMPEQW(e.even, e.even, e.even)
		e.c.VPSRLW(operand.U8(8), e.even, e.even)
	}
}

// register brings an operand into a register, which must not be written.
func (e *emitter) register(x operand.Op) operand.Op {
	if m, ok := x.(operand.Mem); ok {
		v := e.vector()
		e.c.VMOVDQU(m, v)
		return v
	}
	return x
}

// load reads bytes at m into a vector, flipped.
func (e *emitter) load(m operand.Mem, bytes int) reg.VecVirtual {
	v := e.vector()
	switch bytes {
	case wide, narrow:
		if e.kernel.flip != 0 {
			e.c.VPXOR(m, e.fit(e.signs), v)
			return v
		}
		e.c.VMOVDQU(m, v)
	case 8:
		e.c.VMOVQ(m, v)
	case 4:
		e.c.VMOVD(m, v)
	case 2:
		e.c.VPXOR(v, v, v)
		e.c.VPINSRW(operand.U8(0), m, v, v)
	case oneByte:
		e.c.VPXOR(v, v, v)
		e.c.VPINSRB(operand.U8(0), m, v, v)
	}
	if e.kernel.flip != 0 {
		e.c.VPXOR(e.fit(e.signs), v, v)
	}
	return v
}

// operand is the bytes at m as the operation's right side: in place where that works.
func (e *emitter) operand(m operand.Mem, bytes int) operand.Op {
	if bytes >= narrow && e.kernel.flip == 0 {
		return m
	}
	return e.load(m, bytes)
}

// store writes bytes of v, flipped back, to m.
func (e *emitter) store(v reg.VecVirtual, m operand.Mem, bytes int) {
	if e.kernel.flip != 0 {
		e.c.VPXOR(e.fit(e.signs), v, v)
	}
	switch bytes {
	case wide, narrow:
		e.c.VMOVDQU(v, m)
	case 8:
		e.c.VMOVQ(v, m)
	case 4:
		e.c.VMOVD(v, m)
	case 2:
		e.c.VPEXTRW(operand.U8(0), v, m)
	case oneByte:
		e.c.VPEXTRB(operand.U8(0), v, m)
	}
}

// blocks writes the code that goes through left bytes. step writes what is done to
// count vectors of so many bytes each, and moves the pointers on.
func (e *emitter) blocks(left reg.GPVirtual, step func(count, bytes int)) {
	c := e.c
	loop := func(name string, count int) {
		total := uint32(count * wide)
		c.Label(name)
		c.CMPQ(left, operand.U32(total))
		c.JL(operand.LabelRef(name + "Done"))
		c.Label(name + "Next")
		step(count, wide)
		c.SUBQ(operand.U32(total), left)
		c.CMPQ(left, operand.U32(total))
		c.JGE(operand.LabelRef(name + "Next"))
		c.Label(name + "Done")
	}
	e.wide = true
	loop("blocks", unroll)
	loop("vectors", 1)
	e.wide = false
	for bytes := narrow; bytes >= e.kernel.size; bytes /= 2 {
		skip := fmt.Sprintf("no%d", bytes)
		c.TESTQ(operand.U32(uint32(bytes)), left)
		c.JZ(operand.LabelRef(skip))
		step(1, bytes)
		c.Label(skip)
	}
}

// withUnsafe is a scope for signatures, in which unsafe is imported.
var withUnsafe = func() *types.Package {
	p := types.NewPackage("kernel", "kernel")
	p.Scope().Insert(types.NewPkgName(token.NoPos, p, "unsafe", types.Unsafe))
	return p
}()

func (e *emitter) begin(name, signature string, doc ...string) {
	e.c.Function(name)
	e.c.Attributes(noSplit)
	e.c.Pragma("noescape")
	e.c.Doc(doc...)
	s, err := gotypes.ParseSignatureInPackage(withUnsafe, signature)
	if err != nil {
		panic(err)
	}
	e.c.Signature(s)
}

// bytes turns a number of elements into bytes.
func (e *emitter) bytes(n reg.GPVirtual) {
	if shift := bits.TrailingZeros(uint(e.kernel.size)); shift > 0 {
		e.c.SHLQ(operand.U8(shift), n)
	}
}

func (e *emitter) end() {
	e.c.VZEROUPPER()
	e.c.Label("done")
	e.c.RET()
}
