package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

var nullStatus = mpi.Status{Source: mpi.ProcNull, Tag: mpi.AnyTag}

// Requests that are null: done, with an empty status, in every way to wait.
func TestNullRequests(t *testing.T) {
	mpitest.Run(t, 1, func(c *mpi.Comm) error {
		for _, n := range []int{0, 1, 5, 40} {
			reqs, st, index := make([]mpi.Request, n), make([]mpi.Status, n), make([]int, n)
			clean := func() error {
				for i := range st {
					if st[i] != nullStatus || !reqs[i].Null() {
						return fmt.Errorf("status %d of %d: %+v", i, n, st[i])
					}
				}
				clear(st)
				return nil
			}
			if err := mpi.WaitAll(reqs, st); err != nil || clean() != nil {
				return fmt.Errorf("WaitAll of %d: %v %v", n, err, clean())
			}
			if ok, err := mpi.TestAll(reqs, st); !ok || err != nil || clean() != nil {
				return fmt.Errorf("TestAll of %d: %v, %v %v", n, ok, err, clean())
			}
			if i, s, err := mpi.WaitAny(reqs); i != -1 || s != nullStatus || err != nil {
				return fmt.Errorf("WaitAny of %d: %d %+v, %v", n, i, s, err)
			}
			if i, s, ok, err := mpi.TestAny(reqs); i != -1 || s != nullStatus || !ok || err != nil {
				return fmt.Errorf("TestAny of %d: %d %+v %v, %v", n, i, s, ok, err)
			}
			if k, err := mpi.WaitSome(reqs, index, st); k != 0 || err != nil {
				return fmt.Errorf("WaitSome of %d: %d, %v", n, k, err)
			}
			if k, err := mpi.TestSome(reqs, index, nil); k != 0 || err != nil {
				return fmt.Errorf("TestSome of %d: %d, %v", n, k, err)
			}
		}
		var r mpi.Request
		if st, err := r.Wait(); st != nullStatus || err != nil || r.Cancel() {
			return fmt.Errorf("Wait: %+v, %v", st, err)
		}
		if st, ok, err := r.Test(); st != nullStatus || !ok || err != nil {
			return fmt.Errorf("Test: %+v %v, %v", st, ok, err)
		}
		return nil
	})
}

// Each way to wait finishes each of many requests once, with its own status, and leaves those alone that
// are null or not done. Some are done when they are made, some fail.
func TestWaitForSome(t *testing.T) {
	const n = 24 // more than what fits on the stack of WaitAny
	for name, some := range map[string]func(reqs []mpi.Request, done func(i int, st mpi.Status, err error)) (left bool){
		"WaitAny": func(reqs []mpi.Request, done func(int, mpi.Status, error)) bool {
			i, st, err := mpi.WaitAny(reqs)
			if i >= 0 {
				done(i, st, err)
			}
			return i >= 0
		},
		"TestAny": func(reqs []mpi.Request, done func(int, mpi.Status, error)) bool {
			i, st, ok, err := mpi.TestAny(reqs)
			if ok && i >= 0 {
				done(i, st, err)
			}
			return !ok || i >= 0
		},
		"WaitSome": func(reqs []mpi.Request, done func(int, mpi.Status, error)) bool {
			index, st := make([]int, n), make([]mpi.Status, n)
			k, err := mpi.WaitSome(reqs, index, st)
			for i := range k {
				done(index[i], st[i], err)
			}
			return k > 0
		},
		"TestSome": func(reqs []mpi.Request, done func(int, mpi.Status, error)) bool {
			index, st := make([]int, n), make([]mpi.Status, n)
			k, err := mpi.TestSome(reqs, index, st)
			for i := range k {
				done(index[i], st[i], err)
			}
			return slices.ContainsFunc(reqs, func(r mpi.Request) bool { return !r.Null() })
		},
		"Test": func(reqs []mpi.Request, done func(int, mpi.Status, error)) (left bool) {
			for i := range reqs {
				if reqs[i].Null() {
					continue
				}
				if st, ok, err := reqs[i].Test(); ok {
					done(i, st, err)
				} else {
					left = true
				}
			}
			return left
		},
	} {
		t.Run(name, func(t *testing.T) {
			mpitest.Run(t, 2, func(c *mpi.Comm) error {
				if c.Rank() == 1 {
					// In an order of its own, some of them large, a moment's work between them.
					for k := range n {
						tag := (7*k + 3) % n
						if tag%4 == 3 {
							continue
						}
						b := fill(make([]byte, 1+tag%3*30000), tag)
						if err := mpi.Send(c, b, 0, tag); err != nil {
							return err
						}
					}
					return nil
				}
				reqs, bufs := make([]mpi.Request, n), make([][]byte, n)
				for i := range reqs {
					bufs[i] = make([]byte, 70000)
					switch {
					case i%8 == 3: // null
					case i%8 == 7:
						reqs[i] = mpi.Irecv(c, bufs[i], mpi.ProcNull, i)
					default:
						reqs[i] = mpi.Irecv(c, bufs[i], 1, i)
					}
				}
				count := make([]int, n)
				var bad error
				for left := true; left; {
					left = some(reqs, func(i int, st mpi.Status, err error) {
						count[i]++
						want := mpi.Status{Source: 1, Tag: i}
						size := 1 + i%3*30000
						if i%4 == 3 {
							want, size = nullStatus, 0
						}
						if err != nil || st.Source != want.Source || st.Tag != want.Tag || st.Bytes() != size || st.Count() != size {
							bad = errors.Join(bad, fmt.Errorf("request %d: %+v, %v", i, st, err))
						} else if err := same(bufs[i], size, i); err != nil {
							bad = errors.Join(bad, fmt.Errorf("request %d: %w", i, err))
						}
						if !reqs[i].Null() {
							bad = errors.Join(bad, fmt.Errorf("request %d is not null when it is done", i))
						}
					})
				}
				for i, k := range count {
					want := 1
					if i%8 == 3 {
						want = 0
					}
					if k != want {
						bad = errors.Join(bad, fmt.Errorf("request %d was done %d times", i, k))
					}
				}
				return bad
			})
		})
	}
}

