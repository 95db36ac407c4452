//go:build !linux

package mpitest

import "testing"

func processes(b *testing.B, n int) error {
	b.Skip("ranks as processes need Linux")
	return nil
}
