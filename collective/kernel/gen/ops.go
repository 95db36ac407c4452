package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A kernel is one operation on elements of one kind.
type kernel struct {
	op, kind string
	size     int // bytes of an element

	// flip: the sign bit of every 32 or 64 bits is turned on the way in and out. It makes
	// unsigned order out of signed order, and a maximum out of a minimum of floats.
	flip int

	evenBytes bool // needs emitter.even

	// do writes acc op x to acc. x is memory, or a register that isn't written.
	do func(e *emitter, acc reg.VecVirtual, x operand.Op)
}

// families are the kernels of each file.
var families = map[string][]kernel{
	"sum": {
		{op: "sum", kind: "8", size: 1, do: plain((*build.Context).VPADDB)},
		{op: "sum", kind: "16", size: 2, do: plain((*build.Context).VPADDW)},
		{op: "sum", kind: "32", size: 4, do: plain((*build.Context).VPADDD)},
		{op: "sum", kind: "64", size: 8, do: plain((*build.Context).VPADDQ)},
		{op: "sum", kind: "F32", size: 4, do: plain((*build.Context).VADDPS)},
		{op: "sum", kind: "F64", size: 8, do: plain((*build.Context).VADDPD)},
	},
	"prod": {
		{op: "prod", kind: "8", size: 1, do: prod8, evenBytes: true},
		{op: "prod", kind: "16", size: 2, do: plain((*build.Context).VPMULLW)},
		{op: "prod", kind: "32", size: 4, do: plain((*build.Context).VPMULLD)},
		{op: "prod", kind: "F32", size: 4, do: plain((*build.Context).VMULPS)},
		{op: "prod", kind: "F64", size: 8, do: plain((*build.Context).VMULPD)},
		{op: "prod", kind: "C64", size: 8, do: prodC64},
		{op: "prod", kind: "C128", size: 16, do: prodC128},
	},
	"least": {
		{op: "least", kind: "I8", size: 1, do: plain((*build.Context).VPMINSB)},
		{op: "least", kind: "U8", size: 1, do: plain((*build.Context).VPMINUB)},
		{op: "least", kind: "I16", size: 2, do: plain((*build.Context).VPMINSW)},
		{op: "least", kind: "U16", size: 2, do: plain((*build.Context).VPMINUW)},
		{op: "least", kind: "I32", size: 4, do: plain((*build.Context).VPMINSD)},
		{op: "least", kind: "U32", size: 4, do: plain((*build.Context).VPMINUD)},
		{op: "least", kind: "I64", size: 8, do: least64},
		{op: "least", kind: "U64", size: 8, flip: 64, do: least64},
		{op: "least", kind: "F32", size: 4, do: leastF32},
		{op: "least", kind: "F64", size: 8, do: leastF64},
	},
	"greatest": {
		{op: "greatest", kind: "I8", size: 1, do: plain((*build.Context).VPMAXSB)},
		{op: "greatest", kind: "U8", size: 1, do: plain((*build.Context).VPMAXUB)},
		{op: "greatest", kind: "I16", size: 2, do: plain((*build.Context).VPMAXSW)},
		{op: "greatest", kind: "U16", size: 2, do: plain((*build.Context).VPMAXUW)},
		{op: "greatest", kind: "I32", size: 4, do: plain((*build.Context).VPMAXSD)},
		{op: "greatest", kind: "U32", size: 4, do: plain((*build.Context).VPMAXUD)},
		{op: "greatest", kind: "I64", size: 8, do: greatest64},
		{op: "greatest", kind: "U64", size: 8, flip: 64, do: greatest64},
		{op: "greatest", kind: "F32", size: 4, flip: 32, do: leastF32},
		{op: "greatest", kind: "F64", size: 8, flip: 64, do: leastF64},
	},
	"bits": {
		{op: "and", kind: "Bits", size: 1, do: bitwise((*build.Context).VPAND)},
		{op: "or", kind: "Bits", size: 1, do: bitwise((*build.Context).VPOR)},
		{op: "xor", kind: "Bits", size: 1, do: bitwise((*build.Context).VPXOR)},
	},
}

// plain is an operation that is one instruction.
func plain(instruction func(*build.Context, ...operand.Op)) func(*emitter, reg.VecVirtual, operand.Op) {
	return func(e *emitter, acc reg.VecVirtual, x operand.Op) { instruction(e.c, x, acc, acc) }
}

