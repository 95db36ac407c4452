package mpi_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// faulty says whether a write to s[i] is a fault.
func faulty(s []int, i int) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(interface {
				runtime.Error
				Addr() uintptr
			}); !ok || e.Addr() != uintptr(unsafe.Pointer(&s[i])) {
				panic(r)
			}
			fault = true
		}
	}()
	s[i]++
	return false
}

// In builds that check invariants a write to a slice kept from before Move is a fault, at whatever
// time, as long as the buffer is another rank's; it is no fault in the buffer that comes back.
func TestStaleSlice(t *testing.T) {
	if !invariants.Enabled {
		t.Skip("go test -tags invariants")
	}
	const n = 1 << 20
	mpitest.RunProcesses(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 1 {
			b, _, err := mpi.RecvMove[int](c, 0, 1)
			if err != nil {
				return err
			}
			kept := b.Slice()
			for i := range kept {
				kept[i] = i
			}
			// Rank 0, from whom it is hidden, may read it where it lies.
			if err := mpi.Send(c, kept, 0, 2); err != nil {
				return err
			}
			if err := b.Move(c, 0, 3); err != nil {
				return err
			}
			for _, i := range []int{0, n - 1} {
				if !faulty(kept, i) {
					return fmt.Errorf("element %d can be written by the rank that gave it back", i)
				}
			}
			if b, _, err = mpi.RecvMove[int](c, 0, 4); err != nil {
				return err
			}
			if faulty(kept, 0) || kept[0] != 2 || b.Slice()[n-1] != n {
				return fmt.Errorf("received again: %d and %d", kept[0], b.Slice()[n-1])
			}
			if err := b.Free(); err != nil {
				return err
			}
			return mpi.Send(c, []byte{}, 0, 5)
		}
		b, err := mpi.Alloc[int](c, n)
		if err != nil {
			return err
		}
		other, err := mpi.Alloc[int](c, n)
		if err != nil {
			return err
		}
		kept := b.Slice()
		if faulty(kept, 0) {
			return errors.New("a new buffer can't be written")
		}
		if err := b.Move(c, 1, 1); err != nil {
			return err
		}
		for _, i := range []int{0, n / 2, n - 1} {
			if !faulty(kept, i) {
				return fmt.Errorf("element %d can be written after Move", i)
			}
		}
		if faulty(other.Slice(), 0) || faulty(other.Slice(), n-1) {
			return errors.New("another buffer can't be written")
		}
		got := make([]int, n)
		if _, err := mpi.Recv(c, got, 1, 2); err != nil || got[n-1] != n-1 { // reads it where it lies
			return fmt.Errorf("element %d, %v", got[n-1], err)
		}
		if b, _, err = mpi.RecvMove[int](c, 1, 3); err != nil {
			return err
		}
		if faulty(kept, 0) || faulty(b.Slice(), n-1) || kept[0] != 1 {
			return errors.New("the buffer that came back can't be written")
		}
		if err := b.Move(c, 1, 4); err != nil {
			return err
		}
		if !faulty(kept, 0) {
			return errors.New("element 0 can be written after the second Move")
		}
		// Freed by the other, and allocated here again.
		if _, err := mpi.Recv(c, []byte{}, 1, 5); err != nil {
			return err
		}
		if b, err = mpi.Alloc[int](c, n); err != nil {
			return err
		}
		if faulty(b.Slice(), 0) || faulty(b.Slice(), n-1) {
			return errors.New("a buffer on old pages can't be written")
		}
		return errors.Join(b.Free(), other.Free())
	})
}
