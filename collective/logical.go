package collective

import (
	"reflect"
	"unsafe"

	"github.com/golaunch/golaunch/collective/kernel"
)

// logical is the fold of LAnd, LOr or LXor, without a kernel for other kinds than numbers and bool. Elements become 0 or 1 of
// their kind first; on those the operation is that of their bits. So the result is 0 or 1 with one rank as well.
func logical(op Op, kind reflect.Kind) fold {
	bits, double := kind, false
	switch kind {
	case reflect.Float32:
		bits = reflect.Uint32
	case reflect.Float64, reflect.Complex64:
		bits = reflect.Uint64
	case reflect.Complex128:
		bits, double = reflect.Uint64, true
	}
	k, _ := kernel.Of(kernel.Op(And+op-LAnd), bits)
	if double {
		k = pairs[op-LAnd]
	}
	return fold{Kernel: k, anyOrder: true, wide: truths[min(kind, reflect.String)]}
}

// pairs are the kernels of bits for elements of two words.
var pairs = [...]kernel.Kernel{twoWords(kernel.And), twoWords(kernel.Or), twoWords(kernel.Xor)}

func twoWords(op kernel.Op) kernel.Kernel {
	k, _ := kernel.Of(op, reflect.Uint64)
	return twice(k)
}

// twice is a kernel for elements that are two of those of k.
func twice(k kernel.Kernel) kernel.Kernel {
	return kernel.Kernel{
		Fold:    func(acc, x unsafe.Pointer, n int) { k.Fold(acc, x, 2*n) },
		FoldAll: func(dst unsafe.Pointer, xs []unsafe.Pointer, n int) { k.FoldAll(dst, xs, 2*n) },
	}
}

// truths make elements 0 or 1. bool needs nothing.
var truths = [reflect.String + 1]*wide{
	reflect.Int:        truth[int](),
	reflect.Int8:       truth[int8](),
	reflect.Int16:      truth[int16](),
	reflect.Int32:      truth[int32](),
	reflect.Int64:      truth[int64](),
	reflect.Uint:       truth[uint](),
	reflect.Uint8:      truth[uint8](),
	reflect.Uint16:     truth[uint16](),
	reflect.Uint32:     truth[uint32](),
	reflect.Uint64:     truth[uint64](),
	reflect.Uintptr:    truth[uintptr](),
	reflect.Float32:    truth[float32](),
	reflect.Float64:    truth[float64](),
	reflect.Complex64:  truth[complex64](),
	reflect.Complex128: truth[complex128](),
}

func truth[T number]() *wide {
	return &wide{
		size: int(unsafe.Sizeof(*new(T))),
		open: func(dst, src unsafe.Pointer, n int) {
			to := unsafe.Slice((*T)(dst), n)
			for i, v := range unsafe.Slice((*T)(src), n) {
				var one T
				if v != 0 {
					one = 1
				}
				to[i] = one
			}
		},
		close: func(dst, src unsafe.Pointer, n int) { copy(unsafe.Slice((*T)(dst), n), unsafe.Slice((*T)(src), n)) },
	}
}

type number interface {
	Real | ~complex64 | ~complex128
}
