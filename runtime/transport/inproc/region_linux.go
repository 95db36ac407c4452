//go:build linux && !race

package inproc

import "golang.org/x/sys/unix"

// heapBytes is address space, not memory: 16 GiB, or 64 MiB where addresses have 32 bits.
const heapBytes = 1 << (26 + 8*(^uint(0)>>63))

// region is the heap of a rank: anonymous memory that costs nothing until it is touched.
type region struct{ b []byte }

func (r *region) bytes() ([]byte, error) {
	if r.b == nil {
		b, err := unix.Mmap(-1, 0, heapBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
		if err != nil {
			return nil, err
		}
		r.b = b
	}
	return r.b, nil
}

func (r *region) punch(off, n uint64) { _ = unix.Madvise(r.b[off:off+n], unix.MADV_DONTNEED) }

func (r *region) release() error {
	if r.b == nil {
		return nil
	}
	err := unix.Munmap(r.b)
	r.b = nil
	return err
}
