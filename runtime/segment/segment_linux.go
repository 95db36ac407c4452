package segment

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Segment is a node's shared memory, mapped.
type Segment struct {
	*Job
	f   *os.File
	mem []byte // everything before the heaps
	mu  sync.Mutex
	hp  [][]byte // by rank; nil until used
}

// Create makes the segment of a job with n ranks: a sparse memfd, sealed
// against a change of its size. heap is the room for arena buffers of each rank in bytes,
// 0 for as much as the machine has memory.
func Create(n int, heap int64) (*os.File, error) {
	if heap == 0 {
		heap = defaultHeap()
	}
	l, err := LayoutFor(n, heap)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("golaunch", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("segment: cannot make shared memory for %d ranks: memfd_create: %w", n, err)
	}
	f := os.NewFile(uintptr(fd), "golaunch segment")
	if err := unix.Ftruncate(fd, l.Total); err != nil {
		f.Close()
		return nil, fmt.Errorf("segment: cannot size shared memory for %d ranks to %d bytes: %w", n, l.Total, err)
	}
	first, err := unix.Mmap(fd, 0, int(l.Channels), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("segment: cannot map shared memory for %d ranks: %w", n, err)
	}
	_, err = NewJob(first, l, true, nil)
	if e := unix.Munmap(first); err == nil {
		err = e
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("segment: shared memory for %d ranks: %w", n, err)
	}
	return f, nil
}

// defaultHeap is the virtual size of a rank's arena: twice the machine's memory,
// at least 4 GiB. It is address space in a sparse file, not memory.
func defaultHeap() int64 {
	heap := int64(4 << 30)
	var si unix.Sysinfo_t
	if unix.Sysinfo(&si) == nil {
		heap = max(heap, 2*int64(si.Totalram)*int64(si.Unit))
	}
	return min(heap, 1<<40)
}

// Attach maps the segment behind f, which it then owns.
func Attach(f *os.File) (*Segment, error) {
	fd := int(f.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("segment: descriptor %d: %w", fd, err)
	}
	if st.Size < page {
		return nil, fmt.Errorf("segment: descriptor %d holds %d bytes, not a golaunch segment", fd, st.Size)
	}
	first, err := unix.Mmap(fd, 0, page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("segment: cannot map descriptor %d: %w", fd, err)
	}
	n, heap, err := identity(first)
	unix.Munmap(first)
	if err != nil {
		return nil, err
	}
	l, err := LayoutFor(n, heap)
	if err != nil {
		return nil, err
	}
	if l.Total != st.Size {
		return nil, fmt.Errorf("segment: %d bytes, want %d for %d ranks: golaunch and this program were built from different versions", st.Size, l.Total, n)
	}
	mem, err := unix.Mmap(fd, 0, int(l.Heaps), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("segment: cannot map %d bytes of shared memory: %w", l.Heaps, err)
	}
	s := &Segment{f: f, mem: mem, hp: make([][]byte, n)}
	s.Job, err = NewJob(mem, l, false, s.futexWake)
	return s, err
}

// Close unmaps everything. Nothing taken from the segment may be used any more.
func (s *Segment) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for i, h := range s.hp {
		if h != nil {
			if err := unix.Munmap(h); err != nil && first == nil {
				first = err
			}
			s.hp[i] = nil
		}
	}
	if err := unix.Munmap(s.mem); err != nil && first == nil {
		first = err
	}
	if err := s.f.Close(); err != nil && first == nil {
		first = err
	}
	return first
}

// Memory is the memory of the channel that src writes and dst reads.
func (s *Segment) Memory(dst, src int) []byte {
	off := s.Channel(dst, src)
	return s.mem[off : off+s.Stride : off+s.Stride]
}

// HeapMemory maps the heap of a rank on first use.
func (s *Segment) HeapMemory(rank int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hp[rank] == nil {
		if s.Heap == 0 {
			return nil, fmt.Errorf("segment: this job has no arena")
		}
		m, err := unix.Mmap(int(s.f.Fd()), s.Heaps+int64(rank)*s.Heap, int(s.Heap),
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
		if err != nil {
			return nil, fmt.Errorf("segment: cannot map the heap of rank %d (%d bytes of address space): %w", rank, s.Heap, err)
		}
		s.hp[rank] = m
	}
	return s.hp[rank], nil
}

// Punch gives the memory of a piece of a rank's heap back to the system; it reads as zero afterwards.
func (s *Segment) Punch(rank int, off, n int64) error {
	return unix.Fallocate(int(s.f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, s.Heaps+int64(rank)*s.Heap+off, n)
}

const (
	futexWait = 0
	futexWake = 1
)

func (s *Segment) futexWake(rank int) {
	unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(s.Park(rank))), futexWake, 1, 0, 0, 0)
}

// Sleep blocks while rank's park word is 1, at most for d nanoseconds. It may return early.
func (s *Segment) Sleep(rank int, d int64) {
	ts := unix.NsecToTimespec(d)
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(s.Park(rank))), futexWait, 1, uintptr(unsafe.Pointer(&ts)), 0, 0)
}
