package collective

import (
	"reflect"
	"unsafe"

	"github.com/golaunch/golaunch/collective/kernel"
)

// reproducible is the fold of SumReproducible, without a kernel if it needs none (integers) or doesn't take the type. Floats become Accumulators
// on every rank, and the results floats again: between ranks and in scratch an element is 40 bytes.
func reproducible(t reflect.Type) fold {
	f := fold{Kernel: kernel.Kernel{Fold: join, FoldAll: joinAll}, anyOrder: true}
	switch t.Kind() {
	case reflect.Float32:
		f.wide = sums32
	case reflect.Float64:
		f.wide = sums64
	case reflect.Complex64:
		f.Kernel, f.wide = joinPairs, pairs32
	case reflect.Complex128:
		f.Kernel, f.wide = joinPairs, pairs64
	default:
		if t != reflect.TypeFor[Accumulator]() {
			return fold{}
		}
	}
	return f
}

var (
	sums32    = &wide{size: int(unsafe.Sizeof(Accumulator{})), open: open[float32], close: close32}
	sums64    = &wide{size: int(unsafe.Sizeof(Accumulator{})), open: open[float64], close: close64}
	pairs32   = sums32.twice()
	pairs64   = sums64.twice()
	joinPairs = twice(kernel.Kernel{Fold: join, FoldAll: joinAll})
)

// twice is for elements that are two of those of w: complex numbers.
func (w *wide) twice() *wide {
	return &wide{
		size:  2 * w.size,
		open:  func(dst, src unsafe.Pointer, n int) { w.open(dst, src, 2*n) },
		close: func(dst, src unsafe.Pointer, n int) { w.close(dst, src, 2*n) },
	}
}

func open[T float32 | float64](dst, src unsafe.Pointer, n int) {
	to := unsafe.Slice((*Accumulator)(dst), n)
	for i, x := range unsafe.Slice((*T)(src), n) {
		to[i] = Accumulator{}
		to[i].add(float64(x))
	}
}

func close32(dst, src unsafe.Pointer, n int) {
	to, from := unsafe.Slice((*float32)(dst), n), unsafe.Slice((*Accumulator)(src), n)
	for i := range to {
		to[i] = from[i].Float32()
	}
}

func close64(dst, src unsafe.Pointer, n int) {
	to, from := unsafe.Slice((*float64)(dst), n), unsafe.Slice((*Accumulator)(src), n)
	for i := range to {
		to[i] = from[i].Float64()
	}
}

func join(acc, x unsafe.Pointer, n int) {
	a, b := unsafe.Slice((*Accumulator)(acc), n), unsafe.Slice((*Accumulator)(x), n)
	for i := range a {
		a[i].Join(&b[i])
	}
}

func joinAll(dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	to := unsafe.Slice((*Accumulator)(dst), n)
	for i := range to {
		sum := nth((*Accumulator)(xs[0]), i)
		for _, x := range xs[1:] {
			sum.Join(&unsafe.Slice((*Accumulator)(x), n)[i])
		}
		to[i] = sum
	}
}
