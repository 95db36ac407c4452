//go:build unix

package bootstrap

import (
	"fmt"
	"os"
	"syscall"
)

// checkFDs makes sure that the inherited descriptors are what info says.
func checkFDs(i *Info) error {
	var st syscall.Stat_t
	err := syscall.Fstat(i.ControlFD, &st)
	if err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		err = syscall.ENOTSOCK
	}
	if err != nil {
		return fmt.Errorf("bootstrap: the environment names descriptor %d as the control socket of rank %d, but: %w (only the rank itself can join, not a program that it starts)", i.ControlFD, i.Rank, err)
	}
	if err := syscall.Fstat(i.SegmentFD, &st); err != nil {
		return fmt.Errorf("bootstrap: the environment names descriptor %d as the shared segment of rank %d, but: %w (only the rank itself can join, not a program that it starts)", i.SegmentFD, i.Rank, err)
	}
	return nil
}

// takeOver makes the control socket a file of this process.
func takeOver(i *Info) (*os.File, error) {
	if err := checkFDs(i); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(i.SegmentFD)
	syscall.CloseOnExec(i.ControlFD)
	// Non-blocking: the reader waits in the network poller and holds no thread.
	if err := syscall.SetNonblock(i.ControlFD, true); err != nil {
		return nil, fmt.Errorf("bootstrap: control socket of rank %d: %w", i.Rank, err)
	}
	return os.NewFile(uintptr(i.ControlFD), "control socket"), nil
}
