package kernel

import (
	"reflect"
	"unsafe"
)

// Op is how two elements become one.
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

// Kernel is one operation on elements of one kind. Memory may have any alignment.
type Kernel struct {
	// Fold combines n elements at x into those at acc, which come first. x is acc or apart from it.
	Fold func(acc, x unsafe.Pointer, n int)
	// FoldAll combines n elements at each of xs, in that order, into those at dst. dst is one of
	// xs, any one, or apart from them. Nothing happens if xs is empty.
	FoldAll func(dst unsafe.Pointer, xs []unsafe.Pointer, n int)
}

// Of is the kernel of an operation for elements of a basic kind, or false where there is none: And, Or and Xor
// take integers and bool, Min and Max integers and floats, Sum and Prod all numbers.
func Of(op Op, kind reflect.Kind) (Kernel, bool) {
	if int(kind) >= len(kernels) || op >= ops {
		return Kernel{}, false
	}
	k := kernels[kind][op]
	return k, k.Fold != nil
}

type table [reflect.Complex128 + 1][ops]Kernel

// kernels is what Of gives: the twins, and in their place what is faster here.
var kernels = func() table {
	t := twins()
	accelerate(&t)
	return t
}()
