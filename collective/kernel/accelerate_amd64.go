//go:build amd64 && !purego

package kernel

import (
	"reflect"
	"slices"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// accelerate puts the vector forms in the place of their twins, where the processor has them.
func accelerate(t *table) {
	if !cpu.X86.HasAVX2 || raceDetector {
		return
	}
	v := vectors()
	for kind := range v {
		for op, k := range v[kind] {
			if k.Fold != nil {
				t[kind][op] = k
			}
		}
	}
}

// Assembly that combines n elements; all begins behind the first from of each array.
type (
	pair func(acc, x unsafe.Pointer, n int)
	all  func(dst, first unsafe.Pointer, xs []unsafe.Pointer, from, n int)
)

// pieceBytes is what is folded at once. Assembly can't be preempted, so that an array
// of any size would hold up the collector, and with it everybody, for as long as it takes.
const pieceBytes = 1 << 20

// Many operands are folded in steps of stepOperands, each of which goes on with what is in dst: the processor
// doesn't keep up with more streams. Then pieces are short, so that dst stays in its first cache.
const (
	stepOperands = 8
	stepBytes    = 16 << 10
)

// vector is the kernel made of a pair and an all. They take elements of unit bytes, it elements of size.
func vector(size, unit int, two pair, many all) Kernel {
	k := size / unit
	piece := pieceBytes / unit
	return Kernel{
		Fold: func(acc, x unsafe.Pointer, n int) {
			n *= k
			for ; n > piece; n -= piece {
				two(acc, x, piece)
				acc, x = unsafe.Add(acc, pieceBytes), unsafe.Add(x, pieceBytes)
			}
			two(acc, x, n)
		},
		FoldAll: func(dst unsafe.Pointer, xs []unsafe.Pointer, n int) {
			if len(xs) == 0 {
				return
			}
			first, xs := xs[0], xs[1:]
			step, piece := len(xs), piece
			// dst that is a late operand must not be written before.
			if len(xs) >= stepOperands && !slices.Contains(xs[stepOperands-1:], dst) {
				step, piece = stepOperands-1, stepBytes/unit
			}
			n *= k
			for from := 0; from < n; from += piece {
				count := min(piece, n-from)
				many(dst, first, xs[:step], from, count)
				for i := step; i < len(xs); i += stepOperands {
					many(dst, dst, xs[i:min(i+stepOperands, len(xs))], from, count)
				}
			}
		},
	}
}

// vectors has the AVX2 kernels.
func vectors() table {
	t := table{
		reflect.Bool:  bits(1),
		reflect.Int8:  bits(1),
		reflect.Int16: bits(2),
		reflect.Int32: bits(4),
		reflect.Int64: bits(8),
		reflect.Float32: {
			Sum: vector(4, 4, sumF32, sumAllF32), Prod: vector(4, 4, prodF32, prodAllF32),
			Min: vector(4, 4, leastF32, leastAllF32), Max: vector(4, 4, greatestF32, greatestAllF32),
		},
		reflect.Float64: {
			Sum: vector(8, 8, sumF64, sumAllF64), Prod: vector(8, 8, prodF64, prodAllF64),
			Min: vector(8, 8, leastF64, leastAllF64), Max: vector(8, 8, greatestF64, greatestAllF64),
		},
		// A complex sum is that of its parts.
		reflect.Complex64:  {Sum: vector(8, 4, sumF32, sumAllF32), Prod: vector(8, 8, prodC64, prodAllC64)},
		reflect.Complex128: {Sum: vector(16, 8, sumF64, sumAllF64), Prod: vector(16, 16, prodC128, prodAllC128)},
	}
	t[reflect.Int8][Sum], t[reflect.Int8][Prod] = vector(1, 1, sum8, sumAll8), vector(1, 1, prod8, prodAll8)
	t[reflect.Int16][Sum], t[reflect.Int16][Prod] = vector(2, 2, sum16, sumAll16), vector(2, 2, prod16, prodAll16)
	t[reflect.Int32][Sum], t[reflect.Int32][Prod] = vector(4, 4, sum32, sumAll32), vector(4, 4, prod32, prodAll32)
	t[reflect.Int64][Sum] = vector(8, 8, sum64, sumAll64)

	// Signed and unsigned differ in their order only.
	t[reflect.Uint8], t[reflect.Uint16], t[reflect.Uint32], t[reflect.Uint64] =
		t[reflect.Int8], t[reflect.Int16], t[reflect.Int32], t[reflect.Int64]
	order := func(signed, unsigned reflect.Kind, op Op, s, u Kernel) { t[signed][op], t[unsigned][op] = s, u }
	order(reflect.Int8, reflect.Uint8, Min, vector(1, 1, leastI8, leastAllI8), vector(1, 1, leastU8, leastAllU8))
	order(reflect.Int8, reflect.Uint8, Max, vector(1, 1, greatestI8, greatestAllI8), vector(1, 1, greatestU8, greatestAllU8))
	order(reflect.Int16, reflect.Uint16, Min, vector(2, 2, leastI16, leastAllI16), vector(2, 2, leastU16, leastAllU16))
	order(reflect.Int16, reflect.Uint16, Max, vector(2, 2, greatestI16, greatestAllI16), vector(2, 2, greatestU16, greatestAllU16))
	order(reflect.Int32, reflect.Uint32, Min, vector(4, 4, leastI32, leastAllI32), vector(4, 4, leastU32, leastAllU32))
	order(reflect.Int32, reflect.Uint32, Max, vector(4, 4, greatestI32, greatestAllI32), vector(4, 4, greatestU32, greatestAllU32))
	order(reflect.Int64, reflect.Uint64, Min, vector(8, 8, leastI64, leastAllI64), vector(8, 8, leastU64, leastAllU64))
	order(reflect.Int64, reflect.Uint64, Max, vector(8, 8, greatestI64, greatestAllI64), vector(8, 8, greatestU64, greatestAllU64))

	t[reflect.Int] = t[reflect.Int64]
	t[reflect.Uint], t[reflect.Uintptr] = t[reflect.Uint64], t[reflect.Uint64]
	return t
}

func bits(size int) [ops]Kernel {
	return [ops]Kernel{
		And: vector(size, 1, andBits, andAllBits),
		Or:  vector(size, 1, orBits, orAllBits),
		Xor: vector(size, 1, xorBits, xorAllBits),
	}
}
