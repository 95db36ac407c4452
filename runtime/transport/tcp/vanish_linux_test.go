package tcp

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/transport/tcp/frame"
	"github.com/golaunch/golaunch/runtime/wire"
	"golang.org/x/sys/unix"
)

const inNamespace = "GOLAUNCH_TEST_TCP_NAMESPACE"

// TestVanish: a network that stops carrying anything, without a word, is noticed. It runs itself again in a network namespace of
// its own, whose
// only interface it can take down.
func TestVanish(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		vanish(t)
		return
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestVanish$", "-test.v", "-test.timeout=100s")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no right to make a network namespace")
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// loopback takes the interface up or down.
func loopback(t *testing.T, up bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var req struct { // struct ifreq
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:], "lo")
	if up {
		req.flags = unix.IFF_UP
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&req))); e != 0 {
		t.Fatal(e)
	}
}

func vanish(t *testing.T) {
	for _, name := range []string{"idle", "sending", "full"} {
		loopback(t, true)
		a, b := connected(t, modes["plain"])
		greet(t, a, b)
		data := make([]byte, a.net.cfg.Part)
		var out Out
		fill := func() {
			for a.Send(&frame.Header{Kind: wire.Data}, data, &out) {
				a.Flush()
			}
		}
		if name == "full" {
			// A peer that doesn't read for longer than Dead is alive.
			fill()
			for end := time.Now().Add(3 * a.net.cfg.Dead); time.Now().Before(end); {
				a.net.Wait(100 * time.Millisecond)
				if !a.Check(time.Now()) {
					t.Fatal("a slow reader is taken for dead:", a.Err())
				}
			}
		}
		loopback(t, false)
		if name == "sending" {
			fill()
		}
		start := time.Now()
		until(t, "the end", a.net, func() bool {
			a.Check(time.Now())
			a.Flush()
			a.Next(new(Rec))
			return a.Err() != nil
		})
		t.Logf("%s: noticed after %v: %v", name, time.Since(start).Round(time.Millisecond), a.Err())
		b.fail(0, errors.New("over"))
	}
}
