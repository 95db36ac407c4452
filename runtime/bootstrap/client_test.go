//go:build unix

package bootstrap

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// pair returns an Info whose control socket is one end of a socket pair, and the
// launcher's end.
func pair(t *testing.T) (*Info, *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fds[1], true); err != nil {
		t.Fatal(err)
	}
	far := os.NewFile(uintptr(fds[1]), "launcher's end")
	seg, err := os.CreateTemp(t.TempDir(), "segment")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close(); seg.Close() })
	return &Info{Rank: 1, Size: 3, LocalRank: 1, LocalSize: 3, SegmentFD: int(seg.Fd()), ControlFD: fds[0], Job: "f00"}, far
}

func TestClient(t *testing.T) {
	info, far := pair(t)
	c, err := Connect(info)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dumps, lost := make(chan int, 1), make(chan bool, 1)
	c.OnDump = func(id int) { dumps <- id }
	c.OnLost = func() { lost <- true }

	r := NewReader(far)
	expect := func(err error, want Message) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Next(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	}
	expect(c.Hello(42, 7), Message{Op: OpHello, Rank: 1, PID: 42, Segment: 7})
	expect(c.Stalled(), Message{Op: OpStalled, Rank: 1})

	// A message the client doesn't know is passed over.
	if _, err := far.Write(Append([]byte("{\"op\":\"sing\"}\n"), Message{Op: OpDump, ID: 9})); err != nil {
		t.Fatal(err)
	}
	if id := <-dumps; id != 9 {
		t.Fatalf("dump %d, want 9", id)
	}
	pending := []Pending{{Op: "Recv", Peer: AnySource, Tag: AnyTag, Comm: "world", Where: "x.go:1 main.main", Blocking: true}}
	expect(c.Report(9, pending), Message{Op: OpReport, Rank: 1, ID: 9, Pending: pending})
	expect(c.Abort(3, "no luck"), Message{Op: OpAbort, Rank: 1, Code: 3, Why: "no luck"})
	expect(c.Finalize(), Message{Op: OpFinalize, Rank: 1})

	far.Close()
	<-lost
	if err := c.Stalled(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("to a launcher that is gone: %v", err)
	}
}

// Closing one's own end is no loss of the launcher.
func TestClientClose(t *testing.T) {
	info, far := pair(t)
	c, err := Connect(info)
	if err != nil {
		t.Fatal(err)
	}
	c.OnLost = func() { t.Error("OnLost after Close") }
	if err := c.Hello(1, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(far)
	r.Next()
	if m, err := r.Next(); err == nil {
		t.Fatalf("got %v after Close", m)
	}
}

func TestConnectChecksDescriptors(t *testing.T) {
	info, _ := pair(t)
	for _, c := range []struct {
		what             string
		segment, control int
		is               error
	}{
		{"closed control socket", info.SegmentFD, 1000, syscall.EBADF},
		{"closed segment", 1000, info.ControlFD, syscall.EBADF},
		{"control socket is a file", info.SegmentFD, info.SegmentFD, syscall.ENOTSOCK},
	} {
		bad := *info
		bad.SegmentFD, bad.ControlFD = c.segment, c.control
		if _, err := Connect(&bad); !errors.Is(err, c.is) || !strings.Contains(err.Error(), "rank 1") {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	syscall.Close(info.ControlFD)
}

func TestFromEnv(t *testing.T) {
	info, _ := pair(t)
	for _, e := range info.Environ() {
		k, v, _ := strings.Cut(e, "=")
		t.Setenv(k, v)
	}
	got, err := FromEnv()
	if err != nil || *got != *info {
		t.Fatalf("got %+v, %v, want %+v", got, err, info)
	}
	syscall.Close(info.ControlFD)
	if _, err := FromEnv(); !errors.Is(err, syscall.EBADF) {
		t.Fatalf("without the socket: %v", err)
	}
}
