//go:build !linux

package tcp

import "testing"

func resetRaw(t *testing.T, _ socket) { t.Helper(); t.Fatal("no raw sockets here") }
