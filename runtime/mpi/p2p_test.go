package mpi_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/golaunch/golaunch/runtime/layout"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// sizes are around every threshold of the protocol.
var sizes = []int{0, 1, 7, 8, 47, 48, 49, 63, 64, 65, 1000, 4080, 4095, 4096, 4097, 8192, 32767, 32768, 32769, 65536, 131072, 262143, 1<<20 + 3}

func fill(b []byte, seed int) []byte {
	for i := range b {
		b[i] = byte(i*7 + seed)
	}
	return b
}

func same(b []byte, n, seed int) error {
	for i := range n {
		if b[i] != byte(i*7+seed) {
			return fmt.Errorf("byte %d of %d is %d, want %d", i, n, b[i], byte(i*7+seed))
		}
	}
	return nil
}

func TestSendRecvSizes(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		for round := range 3 {
			for k, n := range sizes {
				buf := make([]byte, n+1)
				if c.Rank() == 0 {
					if err := mpi.Send(c, fill(buf[:n], k+round), 1, k); err != nil {
						return err
					}
					if _, err := mpi.Recv(c, buf, 1, k); err != nil {
						return err
					}
					if err := same(buf, n, k+round+1); err != nil {
						return err
					}
					continue
				}
				st, err := mpi.Recv(c, buf, 0, k)
				if err != nil {
					return err
				}
				if st.Count() != n || st.Source != 0 || st.Tag != k {
					return fmt.Errorf("%d bytes: status %+v", n, st)
				}
				if err := same(buf, n, k+round); err != nil {
					return err
				}
				if err := mpi.Send(c, fill(buf[:n], k+round+1), 0, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestUnexpectedAndWildcards(t *testing.T) {
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		if c.Rank() != 0 {
			var reqs []mpi.Request
			for k, n := range sizes {
				reqs = append(reqs, mpi.Isend(c, fill(make([]byte, n), k), 0, k))
			}
			return mpi.WaitAll(reqs, nil)
		}
		for k := len(sizes) - 1; k >= 0; k-- {
			for range 2 {
				buf := make([]byte, 2<<20)
				st, err := mpi.Recv(c, buf, mpi.AnySource, k)
				if err != nil {
					return err
				}
				if st.Bytes() != sizes[k] {
					return fmt.Errorf("tag %d: %d bytes, want %d", k, st.Bytes(), sizes[k])
				}
				if err := same(buf, sizes[k], k); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestSelf(t *testing.T) {
	mpitest.Run(t, 1, func(c *mpi.Comm) error {
		for k, n := range sizes {
			in := make([]byte, n)
			r := mpi.Irecv(c, in, 0, 1)
			if err := mpi.Send(c, fill(make([]byte, n), k), 0, 1); err != nil {
				return err
			}
			if _, err := r.Wait(); err != nil {
				return err
			}
			s := mpi.Isend(c, fill(make([]byte, n), k+1), 0, 2)
			if _, err := mpi.Recv(c, in, mpi.AnySource, mpi.AnyTag); err != nil {
				return err
			}
			if _, err := s.Wait(); err != nil {
				return err
			}
			if err := same(in, n, k+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestTruncation(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		for k, n := range sizes[1:] {
			if c.Rank() == 0 {
				if err := mpi.Send(c, fill(make([]byte, n), k), 1, 5); err != nil {
					return err
				}
				continue
			}
			buf := make([]byte, n-1)
			_, err := mpi.Recv(c, buf, 0, 5)
			var e *mpi.Error
			if !errors.Is(err, mpi.ErrTruncated) || !errors.As(err, &e) || e.Peer != 0 || e.Tag != 5 {
				return fmt.Errorf("%d bytes into %d: %v", n, n-1, err)
			}
			if err := same(buf, n-1, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestLayoutColumn(t *testing.T) {
	const rows, cols = 300, 50
	column := layout.Vector(rows, 1, cols)
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		f := make([]float64, rows*cols)
		if c.Rank() == 0 {
			for i := range f {
				f[i] = float64(i)
			}
			for col := range 3 {
				if err := mpi.Send(c, f[col:], 1, col, column); err != nil {
					return err
				}
			}
			big := layout.Vector(rows*cols/2, 1, 2)
			return mpi.Send(c, f, 1, 9, big)
		}
		for col := range 3 {
			if _, err := mpi.Recv(c, f[cols-1-col:], 0, col, column); err != nil {
				return err
			}
			for i := range rows {
				if got := f[i*cols+cols-1-col]; got != float64(i*cols+col) {
					return fmt.Errorf("row %d of column %d is %v", i, col, got)
				}
			}
		}
		half := make([]float64, rows*cols/2)
		st, err := mpi.Recv(c, half, 0, 9)
		if err != nil || st.Count() != len(half) {
			return fmt.Errorf("%d of %d, %v", st.Count(), len(half), err)
		}
		for i, x := range half {
			if x != float64(2*i) {
				return fmt.Errorf("element %d is %v", i, x)
			}
		}
		return nil
	})
}

func TestMove(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		b, err := mpi.Alloc[float64](c, 1000)
		if err != nil {
			return err
		}
		for round := range 10 {
			if c.Rank() == round%2 {
				b.Slice()[round] = float64(round)
				if err := b.Move(c, 1-c.Rank(), 3); err != nil {
					return err
				}
				continue
			}
			if round == 0 {
				if err := b.Free(); err != nil {
					return err
				}
			}
			if b, _, err = mpi.RecvMove[float64](c, 1-c.Rank(), 3); err != nil {
				return err
			}
			for i := range round + 1 {
				if b.Slice()[i] != float64(i) {
					return fmt.Errorf("round %d: element %d is %v", round, i, b.Slice()[i])
				}
			}
		}
		if c.Rank() == 0 {
			return b.Free()
		}
		return nil
	})
}

func TestArenaSend(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		b, err := mpi.Alloc[byte](c, 3<<20)
		if err != nil {
			return err
		}
		defer b.Free()
		if c.Rank() == 0 {
			return mpi.Send(c, fill(b.Slice(), 4), 1, 0)
		}
		if _, err := mpi.Recv(c, b.Slice(), 0, 0); err != nil {
			return err
		}
		return same(b.Slice(), 3<<20, 4)
	})
}

func TestSplit(t *testing.T) {
	mpitest.Run(t, 7, func(c *mpi.Comm) error {
		d, err := c.Split(c.Rank()%3, -c.Rank())
		if err != nil {
			return err
		}
		want := (6-c.Rank()%3)/3 + 1
		if d.Size() != want {
			return fmt.Errorf("size %d, want %d", d.Size(), want)
		}
		x := []int{c.Rank()}
		y := []int{-1}
		if _, err := mpi.Sendrecv(d, x, (d.Rank()+1)%d.Size(), 0, y, (d.Rank()+d.Size()-1)%d.Size(), 0); err != nil {
			return err
		}
		if y[0]%3 != c.Rank()%3 {
			return fmt.Errorf("a message of colour %d reached colour %d", y[0]%3, c.Rank()%3)
		}
		return d.Free()
	})
}

func TestAllocsPerOp(t *testing.T) {
	for _, n := range []int{8, 1000, 10000, 100000} {
		mpitest.Run(t, 2, func(c *mpi.Comm) error {
			a, b := make([]byte, n), make([]byte, n)
			other := 1 - c.Rank()
			step := func() {
				if c.Rank() == 0 {
					mpi.Send(c, a, other, 0)
					mpi.Recv(c, b, other, 0)
				} else {
					mpi.Recv(c, b, other, 0)
					mpi.Send(c, a, other, 0)
				}
				r, s := mpi.Irecv(c, b, other, 1), mpi.Isend(c, a, other, 1)
				s.Wait()
				r.Wait()
				mpi.Sendrecv(c, a, other, 2, b, other, 2)
				if c.Rank() == 0 {
					mpi.Ssend(c, a, other, 3)
				} else {
					mpi.Recv(c, b, other, 3)
				}
				r, s = mpi.Irecv(c, b, other, 4), mpi.Issend(c, a, other, 4)
				s.Wait()
				r.Wait()
			}
			for range 100 {
				step()
			}
			// The least of three, the same on all ranks: others in this process allocate as well, now and then.
			got := 1e9
			for range 3 {
				got = min(got, testing.AllocsPerRun(100, step))
			}
			if got > 0 {
				return fmt.Errorf("%d bytes: %v allocations a step", n, got)
			}
			return nil
		})
	}
}

// What a Move and its receive, there and back, allocate: the handles. It is bounded, not 0.
func TestAllocsPerMove(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		b, err := mpi.Alloc[float64](c, 1000)
		if err != nil {
			return err
		}
		mine := c.Rank() == 0
		if !mine {
			if err := b.Free(); err != nil {
				return err
			}
		}
		step := func() {
			for range 2 {
				if mine {
					err = errors.Join(err, b.Move(c, 1-c.Rank(), 3))
				} else {
					var e error
					if b, _, e = mpi.RecvMove[float64](c, 1-c.Rank(), 3); e != nil {
						err = errors.Join(err, e)
					}
				}
				mine = !mine
			}
		}
		for range 100 {
			step()
		}
		got := 1e9
		for range 3 {
			got = min(got, testing.AllocsPerRun(100, step))
		}
		if c.Rank() == 0 {
			t.Logf("%v allocations in both ranks for 2 moves", got)
		}
		if got > 2 {
			err = errors.Join(err, fmt.Errorf("%v allocations, want a handle a move", got))
		}
		if mine {
			err = errors.Join(err, b.Free())
		}
		return err
	})
}
