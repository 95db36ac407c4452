package kernel

import (
	"reflect"
	"unsafe"
)

// The folds in plain Go. They say what is right.

type integers interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64 | uintptr
}

type reals interface {
	integers | float32 | float64
}

type numbers interface {
	reals | complex64 | complex128
}

func twins() table {
	return table{
		reflect.Bool:       logical(),
		reflect.Int:        integer[int](),
		reflect.Int8:       integer[int8](),
		reflect.Int16:      integer[int16](),
		reflect.Int32:      integer[int32](),
		reflect.Int64:      integer[int64](),
		reflect.Uint:       integer[uint](),
		reflect.Uint8:      integer[uint8](),
		reflect.Uint16:     integer[uint16](),
		reflect.Uint32:     integer[uint32](),
		reflect.Uint64:     integer[uint64](),
		reflect.Uintptr:    integer[uintptr](),
		reflect.Float32:    ordered[float32](),
		reflect.Float64:    ordered[float64](),
		reflect.Complex64:  number[complex64](),
		reflect.Complex128: {Sum: {sum[complex128], sumAll[complex128]}, Prod: {prodComplex128, prodAllComplex128}},
	}
}

func number[T numbers]() [ops]Kernel {
	return [ops]Kernel{Sum: {sum[T], sumAll[T]}, Prod: {prod[T], prodAll[T]}}
}

func ordered[T reals]() [ops]Kernel {
	k := number[T]()
	k[Min], k[Max] = Kernel{least[T], leastAll[T]}, Kernel{greatest[T], greatestAll[T]}
	return k
}

func integer[T integers]() [ops]Kernel {
	k := ordered[T]()
	k[And], k[Or], k[Xor] = Kernel{and[T], andAll[T]}, Kernel{or[T], orAll[T]}, Kernel{xor[T], xorAll[T]}
	return k
}

// logical works on the bytes 0 and 1 that bools are.
func logical() [ops]Kernel {
	k := integer[uint8]()
	return [ops]Kernel{And: k[And], Or: k[Or], Xor: k[Xor]}
}

func sum[T numbers](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] += v
	}
}

func prod[T numbers](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] *= v
	}
}

func prodComplex128(acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*complex128)(acc), n), unsafe.Slice((*complex128)(x), n)
	for i, v := range b {
		a[i] = times(a[i], v)
	}
}

// times is a*b with every product rounded: conversions keep compilers from fusing it with the addition,
// which they do on some processors. (Products of complex64 are exact before they are rounded.)
func times(a, b complex128) complex128 {
	ar, ai := real(a), imag(a)
	br, bi := real(b), imag(b)
	return complex(float64(ar*br)-float64(ai*bi), float64(ar*bi)+float64(ai*br))
}

func least[T reals](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] = min(a[i], v)
	}
}

func greatest[T reals](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] = max(a[i], v)
	}
}

func and[T integers](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] &= v
	}
}

func or[T integers](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] |= v
	}
}

func xor[T integers](acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
	for i, v := range b {
		a[i] ^= v
	}
}
