package kernel

import (
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
)

// TestPages: arrays that begin or end where memory does. A kernel that reads a byte too much crashes.
func TestPages(t *testing.T) {
	page := os.Getpagesize()
	var side [3][]byte
	for i := range side {
		m, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatal("mmap: ", err)
		}
		defer syscall.Munmap(m)
		side[i] = m[page : 2*page : 2*page]
		if err := syscall.Mprotect(side[i], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			t.Fatal("mprotect: ", err)
		}
	}
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		r := rand.New(rand.NewPCG(uint64(op), uint64(s.kind)))
		for bytes := 0; bytes <= 200; bytes += s.size {
			for _, atEnd := range []bool{true, false} {
				var x [3]array
				for i := range x {
					body := side[i][:bytes]
					if atEnd {
						body = side[i][page-bytes:]
					}
					x[i] = array{body: body}
					x[i].fill(r, s)
				}
				want := expect(s, op, [][]byte{x[0].body, x[1].body})
				k.FoldAll(x[2].p(), pointersTo(x[:2]), bytes/s.size)
				if err := compare(s, x[2].body, want); err != nil {
					t.Fatal("FoldAll: ", err)
				}
				k.Fold(x[0].p(), x[1].p(), bytes/s.size)
				if err := compare(s, x[0].body, want); err != nil {
					t.Fatal("Fold: ", err)
				}
			}
		}
	})
}
