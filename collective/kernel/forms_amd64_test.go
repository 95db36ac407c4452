//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

// forms are the implementations that run here.
func forms() map[string]table {
	f := map[string]table{"twin": twins()}
	if cpu.X86.HasAVX2 {
		f["avx2"] = vectors()
	}
	return f
}
