package collective

import "unsafe"

// The folds, one loop each, over elements of basic types.

type integers interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64 | uintptr
}

type reals interface {
	integers | float32 | float64
}

type numbers interface {
	reals | complex64 | complex128
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

func andBool(acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*bool)(acc), n), unsafe.Slice((*bool)(x), n)
	for i, v := range b {
		a[i] = a[i] && v
	}
}

func orBool(acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*bool)(acc), n), unsafe.Slice((*bool)(x), n)
	for i, v := range b {
		a[i] = a[i] || v
	}
}

func xorBool(acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*bool)(acc), n), unsafe.Slice((*bool)(x), n)
	for i, v := range b {
		a[i] = a[i] != v
	}
}
