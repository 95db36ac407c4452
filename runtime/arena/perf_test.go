package arena

import (
	"fmt"
	"testing"
)

func TestNoAllocations(t *testing.T) {
	const mib = 1 << 20
	h, v := newHeap(t, 2000, 0, Config{
		Blocks: 64, Keep: 1, // gives back at every free
		Punch: func(off, n uint64) {},
	})
	var buf [HandleSize]byte
	x, b := mustAlloc(t, h, 1000)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range map[string]func(){
		"Alloc and Free": func() {
			y, _, err := h.Alloc(mib)
			check(err)
			check(h.Free(y))
		},
		"Alloc and Free by another rank": func() {
			y, _, err := h.Alloc(mib)
			check(err)
			check(v.Free(y))
		},
		"Release and Accept": func() {
			m, err := v.Release(x, 1)
			check(err)
			x, err = v.Accept(m, 1)
			check(err)
		},
		"Bytes": func() {
			_, err := v.Bytes(x)
			check(err)
		},
		"Encode and Decode": func() {
			x.Encode(buf[:])
			_, err := Decode(buf[:])
			check(err)
		},
		"Locate and Window": func() {
			off, _ := v.Locate(b)
			_, err := v.Window(off, uint64(len(b)))
			check(err)
		},
	} {
		if n := min(testing.AllocsPerRun(100, f), testing.AllocsPerRun(100, f)); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAllocFree(b *testing.B) {
	for _, n := range []int{PageSize, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h, _ := newHeap(b, 40000, 0, Config{})
			b.ReportAllocs()
			for b.Loop() {
				x, _, err := h.Alloc(n)
				if err != nil || h.Free(x) != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Blocks that lie among many others, so that the tree has something to search.
func BenchmarkAllocFreeFragmented(b *testing.B) {
	h, _ := newHeap(b, 100000, 0, Config{})
	var odd []Handle
	for i := range 20000 {
		x, _ := mustAlloc(b, h, (1+i%5)*PageSize)
		if i%2 == 1 {
			odd = append(odd, x)
		}
	}
	for _, x := range odd {
		must(b, h.Free(x))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		x, _, err := h.Alloc((1 + i%7) * PageSize)
		if err != nil || h.Free(x) != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRemoteFree(b *testing.B) {
	h, v := newHeap(b, 40000, 0, Config{})
	b.ReportAllocs()
	for b.Loop() {
		x, _, err := h.Alloc(1 << 20)
		if err != nil || v.Free(x) != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMove(b *testing.B) {
	h, v := newHeap(b, 1000, 0, Config{})
	x, _ := mustAlloc(b, h, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		m, err := v.Release(x, 1)
		if err != nil {
			b.Fatal(err)
		}
		if x, err = v.Accept(m, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes(b *testing.B) {
	h, v := newHeap(b, 1000, 0, Config{})
	x, _ := mustAlloc(b, h, 1<<20)
	for b.Loop() {
		if _, err := v.Bytes(x); err != nil {
			b.Fatal(err)
		}
	}
}
