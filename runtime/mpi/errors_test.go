package mpi_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// A message that is too long is cut, on every protocol and in every call that receives: the error names both sizes
// and the sender by its rank in that communicator, the status the whole message.
func TestTruncationText(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		c, err := world.Split(0, -world.Rank()) // rank 2 of the world sends, as rank 0
		if err != nil {
			return err
		}
		c.SetName("turned")
		for _, n := range []int{16, 5000, 30000, large} {
			elems, room := n/8, n/8-1
			for tag, recv := range []func(buf []int, tag int) (mpi.Status, error){
				func(b []int, tag int) (mpi.Status, error) { return mpi.Recv(c, b, 0, tag) },
				func(b []int, tag int) (mpi.Status, error) { return mpi.Recv(c, b, mpi.AnySource, tag) },
				func(b []int, tag int) (mpi.Status, error) { r := mpi.Irecv(c, b, 0, tag); return r.Wait() },
				func(b []int, tag int) (mpi.Status, error) {
					m, err := mpi.Mprobe(c, mpi.AnySource, tag)
					if err != nil {
						return mpi.Status{}, err
					}
					return mpi.Mrecv(m, b)
				},
				func(b []int, tag int) (mpi.Status, error) {
					return mpi.Sendrecv(c, []int{}, mpi.ProcNull, 0, b, mpi.AnySource, tag)
				},
				func(b []int, tag int) (mpi.Status, error) {
					return mpi.Recv(c, make([]int, 2*len(b)+2), 0, tag, layout.Vector(len(b), 1, 2))
				},
			} {
				switch world.Rank() {
				case 2:
					if err := mpi.Send(c, make([]int, elems), 2, tag); err != nil {
						return err
					}
				case 0:
					st, err := recv(make([]int, room), tag)
					op := []string{"Recv", "Recv", "Irecv", "Mrecv", "Irecv", "Recv"}[tag]
					want := fmt.Sprintf("mpi: %s from rank 0, tag %d, on turned: message of %d bytes is longer than the buffer of %d bytes", op, tag, 8*elems, 8*room)
					if !errors.Is(err, mpi.ErrTruncated) || err.Error() != want {
						return fmt.Errorf("%d bytes, way %d: %v, want %s", n, tag, err, want)
					}
					if st.Source != 0 || st.Tag != tag || st.Bytes() != 8*elems {
						return fmt.Errorf("%d bytes, way %d: %+v", n, tag, st)
					}
				}
			}
		}
		return c.Free()
	})
}

// What travels by Move and what doesn't are told apart, whoever is wrong; the next message is in order.
func TestMoveMismatch(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			for tag := range 3 {
				b, err := mpi.Alloc[float64](c, 10)
				if err != nil {
					return err
				}
				if err := b.Move(c, 1, tag); err != nil {
					return err
				}
			}
			if err := mpi.Send(c, []int{1}, 1, 3); err != nil {
				return err
			}
			b, err := mpi.Alloc[float64](c, 10)
			if err != nil {
				return err
			}
			if err := b.Move(c, 1, 4); err != nil {
				return err
			}
			if _, err = mpi.Recv(c, []int{}, 1, 5); err != nil {
				return err
			}
			if n, _, err := c.Engine().HeapInUse(); n != 0 || err != nil {
				return fmt.Errorf("%d buffers are out, %v", n, err)
			}
			return nil
		}
		if _, err := mpi.Recv(c, make([]float64, 10), 0, 0); !errors.Is(err, mpi.ErrMoved) {
			return fmt.Errorf("a buffer met a Recv: %v", err)
		}
		for tag, err := range map[int]error{
			1: func() error { _, _, err := mpi.RecvMove[int64](c, 0, 1); return err }(),
			2: func() error { _, _, err := mpi.RecvMove[[2]float32](c, 0, 2); return err }(),
			3: func() error { _, _, err := mpi.RecvMove[float64](c, 0, 3); return err }(),
		} {
			var e *mpi.Error
			if tag != 3 && !errors.Is(err, mpi.ErrType) || err == nil || !errors.As(err, &e) || e.Op != "RecvMove" || e.Peer != 0 || e.Tag != tag {
				return fmt.Errorf("message %d: %v", tag, err)
			}
		}
		b, st, err := mpi.RecvMove[float64](c, 0, mpi.AnyTag)
		if err != nil || b.Len() != 10 || st.Tag != 4 || st.Count() != 10 || st.Source != 0 {
			return fmt.Errorf("in order: %+v, %v", st, err)
		}
		return errors.Join(b.Free(), mpi.Send(c, []int{}, 0, 5))
	})
}
