//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// golaunchPath is the built binary: go run would turn every exit code into 1, and the
// keeper is this binary once more.
var golaunchPath string

func TestMain(m *testing.M) {
	testscript.Main(builder{m}, map[string]func(){"rank": rankMain})
}

// builder builds golaunch before the tests run (and not in the processes that are
// started as a rank).
type builder struct{ m *testing.M }

func (b builder) Run() int {
	// What whoever runs the tests has left open must not reach the ranks.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Nor does a golaunch under test ignore what they ignore (nohup). Caught signals begin as usual in children.
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	dir, err := os.MkdirTemp("", "golaunch-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	golaunchPath = filepath.Join(dir, "golaunch")
	build := exec.Command("go", "build", "-o", golaunchPath, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building golaunch:", err)
		return 1
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return b.m.Run()
}

func TestScript(t *testing.T) {
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOFLAGS").Output()
	if err != nil {
		t.Fatal(err)
	}
	goEnv := strings.Split(string(cache), "\n")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			mark := newMark()
			env.Vars = append(env.Vars, mark.String(), "MODULE="+module, "GOLAUNCH="+golaunchPath, "PID="+strconv.Itoa(os.Getpid()),
				"GOCACHE="+goEnv[0], "GOMODCACHE="+goEnv[1], "GOFLAGS="+goEnv[2], "XDG_CACHE_HOME="+filepath.Join(env.WorkDir, "cache"))
			env.Defer(func() { mark.expectNone(t) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": cmdCode, "hang": cmdHang},
	})
}

// cmdCode runs a command and checks its exit code: code 3 golaunch -n 2 ...
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [arguments]")
	}
	expectCode(ts, ts.Exec(args[1], args[2:]...), want)
}

// expectCode checks how a command of the script has ended: -9 stands for signal 9.
func expectCode(ts *testscript.TestScript, err error, want int) {
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
		if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
			got = -int(ws.Signal())
		}
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdHang runs a job that never ends until golaunch's -timeout ends it: hang 0.5 'pattern' -n 2 program ...
//
// A timeout that comes before all ranks have got to where they hang, as on a busy machine, shows nothing. So
// the job runs again, each time for twice as long, until the pattern is found in standard error. The pattern
// stands for all ranks; what else the script wants to see, or not to see, are lines of their own.
func cmdHang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: hang seconds pattern [golaunch's arguments]")
	}
	seconds, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	for ; ; seconds *= 2 {
		expectCode(ts, ts.Exec("golaunch", append([]string{"-timeout", fmt.Sprint(seconds)}, args[2:]...)...), 124)
		if pattern.MatchString(ts.ReadFile("stderr")) {
			return
		}
		if seconds > 30 {
			ts.Fatalf("no %s in standard error, however long the job runs", args[1])
		}
	}
}

// A mark is a variable in the environment by which the processes of one test are found
// again, wherever they went.
type mark string

const markName = "GOLAUNCH_TEST_MARK"

var marks atomic.Int64

func newMark() mark {
	return mark(fmt.Sprintf("%d-%d-%d", os.Getpid(), time.Now().UnixNano(), marks.Add(1)))
}

func (m mark) String() string { return markName + "=" + string(m) }

// find returns the living processes that carry the mark, and what they are.
func (m mark) find() (pids []int, what []string) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if err != nil || !bytes.Contains(env, []byte(m.String()+"\x00")) {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		if i := bytes.LastIndexByte(stat, ')'); i < 0 || i+2 >= len(stat) || stat[i+2] == 'Z' || stat[i+2] == 'X' {
			continue
		}
		cmd, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		pids = append(pids, pid)
		what = append(what, fmt.Sprintf("%d %q", pid, bytes.ReplaceAll(cmd, []byte{0}, []byte{' '})))
	}
	return pids, what
}

// expectNone fails the test if processes with the mark are left, and ends them. After a
// kill of golaunch the keeper needs a moment, so it looks for a while.
func (m mark) expectNone(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		pids, what := m.find()
		if len(pids) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("still running: %v", what)
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			return
		}
		time.Sleep(time.Millisecond)
	}
}
