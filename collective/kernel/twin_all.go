package kernel

import "unsafe"

// FoldAll in plain Go: element by element, so that dst may be any of the operands.

func at[T any](p unsafe.Pointer, i int) *T {
	return (*T)(unsafe.Add(p, i*int(unsafe.Sizeof(*new(T)))))
}

func sumAll[T numbers](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a += *at[T](x, i)
		}
		*at[T](dst, i) = a
	}
}

func prodAll[T numbers](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a *= *at[T](x, i)
		}
		*at[T](dst, i) = a
	}
}

func leastAll[T reals](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a = min(a, *at[T](x, i))
		}
		*at[T](dst, i) = a
	}
}

func greatestAll[T reals](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a = max(a, *at[T](x, i))
		}
		*at[T](dst, i) = a
	}
}

func andAll[T integers](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a &= *at[T](x, i)
		}
		*at[T](dst, i) = a
	}
}

func orAll[T integers](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a |= *at[T](x, i)
		}
		*at[T](dst, i) = a
	}
}

func xorAll[T integers](dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[T](xs[0], i)
		for _, x := range xs[1:] {
			a ^= *at[T](x, i)
		}
		*at[T](dst, i) = a
	}
}

func prodAllComplex128(dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
	if len(xs) == 0 {
		return
	}
	for i := range n {
		a := *at[complex128](xs[0], i)
		for _, x := range xs[1:] {
			a = times(a, *at[complex128](x, i))
		}
		*at[complex128](dst, i) = a
	}
}
