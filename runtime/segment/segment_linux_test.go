package segment

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func dup(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}

func TestCreateAttach(t *testing.T) {
	a, f := attached(t, 4, 1<<20)
	defer f.Close()
	b, err := Attach(dup(t, f))
	if err != nil {
		t.Fatal(err)
	}
	a.Memory(1, 2)[100] = 7
	if b.Memory(1, 2)[100] != 7 || b.Memory(2, 1)[100] != 0 {
		t.Error("two attachments do not see the same channel")
	}
	ha, err := a.HeapMemory(3)
	if err != nil {
		t.Fatal(err)
	}
	hb, err := b.HeapMemory(3)
	if err != nil {
		t.Fatal(err)
	}
	ha[5000] = 9
	if hb[5000] != 9 || len(hb) != 1<<20 {
		t.Errorf("heap of %d bytes, byte %d", len(hb), hb[5000])
	}
	if err := a.Punch(3, 4096, 4096); err != nil {
		t.Error(err)
	} else if hb[5000] != 0 {
		t.Error("a punched page still has its content")
	}
	if err := unix.Ftruncate(int(f.Fd()), 4096); err == nil {
		t.Error("the segment can be shrunk under its users")
	}
	for _, s := range []*Segment{a, b} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSparse(t *testing.T) {
	s, f := attached(t, 64, 0)
	defer f.Close()
	defer s.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if got := st.Blocks * 512; got > 64<<10 {
		t.Errorf("a new segment for 64 ranks takes %d bytes", got)
	}
}

func TestAttachRefuses(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Attach(dup(t, f)); err == nil || !strings.Contains(err.Error(), "not a golaunch segment") {
		t.Errorf("an empty file: %v", err)
	}
	f.Write(make([]byte, 8192))
	if _, err := Attach(dup(t, f)); err == nil || !strings.Contains(err.Error(), "magic") {
		t.Errorf("a file of zeros: %v", err)
	}
	s, g := attached(t, 2, 1<<20)
	defer s.Close()
	s.u32(jobVersion).Store(Version + 1)
	var v *VersionError
	if _, err := Attach(dup(t, g)); !errors.As(err, &v) || v.Segment != Version+1 {
		t.Errorf("another version: %v", err)
	}
	s.u32(jobVersion).Store(Version)
	s.u32(jobRanks).Store(3)
	if _, err := Attach(g); err == nil {
		t.Error("a segment whose size does not fit its ranks was accepted")
	}
}

func TestParkAndWake(t *testing.T) {
	s, f := attached(t, 1, 1<<20)
	defer f.Close()
	defer s.Close()
	*s.Park(0) = 1
	done := make(chan bool)
	go func() {
		for *s.Park(0) != 0 { // a wake before the sleep makes Sleep return at once
			s.Sleep(0, int64(60e9))
		}
		close(done)
	}()
	s.Wake(0)
	<-done
}
