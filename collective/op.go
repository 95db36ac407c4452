package collective

import (
	"reflect"
	"strconv"
	"unsafe"
)

// Op is how two elements become one. Ops are comparable constants.
type Op uint8

const (
	Sum  Op = iota + 1 // integers wrap around
	Prod               // integers wrap around
	Min                // NaN if any element is NaN; -0 is less than 0
	Max                // NaN if any element is NaN; -0 is less than 0
	And                // of bits, or logical of bool
	Or                 // of bits, or logical of bool
	Xor                // of bits; of bool: an odd number of them is true
	ops
)

var opNames = [ops]string{"none", "sum", "prod", "min", "max", "and", "or", "xor"}

// String is "sum", "min" ...
func (o Op) String() string {
	if o < ops {
		return opNames[o]
	}
	return "op " + strconv.Itoa(int(o))
}

// A fold combines n elements at x into those at acc, which come first in rank
// order: acc[i] = acc[i] op x[i].
type fold func(acc, x unsafe.Pointer, n int)

// foldOf is the fold of an operation for elements of type T. It panics where
// there is none.
func foldOf[T any](op Op) fold {
	if op == 0 || op >= ops {
		panic(panicOp)
	}
	kind := reflect.TypeFor[T]().Kind()
	if int(kind) < len(folds) {
		if f := folds[kind][op]; f != nil {
			return f
		}
	}
	panic(panicOpType)
}

// foldFunc is the fold of the user's own function.
func foldFunc[T any](fn func(acc, x T) T) fold {
	return func(acc, x unsafe.Pointer, n int) {
		a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
		for i, v := range b {
			a[i] = fn(a[i], v)
		}
	}
}

// folds has a fold for every kind and operation that go together.
var folds = [reflect.Complex128 + 1][ops]fold{
	reflect.Bool:       {And: andBool, Or: orBool, Xor: xorBool},
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
	reflect.Float32:    real[float32](),
	reflect.Float64:    real[float64](),
	reflect.Complex64:  number[complex64](),
	reflect.Complex128: number[complex128](),
}

func integer[T integers]() [ops]fold {
	f := real[T]()
	f[And], f[Or], f[Xor] = and[T], or[T], xor[T]
	return f
}

func real[T reals]() [ops]fold {
	f := number[T]()
	f[Min], f[Max] = least[T], greatest[T]
	return f
}

func number[T numbers]() [ops]fold { return [ops]fold{Sum: sum[T], Prod: prod[T]} }
