package kernel

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"
)

// Each form of each kernel. Small values: no operation meets a subnormal or an infinity that slows it down.

func benchmark(b *testing.B, operands int, run func(k Kernel, xs []unsafe.Pointer, n int)) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range subjects() {
		switch s.kind {
		case reflect.Int, reflect.Uint, reflect.Uintptr:
			continue // the same as their fixed-size kinds
		}
		for op := Sum; op < ops; op++ {
			if s.ops[op] == nil {
				continue
			}
			for _, bytes := range []int{16, 1 << 10, 1 << 15, 1 << 20} {
				var xs []unsafe.Pointer
				for range operands {
					x := make([]uint64, bytes/8)
					for i := range x {
						x[i] = 0x3f80_0000_3f80_0000 + r.Uint64N(2)
						if s.kind == reflect.Bool {
							x[i] = r.Uint64() & 0x0101010101010101
						}
					}
					xs = append(xs, unsafe.Pointer(&x[0]))
				}
				f := forms()
				for _, form := range []string{"twin", "avx2"} {
					k := f[form][s.kind][op]
					if k.Fold == nil {
						continue
					}
					b.Run(fmt.Sprintf("%s/%v/bytes=%d/%s", opNames[op], s.kind, bytes, form), func(b *testing.B) {
						b.SetBytes(int64(bytes))
						for range b.N {
							run(k, xs, bytes/s.size)
						}
					})
				}
			}
		}
	}
}

func BenchmarkFold(b *testing.B) {
	benchmark(b, 2, func(k Kernel, xs []unsafe.Pointer, n int) { k.Fold(xs[0], xs[1], n) })
}

// BenchmarkFoldAll folds 8 operands into the first in one pass, BenchmarkPairs in seven.
func BenchmarkFoldAll(b *testing.B) {
	benchmark(b, 8, func(k Kernel, xs []unsafe.Pointer, n int) { k.FoldAll(xs[0], xs, n) })
}

func BenchmarkPairs(b *testing.B) {
	benchmark(b, 8, func(k Kernel, xs []unsafe.Pointer, n int) {
		for _, x := range xs[1:] {
			k.Fold(xs[0], x, n)
		}
	})
}
