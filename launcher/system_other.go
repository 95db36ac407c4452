//go:build !linux

package launcher

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
)

// errUnsupported says what works where.
var errUnsupported = errors.New("golaunch can run jobs on Linux only so far (it needs shared memory that processes inherit); on this system mpi.RunLocal and package mpitest run ranks as goroutines")

// Run fails: jobs run on Linux only so far.
func Run(*Options) (int, error) { return 0, &Error{codeError, errUnsupported} }

func processors() (cpus []int, quota float64) {
	for i := range runtime.NumCPU() {
		cpus = append(cpus, i)
	}
	return cpus, math.Inf(1)
}

func mayExecute(_ string, m fs.FileMode) bool { return runtime.GOOS == "windows" || m&0o111 != 0 }
func trusted(string, fs.FileInfo) error       { return nil }
func isTerminal(int) bool                     { return false }
func privateDir(dir string) error             { return os.MkdirAll(dir, 0o700) }
func runWithUs(cmd *exec.Cmd) error           { return cmd.Run() }
func lockFile(string, bool) (func(), error)   { return func() {}, nil }
func tryLock(string) (func(), bool)           { return nil, false }
func memory() (total, free, limit int64)      { return 0, 0, 0 }
func machine() string                         { return runtime.GOOS + "/" + runtime.GOARCH }