// TestAll finishes all or none.
func TestTestAll(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 1 {
			for tag := range 3 {
				if err := mpi.Send(c, []int{tag + 1}, 0, tag); err != nil {
					return err
				}
				if _, err := mpi.Recv(c, []byte{}, 0, 0); err != nil {
					return err
				}
			}
			return nil
		}
		in := make([]int, 3)
		reqs := []mpi.Request{mpi.Irecv(c, in[:1], 1, 0), {}, mpi.Irecv(c, in[1:2], 1, 1), mpi.Irecv(c, in[2:], 1, 2)}
		st := make([]mpi.Status, len(reqs))
		for tag := range in {
			for in[tag] == 0 { // progress moves messages, TestAll or not
				ok, err := mpi.TestAll(reqs, st)
				if err != nil || ok != (in[tag] != 0 && tag == 2) {
					return fmt.Errorf("with %v: %v, %v", in, ok, err)
				}
				if !ok && (reqs[0].Null() || reqs[2].Null() || reqs[3].Null()) {
					return fmt.Errorf("with %v, TestAll has finished some", in)
				}
			}
			if err := mpi.Send(c, []byte{}, 1, 0); err != nil {
				return err
			}
		}
		for i, want := range []int{0, -1, 1, 2} {
			if want >= 0 && (st[i].Source != 1 || st[i].Tag != want || st[i].Count() != 1) || want < 0 && st[i] != nullStatus || !reqs[i].Null() {
				return fmt.Errorf("status %d: %+v", i, st[i])
			}
		}
		return nil
	})
}

// Errors of several requests: the first is returned, every request is finished, and the statuses tell the rest.
func TestErrorsOfMany(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		for way := range 3 {
			if c.Rank() == 1 {
				for tag := range 4 {
					if err := mpi.Send(c, make([]int, 2+tag), 0, tag); err != nil {
						return err
					}
				}
				continue
			}
			reqs, st := make([]mpi.Request, 4), make([]mpi.Status, 4)
			for tag := range reqs {
				reqs[tag] = mpi.Irecv(c, make([]int, 4-tag), 1, tag)
			}
			var err error
			switch way {
			case 0:
				err = mpi.WaitAll(reqs, st)
			case 1:
				for ok := false; !ok; {
					ok, err = mpi.TestAll(reqs, st)
				}
			case 2:
				for done := 0; done < 4; {
					index, s := make([]int, 4), make([]mpi.Status, 4)
					n, e := mpi.WaitSome(reqs, index, s)
					if err == nil {
						err = e
					}
					for i := range n {
						st[index[i]] = s[i]
					}
					done += n
				}
			}
			var e *mpi.Error
			if !errors.Is(err, mpi.ErrTruncated) || !errors.As(err, &e) || e.Tag != 2 {
				return fmt.Errorf("way %d: %v, want that message 2 was cut", way, err)
			}
			for tag := range st {
				if st[tag].Source != 1 || st[tag].Tag != tag || st[tag].Count() != 2+tag || !reqs[tag].Null() {
					return fmt.Errorf("way %d: message %d: %+v", way, tag, st[tag])
				}
			}
		}
		return nil
	})
}

// Cancel takes back what nobody has matched, and nothing else.
func TestCancel(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 1 {
			// Nothing of what was cancelled comes.
			for i, tag := range []int{4, mpi.AnyTag} {
				got := make([]int, 1)
				if _, err := mpi.Recv(c, got, 0, tag); err != nil || got[0] != 7+i {
					return fmt.Errorf("got %d, %v", got[0], err)
				}
			}
			return mpi.Send(c, []int{9}, 0, 1)
		}
		gone := []mpi.Request{
			mpi.Irecv(c, make([]int, 1), 1, 1), mpi.Irecv(c, make([]int, 1), mpi.AnySource, mpi.AnyTag),
			mpi.Issend(c, []int{5}, 1, 2), mpi.Isend(c, make([]int, 100000), 1, 3),
		}
		for i := range gone {
			if !gone[i].Cancel() {
				return fmt.Errorf("request %d can't be cancelled", i)
			}
			if gone[i].Cancel() {
				return fmt.Errorf("request %d was cancelled twice", i)
			}
		}
		for i := range gone {
			if _, err := gone[i].Wait(); !errors.Is(err, mpi.ErrCancelled) {
				return fmt.Errorf("request %d: %v", i, err)
			}
		}
		sent := mpi.Isend(c, []int{7}, 1, 4)
		if sent.Cancel() {
			return errors.New("a message that has left was cancelled")
		}
		if err := errors.Join(func() error { _, err := sent.Wait(); return err }(), mpi.Ssend(c, []int{8}, 1, 5)); err != nil {
			return err
		}
		got := make([]int, 1)
		if _, err := mpi.Recv(c, got, 1, 1); err != nil || got[0] != 9 {
			return fmt.Errorf("after the cancelled ones: %d, %v", got[0], err)
		}
		return nil
	})
}
