package mpi_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// The same operations over and over; the buffers' content of the moment travels.
func TestPersistent(t *testing.T) {
	const n = 5
	column := layout.Vector(3, 1, 2)
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		next, prev := (c.Rank()+1)%3, (c.Rank()+2)%3
		out, in, wide := make([]int, n), make([]int, n), make([]int, 5)
		large, largeIn := make([]byte, 100000), make([]byte, 100000)
		ps := []*mpi.Persistent{
			mpi.RecvInit(c, in, prev, 1), mpi.RecvInit(c, largeIn, prev, 2), mpi.RecvInit(c, wide, mpi.AnySource, 3, column),
			mpi.SendInit(c, out, next, 1), mpi.SsendInit(c, large, next, 2), mpi.SendInit(c, out[:3], next, 3),
			mpi.SendInit(c, out, mpi.ProcNull, 4), mpi.RecvInit(c, in, mpi.ProcNull, 4),
		}
		for round := range 10 {
			for i := range out {
				out[i] = 100*c.Rank() + 10*round + i
			}
			fill(large, c.Rank()+round)
			if round%2 == 0 {
				mpi.StartAll(ps)
			} else {
				for i := range ps {
					ps[len(ps)-1-i].Start()
				}
			}
			if round%3 == 0 {
				if err := mpi.WaitAllPersistent(ps); err != nil {
					return err
				}
			} else {
				for left := len(ps); left > 0; {
					left = 0
					for _, p := range ps {
						if _, ok, err := p.Test(); err != nil {
							return err
						} else if !ok {
							left++
						}
					}
				}
			}
			for i := range in {
				if want := 100*prev + 10*round + i; in[i] != want || i < 3 && wide[2*i] != want {
					return fmt.Errorf("round %d, element %d: %d and %d, want %d", round, i, in[i], wide[min(2*i, 4)], want)
				}
			}
			if err := same(largeIn, len(largeIn), prev+round); err != nil {
				return err
			}
		}
		return nil
	})
}

// What was not started is done, with an empty status; what has ended can be started again.
func TestPersistentInactive(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		b := make([]byte, 10)
		ps := []*mpi.Persistent{mpi.RecvInit(c, b, 1-c.Rank(), 0), mpi.SendInit(c, b, 1-c.Rank(), 0)}
		for _, p := range ps {
			if st, err := p.Wait(); err != nil || st != (mpi.Status{Source: mpi.ProcNull, Tag: mpi.AnyTag}) {
				return fmt.Errorf("wait before the start: %+v, %v", st, err)
			}
			if st, ok, err := p.Test(); !ok || err != nil || st.Source != mpi.ProcNull {
				return fmt.Errorf("test before the start: %+v %v, %v", st, ok, err)
			}
			if p.Cancel() {
				return errors.New("something was cancelled before the start")
			}
		}
		if err := mpi.WaitAllPersistent(ps); err != nil {
			return err
		}
		// Cancelled, and started again.
		for range 3 {
			ps[0].Start()
			if !ps[0].Cancel() {
				return errors.New("a receive without a message can't be cancelled")
			}
			if _, err := ps[0].Wait(); !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("cancelled: %v", err)
			}
		}
		mpi.StartAll(ps)
		if err := mpi.WaitAllPersistent(ps); err != nil {
			return err
		}
		if st, err := ps[0].Wait(); err != nil || st.Source != mpi.ProcNull {
			return fmt.Errorf("a second wait: %+v, %v", st, err)
		}
		return nil
	})
}

// A failed start is told by Wait, and the first of several errors by WaitAllPersistent.
func TestPersistentFails(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		d, err := c.Dup()
		if err != nil {
			return err
		}
		if c.Rank() == 1 {
			if err := mpi.Send(c, make([]byte, 10), 0, 7); err != nil {
				return err
			}
			return mpi.Send(c, make([]byte, 10), 0, 8)
		}
		if err := d.Revoke(); err != nil {
			return err
		}
		p := mpi.SendInit(d, []byte{1}, 1, 3)
		for range 2 {
			p.Start()
			var e *mpi.Error
			if _, err := p.Wait(); !errors.Is(err, mpi.ErrRevoked) || !errors.As(err, &e) || e.Op != "Isend" || e.Peer != 1 || e.Tag != 3 {
				return fmt.Errorf("on a revoked communicator: %v", err)
			}
		}
		ps := []*mpi.Persistent{mpi.RecvInit(c, make([]byte, 5), 1, 7), mpi.RecvInit(d, make([]byte, 5), 1, 0), mpi.RecvInit(c, make([]byte, 10), 1, 8)}
		mpi.StartAll(ps)
		if err := mpi.WaitAllPersistent(ps); !errors.Is(err, mpi.ErrTruncated) {
			return fmt.Errorf("first of two errors: %v", err)
		}
		if st, err := ps[2].Wait(); err != nil || st.Source != mpi.ProcNull { // it was waited for as well
			return fmt.Errorf("%+v, %v", st, err)
		}
		return nil
	})
}
