package spawn

import (
	"os"

	"golang.org/x/sys/unix"
)

// Watch returns a file that becomes readable when process pid, no child of ours,
// has ended: WaitGone waits for it without a thread. The error is the system's,
// for example that the process is gone already (ESRCH).
func Watch(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "process"), nil
}

// WaitGone waits until the process of w has ended, or w is closed. It reports
// whether the process has ended.
func WaitGone(w *os.File) bool {
	c, err := w.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = c.Read(func(fd uintptr) bool {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		gone = n == 1 && err == nil
		return gone
	})
	return err == nil && gone
}
