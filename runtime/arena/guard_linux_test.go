package arena

import (
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
	"golang.org/x/sys/unix"
)

// faults says whether reading or writing b[i] is a fault.
func faults(b []byte, i int) (read, write bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	try := func(f func()) (fault bool) {
		defer func() {
			if r := recover(); r != nil {
				e, ok := r.(interface {
					runtime.Error
					Addr() uintptr
				})
				if !ok || e.Addr() != uintptr(unsafe.Pointer(&b[i])) {
					panic(r)
				}
				fault = true
			}
		}()
		f()
		return false
	}
	var x byte
	read = try(func() { x = b[i] })
	write = try(func() { b[i] = x })
	return read, write
}

// In builds that check invariants, a slice kept from before Release faults, over the block's whole length and not
// beyond, in that rank's mapping and in no other, until the block comes back, on whichever way.
func TestGuard(t *testing.T) {
	const size = 64 << 20
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
	h, err := New(mapping(), 0, Config{})
	must(t, err)
	h.Guard()
	v, err := Open(mapping(), 0)
	must(t, err)
	v.Guard()

	want := func(what string, b []byte, hidden bool) {
		t.Helper()
		for _, i := range []int{0, len(b) / 2, len(b) - 1} {
			if r, w := faults(b, i); r != w || r != (hidden && invariants.Enabled) {
				t.Errorf("%s: byte %d of %d: a fault on read %v, on write %v", what, i, len(b), r, w)
			}
		}
	}
	before, first := mustAlloc(t, h, 3*PageSize)
	x, mine := mustAlloc(t, h, 3*PageSize+1)
	behind, last := mustAlloc(t, h, PageSize)
	neighbours := func() {
		t.Helper()
		want("the block before", first, false)
		want("the block behind", last, false)
	}
	want("new", mine, false)

	// There and back, in parts.
	part, err := x.Sub(PageSize+5, 10)
	must(t, err)
	m, err := h.Release(part, 1)
	must(t, err)
	want("released", mine, true)
	neighbours()
	y, theirs, err := v.Take(m, 0, 1)
	must(t, err)
	want("received", theirs, false)
	want("moved away", mine, true)
	m, err = v.Release(y, 0)
	must(t, err)
	want("released by the receiver", theirs, true)
	x, err = h.Accept(m, 0)
	must(t, err)
	want("back", mine, false)
	want("moved back", theirs, true)

	// Lent to somebody who had it once.
	off, ok := h.Locate(mine[PageSize : PageSize+5])
	if !ok {
		t.Fatal("not in the heap")
	}
	lent, err := v.Window(off, 5)
	must(t, err)
	want("lent", lent, false)

	// Not delivered.
	x.Off, x.Len = 0, uint64(len(mine))
	m, err = h.Release(x, 1)
	must(t, err)
	x, err = h.Accept(m, 0)
	must(t, err)
	want("taken back", mine, false)

	// Freed by the receiver.
	m, err = h.Release(x, 1)
	must(t, err)
	y, _, err = v.Take(m, 0, 1)
	must(t, err)
	must(t, v.Free(y))
	want("freed by another rank", mine, true)
	if n, err := h.Reclaim(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	want("reclaimed", mine, false)

	// Reclaimed from a dead receiver.
	x, mine = mustAlloc(t, h, 5*PageSize)
	_, err = h.Release(x, 1)
	must(t, err)
	want("released to one who dies", mine, true)
	if n, err := h.ReclaimHolder(1); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	want("reclaimed from the dead", mine, false)

	// Of no pages at all.
	z, _ := mustAlloc(t, h, 0)
	m, err = h.Release(z, 1)
	must(t, err)
	neighbours()
	_, err = v.Accept(m, 1)
	must(t, err)
	must(t, h.Free(before))
	must(t, h.Free(behind))
}
