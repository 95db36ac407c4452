package collective

import (
	"reflect"
	"sync"
	"unsafe"
)

// block is the memory of a slice: n elements of some type, bytes in all.
type block struct {
	p     unsafe.Pointer
	n     int
	bytes int
}

// blockOf checks the element type and takes the slice's memory.
func blockOf[T any](s []T) block {
	kindOf[T]()
	var zero T
	return block{unsafe.Pointer(unsafe.SliceData(s)), len(s), len(s) * int(unsafe.Sizeof(zero))}
}

// piece is part i of b, cut into parts of the size of part.
func (b block) piece(i int, part block) block {
	if part.bytes == 0 {
		return part
	}
	return block{unsafe.Add(b.p, i*part.bytes), part.n, part.bytes}
}

func (b block) copyFrom(src block) {
	if b.p != src.p {
		copy(unsafe.Slice((*byte)(b.p), b.bytes), unsafe.Slice((*byte)(src.p), src.bytes))
	}
}

// overlaps reports whether two blocks share memory.
func (b block) overlaps(o block) bool {
	x, y := uintptr(b.p), uintptr(o.p)
	return b.bytes > 0 && o.bytes > 0 && x < y+uintptr(o.bytes) && y < x+uintptr(b.bytes)
}

// kindOf is the kind of T. It panics, naming the field, when T holds pointers:
// such values mean nothing in another process.
func kindOf[T any]() reflect.Kind {
	switch any((*T)(nil)).(type) { // no lookup for what is used most
	case *float64:
		return reflect.Float64
	case *float32:
		return reflect.Float32
	case *int:
		return reflect.Int
	case *int64:
		return reflect.Int64
	case *int32:
		return reflect.Int32
	case *uint64:
		return reflect.Uint64
	case *uint32:
		return reflect.Uint32
	case *byte:
		return reflect.Uint8
	case *complex128:
		return reflect.Complex128
	case *bool:
		return reflect.Bool
	}
	t := reflect.TypeFor[T]()
	if k, ok := kinds.Load(t); ok {
		return k.(reflect.Kind)
	}
	if where := pointerIn(t, t.String()); where != "" {
		panic(panicPointer + where)
	}
	kinds.Store(t, t.Kind())
	return t.Kind()
}

// kinds remembers types without pointers: reflect.Type -> reflect.Kind. Reading it takes no lock.
var kinds sync.Map

// pointerIn names the first part of t that is or holds a pointer, or "".
func pointerIn(t reflect.Type, path string) string {
	switch k := t.Kind(); {
	case k >= reflect.Bool && k <= reflect.Complex128:
		return ""
	case k == reflect.Array:
		return pointerIn(t.Elem(), path+"[]")
	case k == reflect.Struct:
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
