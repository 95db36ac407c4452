package mpi

import (
	"reflect"
	"sync/atomic"
	"unsafe"
)

// elemSize is the size of T in bytes. It panics, naming the field, when T holds
// pointers: such values mean nothing in another process. The verdict is remembered by type.
func elemSize[T any]() int {
	var zero T
	t := any((*T)(nil))
	p := *(*unsafe.Pointer)(unsafe.Pointer(&t)) // the descriptor of *T
	if plainTypes[uintptr(p)>>5%uintptr(len(plainTypes))].Load() != uintptr(p) {
		checkPlain(reflect.TypeFor[T](), uintptr(p))
	}
	return int(unsafe.Sizeof(zero))
}

// ElemSize is the check of an element type by package collective, and its size in bytes. No compatibility promise.
func ElemSize[T any]() int { return elemSize[T]() }

// plainTypes remembers types without pointers by the address of their pointer
// type's descriptor, which never moves: a direct-mapped cache.
var plainTypes [256]atomic.Uintptr

func checkPlain(t reflect.Type, p uintptr) {
	if where := pointerIn(t, t.String()); where != "" {
		panic("mpi: element type holds a pointer: " + where)
	}
	plainTypes[p>>5%uintptr(len(plainTypes))].Store(p)
}

// pointerIn names the first part of t that is or holds a pointer, or "".
func pointerIn(t reflect.Type, path string) string {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return ""
	case reflect.Array:
		return pointerIn(t.Elem(), path+"[]")
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if w := pointerIn(f.Type, path+"."+f.Name); w != "" {
				return w
			}
		}
		return ""
	}
	return path + " (" + t.Kind().String() + ")"
}

// typeSum tells element types apart in a Move: FNV-1a of the type's name,
// remembered like the verdict on its pointers.
func typeSum[T any]() uint64 {
	t := any((*T)(nil))
	p := uintptr(*(*unsafe.Pointer)(unsafe.Pointer(&t)))
	k := &typeSums[p>>5%uintptr(len(typeSums))]
	if s := k.Load(); s != nil && s.typ == p {
		return s.sum
	}
	s := &namedSum{p, nameSum(reflect.TypeFor[T]())}
	k.Store(s)
	return s.sum
}

type namedSum struct {
	typ uintptr
	sum uint64
}

var typeSums [64]atomic.Pointer[namedSum]

func nameSum(t reflect.Type) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range []string{t.PkgPath(), "/", t.String()} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	return h
}
