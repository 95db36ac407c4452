package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// ProcNull, in every call: done at once, nothing sent, nothing received, an empty status, buffers as they were.
func TestProcNull(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		const null, tag = mpi.ProcNull, 3
		buf := []int{1, 2, 3}
		var bad error
		is := func(what string, st mpi.Status, err error) {
			if err != nil || st != nullStatus && st != (mpi.Status{}) || st.Count() != 0 || st.Bytes() != 0 {
				bad = errors.Join(bad, fmt.Errorf("%s: %+v, %v", what, st, err))
			}
		}
		full := func(what string, st mpi.Status, err error) {
			if is(what, st, err); st != nullStatus {
				bad = errors.Join(bad, fmt.Errorf("%s: %+v", what, st))
			}
		}
		is("Send", mpi.Status{}, mpi.Send(c, buf, null, tag))
		is("Ssend", mpi.Status{}, mpi.Ssend(c, buf, null, tag))
		is("SendValue", mpi.Status{}, mpi.SendValue(c, "x", null, tag))
		st, err := mpi.Recv(c, buf, null, tag)
		full("Recv", st, err)
		st, err = mpi.Recv(c, buf, null, mpi.AnyTag)
		full("Recv", st, err)
		v, st, err := mpi.RecvValue[string](c, null, tag)
		if full("RecvValue", st, err); v != "" {
			return fmt.Errorf("RecvValue: %q", v)
		}
		for i, r := range []mpi.Request{mpi.Isend(c, buf, null, tag), mpi.Issend(c, buf, null, tag), mpi.Irecv(c, buf, null, tag)} {
			if r.Null() || r.Cancel() {
				return fmt.Errorf("request %d is null, or can be cancelled", i)
			}
			again := r
			st, err := r.Wait()
			full("Wait", st, err)
			st, ok, err := again.Test()
			if full("Test", st, err); !ok {
				return fmt.Errorf("request %d is not done", i)
			}
		}
		for _, p := range []*mpi.Persistent{mpi.SendInit(c, buf, null, tag), mpi.SsendInit(c, buf, null, tag), mpi.RecvInit(c, buf, null, tag)} {
			for range 2 {
				p.Start()
				st, err := p.Wait()
				full("persistent", st, err)
			}
		}
		st, err = mpi.Sendrecv(c, buf, null, tag, buf, null, tag)
		full("Sendrecv", st, err)
		st, err = mpi.SendrecvReplace(c, buf, null, tag, null, tag)
		full("SendrecvReplace", st, err)
		st, err = mpi.Probe(c, null, tag)
		full("Probe", st, err)
		st, ok, err := mpi.Iprobe(c, null, tag)
		if full("Iprobe", st, err); !ok {
			return errors.New("Iprobe: nothing")
		}
		m, err := mpi.Mprobe(c, null, tag)
		full("Mprobe", m.Status, err)
		st, err = mpi.Mrecv(m, buf)
		full("Mrecv", st, err)
		m, ok, err = mpi.Improbe(c, null, tag)
		if full("Improbe", m.Status, err); !ok {
			return errors.New("Improbe: nothing")
		}
		r := mpi.Imrecv(m, buf)
		st, err = r.Wait()
		full("Imrecv", st, err)
		b, err := mpi.Alloc[int](c, 10)
		if err != nil {
			return err
		}
		is("Move", mpi.Status{}, b.Move(c, null, tag))
		b, st, err = mpi.RecvMove[int](c, null, tag)
		if full("RecvMove", st, err); b != nil {
			return errors.New("RecvMove: a buffer")
		}
		if n, _, err := c.Engine().HeapInUse(); n != 0 || err != nil { // Move to nobody is Free
			return fmt.Errorf("%d buffers, %v", n, err)
		}
		if !slices.Equal(buf, []int{1, 2, 3}) {
			return fmt.Errorf("a receive from nobody has written %v", buf)
		}

		// One side of an exchange at the end of a line.
		left, right := c.Rank()-1, c.Rank()+1
		if left < 0 {
			left = null
		}
		if right == c.Size() {
			right = null
		}
		got := []int{-1}
		st, err = mpi.Sendrecv(c, []int{c.Rank()}, right, tag, got, left, tag)
		if c.Rank() == 0 {
			if full("shift", st, err); got[0] != -1 {
				return fmt.Errorf("shift: %v", got)
			}
		} else if err != nil || st.Source != 0 || st.Count() != 1 || got[0] != 0 {
			return fmt.Errorf("shift: %v %+v, %v", got, st, err)
		}
		if st, ok, err := mpi.Iprobe(c, mpi.AnySource, mpi.AnyTag); ok || err != nil {
			return fmt.Errorf("a message came: %+v, %v", st, err)
		}
		return bad
	})
}
