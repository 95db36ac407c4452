package collective

import (
	"reflect"
	"slices"
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

const (
	LAnd            = Xor + 1 + iota // 1 if no element is 0, else 0; of bool: And
	LOr                              // 1 if an element is not 0, else 0; of bool: Or
	LXor                             // 1 if an odd number of elements are not 0, else 0; of bool: Xor
	MinLoc                           // of Loc: the least value, and the least index that has it
	MaxLoc                           // of Loc: the greatest value, and the least index that has it
	SumReproducible                  // the same bits in any order, with any number of ranks: see Accumulator
)

var opNames = [...]string{"none", Sum: "sum", Prod: "prod", Min: "min", Max: "max", And: "and", Or: "or", Xor: "xor",
	LAnd: "logical and", LOr: "logical or", LXor: "logical xor", MinLoc: "min loc", MaxLoc: "max loc", SumReproducible: "reproducible sum"}

// String is "sum", "min" ...
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "op " + strconv.Itoa(int(o))
}

// A fold combines arrays of elements in rank order.
type fold struct {
	kernel.Kernel
	name     uint32 // tells operations and kinds apart; 0: the user's function
	anyOrder bool   // the operands may change places
	wide     *wide  // what the kernel works on, if not on the elements
}

// foldOf is the fold of an operation for elements of type T. It panics where
// there is none.
func foldOf[T any](op Op) fold {
	if op == 0 || int(op) >= len(opNames) {
		panic(panicOp)
	}
	t := reflect.TypeFor[T]()
	kind := t.Kind()
	var f fold
	switch op {
	case LAnd, LOr, LXor:
		f = logical(op, kind)
	case MinLoc, MaxLoc:
		if kind = locKind[T](t); kind != reflect.Invalid {
			f = fold{Kernel: locKernels[kind][op-MinLoc], anyOrder: true}
		}
	case SumReproducible:
		if f = reproducible(t); f.wide != nil || kind == reflect.Struct {
			break
		}
		op = Sum // of integers
		fallthrough
	default:
		if k, ok := kernel.Of(kernel.Op(op), kind); ok {
			f = fold{Kernel: k, anyOrder: kind < reflect.Float32 || op == Min || op == Max}
		}
	}
	if f.Fold == nil {
		panic(panicOpType)
	}
	f.name = uint32(op)<<8 | uint32(kind)
	return f
}

// FuncOption says something about the function of ReduceFunc, AllreduceFunc ...
type FuncOption uint8

// Commutative is for a function whose result doesn't change, or may change, when operands change places: fn(a, b) is as good as fn(b, a).
// It may then be called with operands in another order than that of their ranks, which spares waiting.
const Commutative FuncOption = 1

// foldFunc is the fold of the user's own function.
func foldFunc[T any](fn func(acc, x T) T, opts ...FuncOption) fold {
	if fn == nil {
		panic(panicFunc)
	}
	one := func(acc, x unsafe.Pointer, n int) {
		a, b := unsafe.Slice((*T)(acc), n), unsafe.Slice((*T)(x), n)
		for i, v := range b {
			a[i] = fn(a[i], v)
		}
	}
	all := func(dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
		for i := range n {
			at := uintptr(i) * unsafe.Sizeof(*new(T))
			v := *(*T)(unsafe.Add(xs[0], at))
			for _, x := range xs[1:] {
				v = fn(v, *(*T)(unsafe.Add(x, at)))
			}
			*(*T)(unsafe.Add(dst, at)) = v
		}
	}
	return fold{Kernel: kernel.Kernel{Fold: one, FoldAll: all}, anyOrder: slices.Contains(opts, Commutative)}
}
