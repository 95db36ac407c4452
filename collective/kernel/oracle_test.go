package kernel

import (
	"math"
	"math/rand/v2"
	"reflect"
	"unsafe"
)

// A subject is a kind as the tests see it: elements are bytes, operations work on two of them.
type subject struct {
	kind  reflect.Kind
	size  int
	ops   map[Op]func(acc, x unsafe.Pointer)
	draw  func(r *rand.Rand, to unsafe.Pointer) // any value, special ones often
	equal func(a, b unsafe.Pointer) bool        // the same bits, or both NaN
}

// The oracle: what each operation means, written without a look at the twins.

func on[T any](f func(a, b T) T) func(acc, x unsafe.Pointer) {
	return func(acc, x unsafe.Pointer) { *(*T)(acc) = f(*(*T)(acc), *(*T)(x)) }
}

func sameBits[T comparable](a, b unsafe.Pointer) bool { return *(*T)(a) == *(*T)(b) }

func whole[T integers](kind reflect.Kind) subject {
	size := int(unsafe.Sizeof(T(0)))
	top := T(1) << (8*size - 1) // the least or the middle one
	specials := []T{0, 1, 2, ^T(0), top, top - 1, top + 1}
	return subject{
		kind: kind, size: size, equal: sameBits[T],
		ops: map[Op]func(acc, x unsafe.Pointer){
			Sum:  on(func(a, b T) T { return a - (^b + 1) }),
			Prod: on(func(a, b T) T { return a * b }),
			Min: on(func(a, b T) T {
				if b < a {
					return b
				}
				return a
			}),
			Max: on(func(a, b T) T {
				if b > a {
					return b
				}
				return a
			}),
			And: on(func(a, b T) T { return ^(^a | ^b) }),
			Or:  on(func(a, b T) T { return ^(^a & ^b) }),
			Xor: on(func(a, b T) T { return a&^b | b&^a }),
		},
		draw: func(r *rand.Rand, to unsafe.Pointer) {
			*(*T)(to) = T(r.Uint64())
			if r.IntN(4) == 0 {
				*(*T)(to) = specials[r.IntN(len(specials))]
			}
		},
	}
}

func truth() subject {
	return subject{
		kind: reflect.Bool, size: 1, equal: sameBits[uint8],
		ops: map[Op]func(acc, x unsafe.Pointer){
			And: on(func(a, b bool) bool { return a && b }),
			Or:  on(func(a, b bool) bool { return a || b }),
			Xor: on(func(a, b bool) bool { return a != b }),
		},
		draw: func(r *rand.Rand, to unsafe.Pointer) { *(*bool)(to) = r.IntN(2) == 0 },
	}
}

var (
	specials64 = []float64{
		0, math.Copysign(0, -1), 1, -1, 1.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 0x1p-1022, 1 + 0x1p-52, 0x1p53 + 1,
		math.Float64frombits(0x7ff8000000000000), math.Float64frombits(0xfff8000000000123), math.Float64frombits(0x7ff0000000000001),
	}
	specials32 = []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, 1.5, float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, 1 + 0x1p-23, 0x1p24 + 1,
		math.Float32frombits(0x7fc00000), math.Float32frombits(0xffc00123), math.Float32frombits(0x7f800001),
	}
)

func draw64(r *rand.Rand, to unsafe.Pointer) {
	switch r.IntN(4) {
	case 0:
		*(*float64)(to) = specials64[r.IntN(len(specials64))]
	case 1:
		*(*uint64)(to) = r.Uint64()
	default:
		*(*float64)(to) = r.NormFloat64()
	}
}

func draw32(r *rand.Rand, to unsafe.Pointer) {
	switch r.IntN(4) {
	case 0:
		*(*float32)(to) = specials32[r.IntN(len(specials32))]
	case 1:
		*(*uint32)(to) = r.Uint32()
	default:
		*(*float32)(to) = float32(r.NormFloat64())
	}
}

func equal64(a, b unsafe.Pointer) bool {
	x, y := *(*float64)(a), *(*float64)(b)
	return sameBits[uint64](a, b) || x != x && y != y
}

func equal32(a, b unsafe.Pointer) bool {
	x, y := *(*float32)(a), *(*float32)(b)
	return sameBits[uint32](a, b) || x != x && y != y
}

// lesser is the smaller of two, where NaN is smaller than all and -0 than 0.
func lesser[T float32 | float64](a, b T) T {
	switch {
	case a != a || a < b:
		return a
	case b != b || b < a:
		return b
	case a == 0 && 1/a < 0:
		return a
	}
	return b
}

func floats[T float32 | float64](kind reflect.Kind, draw func(*rand.Rand, unsafe.Pointer), equal func(a, b unsafe.Pointer) bool) subject {
	return subject{
		kind: kind, size: int(unsafe.Sizeof(T(0))), draw: draw, equal: equal,
		ops: map[Op]func(acc, x unsafe.Pointer){
			Sum:  on(func(a, b T) T { return a + b }),
			Prod: on(func(a, b T) T { return a * b }),
			Min:  on(lesser[T]),
			Max:  on(func(a, b T) T { return -lesser(-a, -b) }),
		},
	}
}

// twice is f for both parts of a complex number.
func twice(size int, f func(a, b unsafe.Pointer) bool) func(a, b unsafe.Pointer) bool {
	return func(a, b unsafe.Pointer) bool {
		return f(a, b) && f(unsafe.Add(a, size), unsafe.Add(b, size))
	}
}

func complex64s() subject {
	return subject{
		kind: reflect.Complex64, size: 8, equal: twice(4, equal32),
		draw: func(r *rand.Rand, to unsafe.Pointer) { draw32(r, to); draw32(r, unsafe.Add(to, 4)) },
		ops: map[Op]func(acc, x unsafe.Pointer){
			Sum:  on(func(a, b complex64) complex64 { return complex(real(a)+real(b), imag(a)+imag(b)) }),
			Prod: on(func(a, b complex64) complex64 { return complex64(product(complex128(a), complex128(b))) }),
		},
	}
}

func complex128s() subject {
	return subject{
		kind: reflect.Complex128, size: 16, equal: twice(8, equal64),
		draw: func(r *rand.Rand, to unsafe.Pointer) { draw64(r, to); draw64(r, unsafe.Add(to, 8)) },
		ops: map[Op]func(acc, x unsafe.Pointer){
			Sum:  on(func(a, b complex128) complex128 { return complex(real(a)+real(b), imag(a)+imag(b)) }),
			Prod: on(product),
		},
	}
}

// product is the schoolbook's, every step through memory and so rounded.
//
//go:noinline
func product(a, b complex128) complex128 {
	steps := [4]float64{real(a) * real(b), imag(a) * imag(b), real(a) * imag(b), imag(a) * real(b)}
	rounded(&steps)
	return complex(steps[0]-steps[1], steps[2]+steps[3])
}

//go:noinline
func rounded(*[4]float64) {}

func subjects() []subject {
	return []subject{
		truth(), whole[int](reflect.Int), whole[int8](reflect.Int8), whole[int16](reflect.Int16), whole[int32](reflect.Int32), whole[int64](reflect.Int64),
		whole[uint](reflect.Uint), whole[uint8](reflect.Uint8), whole[uint16](reflect.Uint16), whole[uint32](reflect.Uint32), whole[uint64](reflect.Uint64),
		whole[uintptr](reflect.Uintptr), floats[float32](reflect.Float32, draw32, equal32), floats[float64](reflect.Float64, draw64, equal64),
		complex64s(), complex128s(),
	}
}
