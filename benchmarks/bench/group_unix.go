//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// stopSignals end the program in order.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// ownGroup puts the command into a process group of its own, which gets SIGTERM when the context ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// killGroup kills what is left of the group after the command itself has ended.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
