// Package kernel folds arrays of numbers, element by element: what a reduction
// does to the data.
//
//	Fold      acc[i] = acc[i] op x[i]
//	FoldAll   dst[i] = xs[0][i] op xs[1][i] op ... op xs[k-1][i], from left to right
//
// It works on raw memory, any alignment, and knows nothing of ranks. FoldAll keeps the running values of 8 operands in
// registers; more are folded in steps, piece by piece, so that dst stays in the cache. Several
// goroutines may fold at once.
//
// # Same bits everywhere
//
// Every fold exists as plain Go, the twin, which says what is right. On amd64 with AVX2 most
// have a vector form too, in assembly made by the program in folder gen. Both
// give the same bits: an element's result comes from the same operations in the same order, without
// fused multiply-add, and complex64 is multiplied in float64, as Go does. The one thing left open
// is which NaN a NaN result is (sign and payload); that depends on the compiler.
//
// Only in Go, as AVX2 has nothing to gain there: Prod of 64-bit integers, for which it has no
// multiplication. Only in Go as well: all of it with build tag purego, on other processors, and under
// the race detector, which can't see into assembly.
package kernel

//go:generate go run -C gen . ..
