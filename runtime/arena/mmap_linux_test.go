package arena

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// As in production: a sparse memfd that two ranks have mapped at different
// addresses, and holes punched into it.
func TestMemfd(t *testing.T) {
	const (
		size = 1 << 30
		mib  = 1 << 20
	)
	fd, err := unix.MemfdCreate("arena-test", unix.MFD_CLOEXEC)
	must(t, err)
	defer func() { must(t, unix.Close(fd)) }()
	must(t, unix.Ftruncate(fd, size))
	mapping := func() []byte {
		mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
		must(t, err)
		t.Cleanup(func() { must(t, unix.Munmap(mem)) })
		return mem
	}
	backed := func() int64 {
		var st unix.Stat_t
		must(t, unix.Fstat(fd, &st))
		return st.Blocks * 512
	}

	mine, theirs := mapping(), mapping()
	h, err := New(mine, 0, Config{
		Keep: 8 * mib,
		Punch: func(off, n uint64) {
			if err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(off), int64(n)); err != nil {
				t.Error(err)
			}
		},
	})
	must(t, err)
	v, err := Open(theirs, 0)
	must(t, err)
	if n := backed(); n > 16*PageSize {
		t.Fatalf("an empty heap of 1 GiB takes %d bytes of memory", n)
	}

	x, b := mustAlloc(t, h, 40*mib)
	for i := range b {
		b[i] = byte(i >> 12)
	}
	m, err := h.Release(x, 1)
	must(t, err)
	x, err = v.Accept(m, 1)
	must(t, err)
	c, err := v.Bytes(x)
	must(t, err)
	if &c[0] == &b[0] || !bytes.Equal(b, c) {
		t.Fatal("the two mappings do not show the same block")
	}
	off, ok := v.Locate(c[5:])
	if !ok {
		t.Fatal("not found in the other mapping")
	}
	w, err := h.Window(off, 10)
	must(t, err)
	if &w[0] != &b[5] {
		t.Fatal("an offset means different bytes in the two mappings")
	}
	if n := backed(); n < 40*mib {
		t.Fatalf("40 MiB in use take %d bytes of memory", n)
	}
	must(t, v.Free(x))
	if _, err := h.Reclaim(); err != nil {
		t.Fatal(err)
	}
	if n := backed(); n > 4*mib+16*PageSize { // half of Keep
		t.Fatalf("%d bytes of memory are kept, want 4 MiB", n)
	}
	y, b := mustAlloc(t, h, 40*mib) // and holes are memory again
	fill(b, 1)
	must(t, h.Free(y))
	wantEmpty(t, h)
}
