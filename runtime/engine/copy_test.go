package engine

import (
	"bytes"
	"testing"
	"unsafe"
)

// Every length and alignment around the pieces of the loop, with guards on both sides.
func TestCopyAround(t *testing.T) {
	src := make([]byte, 2048)
	for i := range src {
		src[i] = byte(i*13 + i>>8)
	}
	for n := 0; n < 1100; n++ {
		if n > 600 && n%7 != 0 {
			continue
		}
		for _, at := range []int{0, 1, 7, 31, 32, 33, 63} {
			dst := make([]byte, 2048)
			copyAround(unsafe.Pointer(&dst[64+at]), unsafe.Pointer(&src[3*at]), n)
			want := make([]byte, 2048)
			copy(want[64+at:], src[3*at:3*at+n])
			if !bytes.Equal(dst, want) {
				t.Fatalf("%d bytes at %d: wrong bytes, or bytes beside them", n, at)
			}
		}
	}
}
