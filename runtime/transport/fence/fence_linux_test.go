package fence_test

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport/fence"
	"golang.org/x/sys/unix"
)

// childEnv makes the test binary do what TestYieldLetsCollectorWork looks at.
const childEnv = "FENCE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	// As the token does: somebody waits for another, who has work for the garbage collector.
	for range 200 {
		var done atomic.Bool
		go func() {
			runtime.GC()
			done.Store(true)
		}()
		for i := 0; !done.Load(); i++ {
			runtime.Gosched()
			if i%64 == 0 {
				fence.Yield()
			}
		}
	}
	os.Exit(0)
}

// A goroutine that yields while it waits can be stopped by the garbage collector,
// also when both have one processor.
func TestYieldLetsCollectorWork(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"=1", "GOMAXPROCS=2")
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	if err := unix.SchedSetaffinity(0, &all); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	late := time.AfterFunc(5*time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	t.Log(time.Since(began))
}
