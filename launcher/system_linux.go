package launcher

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/golaunch/golaunch/runtime/topo"
)

// processors returns the processors this process may run on, and the processors'
// worth of time its cgroups let it use (+Inf without a limit).
func processors() (cpus []int, quota float64) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) == nil {
		for i := 0; len(cpus) < set.Count(); i++ {
			if set.IsSet(i) {
				cpus = append(cpus, i)
			}
		}
	}
	if len(cpus) == 0 { // more than a CPUSet holds
		for i := range runtime.NumCPU() {
			cpus = append(cpus, i)
		}
	}
	quota = math.Inf(1)
	for _, dir := range cgroups() {
		if b, err := os.ReadFile(filepath.Join(dir, "cpu.max")); err == nil {
			if q, err := topo.ParseCPUMax(string(b)); err == nil {
				quota = min(quota, q)
			}
		}
	}
	return cpus, quota
}

// cgroups returns the folders of this process's cgroup (version 2) and of all above
// it: a limit of any of them counts.
func cgroups() []string {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok || !strings.HasPrefix(path, "/") {
			continue
		}
		var dirs []string
		for {
			dirs = append(dirs, "/sys/fs/cgroup"+path)
			if path == "/" {
				return dirs
			}
			path = filepath.Dir(path)
		}
	}
	return nil
}

// mayExecute reports whether we have the right to execute a file.
func mayExecute(path string, _ fs.FileMode) bool { return unix.Access(path, unix.X_OK) == nil }

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// inForeground reports whether this process may read from the terminal fd.
func inForeground(fd int) bool {
	pgrp, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && pgrp == unix.Getpgrp()
}

// lockFile waits for the lock of a file, which it makes; several may share it. The system frees it when the
// process ends, however it does.
func lockFile(path string, shared bool) (free func(), err error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != syscall.EINTR {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// tryLock takes the lock of a file that is there, for one alone, if nobody has it.
func tryLock(path string) (free func(), ok bool) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, false
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		f.Close()
		return nil, false
	}
	return func() { f.Close() }, true
}

// trusted refuses a golaunch.toml that somebody else put where everybody may put files, such as
// /tmp: it can set variables that make programs do anything.
func trusted(path string, file fs.FileInfo) error {
	st, ok := file.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Geteuid() || st.Uid == 0 {
		return nil
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || dir.Mode()&0o002 == 0 {
		return nil
	}
	return fmt.Errorf("it belongs to another user (%d) and lies in a folder that everybody may write to: -config FILE takes it all the same, -config none takes none", st.Uid)
}

// privateDir makes a folder that nobody else can write to: executables of ours lie there.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var st syscall.Stat_t
	if err := syscall.Stat(dir, &st); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%s is not ours alone (owner %d, mode %#o)", dir, st.Uid, st.Mode&0o777)
	}
	return nil
}

// runWithUs runs a command that doesn't outlive us: the system ends it when this
// thread ends, so the goroutine keeps it.
func runWithUs(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd.Run()
}

// openFiles is how many files this process may have open. The os package has raised
// the soft limit to the hard one; ranks get the old one back.
func openFiles() int {
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) != nil || lim.Cur > 1<<30 {
		return 1 << 30
	}
	return int(lim.Cur)
}

// signalName says "SIGSEGV".
func signalName(s syscall.Signal) string {
	if n := unix.SignalName(s); n != "" {
		return n
	}
	return fmt.Sprintf("signal %d", int(s))
}

// notStarted says what an errno of fork, chdir or exec means for the user.
func notStarted(path string, errno syscall.Errno) (code int, why string) {
	switch {
	case errors.Is(errno, fs.ErrNotExist):
		return codeNoFile, fmt.Sprintf("%s was not found, or the interpreter that it names (in its #! line, or the dynamic loader) was not", path)
	case errno == syscall.ENOEXEC:
		return codeNoExec, fmt.Sprintf("%s is no program for this machine (%v): another architecture, or a script without a #! line", path, errno)
	case errno == syscall.EACCES, errno == syscall.EPERM:
		return codeNoExec, fmt.Sprintf("%s may not be executed (%v): permissions, or a file system mounted noexec", path, errno)
	case errno == syscall.EAGAIN:
		return codeError, fmt.Sprintf("no more processes are allowed (%v): see ulimit -u and the cgroup's pids.max", errno)
	case errno == syscall.ENOMEM:
		return codeError, fmt.Sprintf("no memory for another process (%v)", errno)
	case errno == syscall.E2BIG:
		return codeNoExec, fmt.Sprintf("arguments and environment are too long (%v)", errno)
	}
	return codeNoExec, fmt.Sprintf("%s: %v", path, errno)
}
