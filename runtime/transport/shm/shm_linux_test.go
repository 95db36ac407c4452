package shm_test

import (
	"os"
	"testing"

	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/shm"
	"github.com/golaunch/golaunch/runtime/transport/transporttest"
	"golang.org/x/sys/unix"
)

const heapBytes = 64 << 20

// create makes a segment for n ranks.
func create(t testing.TB, n int) *os.File {
	t.Helper()
	f, err := segment.Create(n, heapBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// attach opens rank's endpoint with a descriptor of its own, as a process would.
func attach(t testing.TB, f *os.File, rank int) transport.Endpoint {
	t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ep, err := shm.Open(os.NewFile(uintptr(fd), "segment"), rank)
	if err != nil {
		t.Fatal(err)
	}
	return ep
}

// All ranks in one process, each with mappings of its own.
func TestConformance(t *testing.T) {
	transporttest.Run(t, func(n int) []transport.Endpoint {
		f := create(t, n)
		eps := make([]transport.Endpoint, n)
		for i := range eps {
			eps[i] = attach(t, f, i)
		}
		return eps
	})
}

// golaunch says how many processors the ranks share; without that, all count.
func TestCaps(t *testing.T) {
	f := create(t, 2)
	a := attach(t, f, 0)
	defer a.Close()
	if a.Caps().Goroutines || a.Caps().Processors < 1 {
		t.Errorf("caps %+v", a.Caps())
	}
	a.Job().SetUsable(3)
	b := attach(t, f, 1)
	defer b.Close()
	if b.Caps().Processors != 3 {
		t.Errorf("%d processors, want the 3 that the job page says", b.Caps().Processors)
	}
}

func TestRefusesOtherFiles(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	if _, err := shm.Open(f, 0); err == nil {
		t.Error("an ordinary file was taken for a segment")
	}
}
