//go:build !amd64 || race

package engine

import "unsafe"

func copyAround(dst, src unsafe.Pointer, n int) { memmove(dst, src, n) }
