package layout

import (
	"fmt"
	"testing"
)

// The column of a row-major float64 matrix, beside the loop one would write by hand.
func BenchmarkColumn(b *testing.B) {
	for _, n := range []int{32, 512} {
		l := Vector(n, 1, n).At(1)
		mem, packed := make([]byte, n*n*8), make([]byte, n*8)
		matrix, column := make([]float64, n*n), make([]float64, n)
		b.Run(fmt.Sprintf("pack/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(packed)))
			for b.Loop() {
				l.Pack(packed, mem, 8, 0)
			}
		})
		b.Run(fmt.Sprintf("unpack/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(packed)))
			for b.Loop() {
				l.Unpack(mem, 8, 0, packed)
			}
		})
		b.Run(fmt.Sprintf("hand/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(packed)))
			for b.Loop() {
				for i := range column {
					column[i] = matrix[i*n+1]
				}
			}
		})
	}
}

// A face of a cube across its rows, an index list, and an index list of triples.
func BenchmarkShapes(b *testing.B) {
	const n = 32
	list := make([]int, n*n)
	for i := range list {
		list[i] = i * 7919 % (n * n * n / 3)
	}
	mem, packed := make([]byte, n*n*n*8), make([]byte, 3*n*n*8)
	for _, c := range []struct {
		name string
		l    Layout
	}{
		{"face", Subarray([]int{n, n, n}, []int{n - 2, 1, n - 2}, []int{1, 5, 1})},
		{"side", Subarray([]int{n, n, n}, []int{n - 2, n - 2, 1}, []int{1, 1, 5})},
		{"list", IndexedBlock(1, list)},
		{"triples", Nest(IndexedBlock(1, list), Contiguous(3), 3)},
		{"one", Contiguous(n * n)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.l.Bytes(8)))
			for b.Loop() {
				c.l.Pack(packed, mem, 8, 0)
			}
		})
	}
}

// What it costs to come back for the next fragment.
func BenchmarkResume(b *testing.B) {
	l := Subarray([]int{32, 32, 32}, []int{30, 30, 3}, []int{1, 1, 1})
	mem, packed := make([]byte, 32*32*32*8), make([]byte, 8)
	total := l.Bytes(8)
	from := 0
	for b.Loop() {
		l.Pack(packed, mem, 8, from)
		if from += 8; from == total {
			from = 0
		}
	}
}
