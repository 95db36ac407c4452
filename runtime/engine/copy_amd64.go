//go:build !race

package engine

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:noescape
func storeAround(dst, src unsafe.Pointer, n uintptr)

// copyAround copies n bytes that will not be read soon: of a message larger
// than the caches. It saves reading the destination first, 10 to 35 % of
// a transfer of 16 MiB on the reference machine; below 8 MiB it only loses.
func copyAround(dst, src unsafe.Pointer, n int) {
	if !cpu.X86.HasAVX || n < 256 {
		memmove(dst, src, n)
		return
	}
	head := int(-uintptr(dst) & 31)
	memmove(dst, src, head)
	dst, src, n = unsafe.Add(dst, head), unsafe.Add(src, head), n-head
	k := n &^ 127
	storeAround(dst, src, uintptr(k))
	memmove(unsafe.Add(dst, k), unsafe.Add(src, k), n-k)
}
