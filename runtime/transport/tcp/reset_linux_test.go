package tcp

import (
	"testing"

	"golang.org/x/sys/unix"
)

func resetRaw(t *testing.T, s socket) {
	t.Helper()
	if err := unix.SetsockoptLinger(s.(*rawSocket).fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		t.Fatal(err)
	}
}
