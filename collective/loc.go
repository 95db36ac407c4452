package collective

import (
	"reflect"
	"unsafe"

	"github.com/golaunch/golaunch/collective/kernel"
)

// Real is the integers and floats.
type Real interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

// Loc is a value and where it was: the element of MinLoc and MaxLoc. The index is
// what the caller likes, a rank or a place in an array that all ranks share. Of
// equal values the one with the least index counts. A NaN is both less and greater than any number; -0 equals 0.
type Loc[T Real] struct {
	Value T
	Index int
}

// located is how a Loc tells its kind.
type located interface{ kind() reflect.Kind }

func (*Loc[T]) kind() reflect.Kind { return reflect.TypeFor[T]().Kind() }

// locKind is the kind of T's value if T, described by t, is a Loc.
func locKind[T any](t reflect.Type) reflect.Kind {
	if l, ok := any((*T)(nil)).(located); ok && t.PkgPath() == home { // and not something that embeds one
		return l.kind()
	}
	return reflect.Invalid
}

var home = reflect.TypeFor[Op]().PkgPath()

// locKernels are MinLoc and MaxLoc by the kind of the value.
var locKernels = [reflect.Complex64][2]kernel.Kernel{
	reflect.Int:     locs[int](),
	reflect.Int8:    locs[int8](),
	reflect.Int16:   locs[int16](),
	reflect.Int32:   locs[int32](),
	reflect.Int64:   locs[int64](),
	reflect.Uint:    locs[uint](),
	reflect.Uint8:   locs[uint8](),
	reflect.Uint16:  locs[uint16](),
	reflect.Uint32:  locs[uint32](),
	reflect.Uint64:  locs[uint64](),
	reflect.Uintptr: locs[uintptr](),
	reflect.Float32: locs[float32](),
	reflect.Float64: locs[float64](),
}

func locs[T Real]() [2]kernel.Kernel {
	return [2]kernel.Kernel{{Fold: leastLoc[T], FoldAll: leastLocAll[T]}, {Fold: greatestLoc[T], FoldAll: greatestLocAll[T]}}
}

func leastLoc[T Real](acc, x unsafe.Pointer, n int) {
	a := unsafe.Slice((*Loc[T])(acc), n)
	for i, v := range unsafe.Slice((*Loc[T])(x), n) {
		if v.before(a[i], v.Value < a[i].Value) {
			a[i] = v
		}
	}
}

func greatestLoc[T Real](acc, x unsafe.Pointer, n int) {
	a := unsafe.Slice((*Loc[T])(acc), n)
	for i, v := range unsafe.Slice((*Loc[T])(x), n) {
		if v.before(a[i], v.Value > a[i].Value) {
			a[i] = v
		}
	}
}

func leastLocAll[T Real](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	for i := range n {
		a := nth((*Loc[T])(xs[0]), i)
		for _, x := range xs[1:] {
			if v := nth((*Loc[T])(x), i); v.before(a, v.Value < a.Value) {
				a = v
			}
		}
		unsafe.Slice((*Loc[T])(dst), n)[i] = a
	}
}

func greatestLocAll[T Real](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	for i := range n {
		a := nth((*Loc[T])(xs[0]), i)
		for _, x := range xs[1:] {
			if v := nth((*Loc[T])(x), i); v.before(a, v.Value > a.Value) {
				a = v
			}
		}
		unsafe.Slice((*Loc[T])(dst), n)[i] = a
	}
}

// before reports whether l wins against m. better: its value does, if neither is NaN.
func (l Loc[T]) before(m Loc[T], better bool) bool {
	if better {
		return true
	}
	mine, other := l.Value != l.Value, m.Value != m.Value // NaN
	if mine || other {
		return mine && (!other || l.Index < m.Index)
	}
	return l.Value == m.Value && l.Index < m.Index
}