func bitwise(instruction func(c *build.Context, b, a, to operand.Op)) func(*emitter, reg.VecVirtual, operand.Op) {
	return func(e *emitter, acc reg.VecVirtual, x operand.Op) { instruction(e.c, x, acc, acc) }
}

// prod8 multiplies even and odd bytes apart, as 16-bit words.
func prod8(e *emitter, acc reg.VecVirtual, x operand.Op) {
	x = e.register(x)
	low := e.fit(e.even)
	even, odd := e.vector(), e.vector()
	e.c.VPMULLW(x, acc, even)
	e.c.VPAND(low, even, even)
	e.c.VPANDN(x, low, odd) // x with its even bytes 0
	e.c.VPSRLW(operand.U8(8), acc, acc)
	e.c.VPMULLW(odd, acc, acc)
	e.c.VPOR(even, acc, acc)
}

func least64(e *emitter, acc reg.VecVirtual, x operand.Op) {
	x = e.register(x)
	greater := e.vector()
	e.c.VPCMPGTQ(x, acc, greater)
	e.c.VBLENDVPD(greater, x, acc, acc)
}

func greatest64(e *emitter, acc reg.VecVirtual, x operand.Op) {
	x = e.register(x)
	greater := e.vector()
	e.c.VPCMPGTQ(x, acc, greater)
	e.c.VBLENDVPD(greater, acc, x, acc)
}

// leastF32 and leastF64 do what the compiler does for the builtin min. MINPS gives its second operand if one is NaN
// or both are 0. So both orders are tried, and their bits joined: a NaN stays one, and -0 wins.
func leastF32(e *emitter, acc reg.VecVirtual, x operand.Op) {
	one := e.vector()
	e.c.VMINPS(x, acc, one)
	e.c.VMINPS(acc, one, acc)
	e.c.VPOR(one, acc, acc)
}

func leastF64(e *emitter, acc reg.VecVirtual, x operand.Op) {
	one := e.vector()
	e.c.VMINPD(x, acc, one)
	e.c.VMINPD(acc, one, acc)
	e.c.VPOR(one, acc, acc)
}

// prodC128 does (a + bi)(c + di) = (ac - bd) + (ad + bc)i, each product rounded.
func prodC128(e *emitter, acc reg.VecVirtual, x operand.Op) {
	x = e.register(x)
	swapped := e.vector()
	e.c.VPERMILPD(operand.U8(0b0101), x, swapped)
	e.timesC128(acc, x, swapped)
}

func (e *emitter) timesC128(acc reg.VecVirtual, x operand.Op, swapped reg.VecVirtual) {
	imaginary := e.same(acc)
	e.c.VPERMILPD(operand.U8(0b1111), acc, imaginary)
	e.c.VMOVDDUP(acc, acc)
	e.c.VMULPD(swapped, imaginary, imaginary)
	e.c.VMULPD(x, acc, acc)
	e.c.VADDSUBPD(imaginary, acc, acc)
}

// prodC64 multiplies in float64 and rounds once more at the end.
func prodC64(e *emitter, acc reg.VecVirtual, x operand.Op) {
	x = e.register(x)
	if !e.wide {
		e.timesC64(acc, x.(reg.VecVirtual))
		return
	}
	accHigh, xHigh := e.c.XMM(), e.c.XMM()
	e.c.VEXTRACTF128(operand.U8(1), acc, accHigh)
	e.c.VEXTRACTF128(operand.U8(1), x, xHigh)
	accLow := acc.AsX().(reg.VecVirtual)
	e.timesC64(accLow, x.(reg.VecVirtual).AsX().(reg.VecVirtual))
	e.timesC64(accHigh, xHigh)
	e.c.VINSERTF128(operand.U8(1), accHigh, acc, acc)
}

func (e *emitter) timesC64(acc, x reg.VecVirtual) {
	a, b, swapped := e.c.YMM(), e.c.YMM(), e.c.YMM()
	e.c.VCVTPS2PD(acc, a)
	e.c.VCVTPS2PD(x, b)
	e.c.VPERMILPD(operand.U8(0b0101), b, swapped)
	e.timesC128(a, b, swapped)
	e.c.VCVTPD2PSY(a, acc)
}
