package collective

import (
	"reflect"
	"strconv"
	"unsafe"

	"github.com/golaunch/golaunch/collective/kernel"
)

// Op is how two elements become one. Ops are comparable constants.
type Op uint8

const (
	Sum  = Op(kernel.Sum)  // integers wrap around
	Prod = Op(kernel.Prod) // integers wrap around
	Min  = Op(kernel.Min)  // NaN if any element is NaN; -0 is less than 0
	Max  = Op(kernel.Max)  // NaN if any element is NaN; -0 is less than 0
	And  = Op(kernel.And)  // of bits, or logical of bool
	Or   = Op(kernel.Or)   // of bits, or logical of bool
	Xor  = Op(kernel.Xor)  // of bits; of bool: an odd number of them is true
)

var opNames = [...]string{"none", Sum: "sum", Prod: "prod", Min: "min", Max: "max", And: "and", Or: "or", Xor: "xor"}

// String is "sum", "min" ...
func (o Op) String() string {
	if int(o) < len(opNames) {
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
	if op == 0 || int(op) >= len(opNames) {
		panic(panicOp)
	}
	k, ok := kernel.Of(kernel.Op(op), reflect.TypeFor[T]().Kind())
	if !ok {
		panic(panicOpType)
	}
	return k.Fold
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
