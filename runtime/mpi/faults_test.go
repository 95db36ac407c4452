package mpi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/mpi"
)

var errDied = errors.New("died on purpose")

// withDead runs fn on ranks 0 and 1 of three, and on rank 2 last, which dies with its end.
func withDead(t *testing.T, last, fn func(world *mpi.Comm) error) {
	t.Helper()
	err := mpi.RunLocal(3, func(world *mpi.Comm) error {
		if world.Rank() == 2 {
			if last != nil {
				if err := last(world); err != nil {
					return err
				}
			}
			return errDied
		}
		return fn(world)
	}, mpi.WithFaults(mpi.Return))
	if err == nil || !strings.HasPrefix(err.Error(), "rank 2: ") {
		t.Errorf("RunLocal: %v", err)
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		if !errors.Is(e, errDied) {
			t.Error(e)
		}
	}
}

// failure checks that err says that rank 2 has died, and which operation needed it.
func failure(err error, op string) error {
	var e *mpi.Error
	if !errors.Is(err, mpi.ErrRankFailed) || !errors.As(err, &e) || e.Op != op || e.Peer != 2 || !strings.Contains(err.Error(), "rank 2") {
		return fmt.Errorf("%s with a dead rank: %v", op, err)
	}
	return nil
}

// needsDead are calls that can't end well without rank 2.
var needsDead = []struct {
	op   string
	call func(c *mpi.Comm) error
}{
	{"Recv", func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]byte, 1), 2, 3); return err }},
	{"Recv", func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]byte, 1), mpi.AnySource, 3); return err }},
	{"Irecv", func(c *mpi.Comm) error { r := mpi.Irecv(c, make([]byte, 1), 2, 3); _, err := r.Wait(); return err }},
	{"Send", func(c *mpi.Comm) error { return mpi.Send(c, make([]byte, large), 2, 3) }},
	{"Ssend", func(c *mpi.Comm) error { return mpi.Ssend(c, make([]byte, 1), 2, 3) }},
	{"Isend", func(c *mpi.Comm) error { r := mpi.Isend(c, make([]byte, large), 2, 3); _, err := r.Wait(); return err }},
	{"Issend", func(c *mpi.Comm) error {
		reqs := []mpi.Request{mpi.Issend(c, make([]byte, 1), 2, 3)}
		_, _, err := mpi.WaitAny(reqs)
		return err
	}},
	{"Irecv", func(c *mpi.Comm) error {
		return mpi.WaitAll([]mpi.Request{{}, mpi.Irecv(c, make([]byte, 1), 2, 3)}, nil)
	}},
	{"Isend", func(c *mpi.Comm) error {
		_, err := mpi.Sendrecv(c, make([]byte, large), 2, 3, make([]byte, 1), 2, 3)
		return err
	}},
	{"Probe", func(c *mpi.Comm) error { _, err := mpi.Probe(c, 2, 3); return err }},
	{"Mprobe", func(c *mpi.Comm) error { _, err := mpi.Mprobe(c, mpi.AnySource, 3); return err }},
	{"RecvMove", func(c *mpi.Comm) error { _, _, err := mpi.RecvMove[int](c, 2, 3); return err }},
	{"RecvValue", func(c *mpi.Comm) error { _, _, err := mpi.RecvValue[int](c, 2, 3); return err }},
	{"Dup", func(c *mpi.Comm) error { _, err := c.Dup(); return err }},
}

// Calls that wait for the rank when it dies, and calls made later, say so; the
// others work on.
func TestDeadRank(t *testing.T) {
	for _, d := range needsDead {
		t.Run(d.op, func(t *testing.T) {
			withDead(t, func(world *mpi.Comm) error {
				// It dies when both wait for it, or for each other in a collective call.
				return nil
			}, func(world *mpi.Comm) error {
				if err := d.call(world); d.op == "Dup" && errors.Is(err, mpi.ErrRankFailed) {
					// The failed rank may be another one's partner.
				} else if err := failure(err, d.op); err != nil {
					return fmt.Errorf("pending: %w", err)
				}
				if got := world.Failed(); !slices.Equal(got, []int{2}) {
					return fmt.Errorf("failed: %v", got)
				}
				if d.op == "Dup" {
					return nil // the communicator's collective calls are at different points now
				}
				if err := failure(d.call(world), d.op); err != nil {
					return fmt.Errorf("later: %w", err)
				}
				return talk(world)
			})
		})
	}
}

// talk exchanges messages between ranks 0 and 1.
func talk(c *mpi.Comm) error {
	for k, n := range []int{1, 100000} {
		in := make([]byte, n)
		if _, err := mpi.Sendrecv(c, fill(make([]byte, n), k), 1-c.Rank(), 9, in, 1-c.Rank(), 9); err != nil {
			return err
		}
		if err := same(in, n, k); err != nil {
			return err
		}
	}
	return nil
}

// Small sends, which don't need their receiver, are refused once the death is known; what the rank had sent is received.
func TestLastMessages(t *testing.T) {
	withDead(t, func(world *mpi.Comm) error {
		return errors.Join(mpi.Send(world, []int{1}, 0, 1), mpi.Send(world, []int{2}, 0, 2), mpi.Send(world, []int{3}, 1, 1))
	}, func(world *mpi.Comm) error {
		if _, err := mpi.Recv(world, make([]byte, 1), 2, 99); failure(err, "Recv") != nil {
			return failure(err, "Recv")
		}
		if err := failure(mpi.Send(world, []byte{1}, 2, 1), "Send"); err != nil {
			return err
		}
		r := mpi.Isend(world, []byte{1}, 2, 1)
		if _, err := r.Wait(); failure(err, "Isend") != nil {
			return failure(err, "Isend")
		}
		got := []int{0}
		for tag := 1; tag <= 2-world.Rank(); tag++ {
			if _, err := mpi.Recv(world, got, 2, tag); err != nil || got[0] != tag+2*world.Rank() {
				return fmt.Errorf("message %d of the dead: %v, %v", tag, got, err)
			}
		}
		_, err := mpi.Recv(world, got, 2, 1)
		return failure(err, "Recv")
	})
}

// AckFailed makes receives from anybody work again, on that communicator alone, until the next death.
func TestAckFailed(t *testing.T) {
	withDead(t, nil, func(world *mpi.Comm) error {
		got := make([]byte, 1)
		_, err := mpi.Recv(world, got, mpi.AnySource, 1)
		if err := failure(err, "Recv"); err != nil {
			return err
		}
		if acked := world.AckFailed(); !slices.Equal(acked, []int{2}) {
			return fmt.Errorf("AckFailed: %v", acked)
		}
		if world.Rank() == 0 {
			if err := mpi.Send(world, []byte{7}, 1, 1); err != nil {
				return err
			}
			return mpi.Ssend(world, []byte{8}, 1, 2)
		}
		if st, err := mpi.Recv(world, got, mpi.AnySource, 1); err != nil || st.Source != 0 || got[0] != 7 {
			return fmt.Errorf("from anybody: %+v, %v", st, err)
		}
		if st, err := mpi.Probe(world, mpi.AnySource, mpi.AnyTag); err != nil || st.Source != 0 || st.Tag != 2 {
			return fmt.Errorf("probe of anybody: %+v, %v", st, err)
		}
		if _, err := mpi.Recv(world, got, mpi.AnySource, 2); err != nil {
			return err
		}
		_, err = mpi.Recv(world, got, 2, 1)
		return failure(err, "Recv")
	})
}

// A communicator without the dead rank doesn't notice; Failed speaks of its own ranks, by their numbers there.
func TestDeathElsewhere(t *testing.T) {
	withDead(t, func(world *mpi.Comm) error {
		_, err := world.Split(1, 0)
		_, err2 := world.Split(0, -world.Rank())
		return errors.Join(err, err2)
	}, func(world *mpi.Comm) error {
		pair, err := world.Split(0, 0)
		all, err2 := world.Split(0, -world.Rank())
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		r := mpi.Irecv(pair, make([]byte, 1), mpi.AnySource, 3)
		_, err = mpi.Recv(all, make([]byte, 1), 0, 1) // rank 2 of the world
		var e *mpi.Error
		if !errors.Is(err, mpi.ErrRankFailed) || !errors.As(err, &e) || e.Peer != 0 {
			return fmt.Errorf("%v, want that rank 0 has failed", err)
		}
		if got := all.Failed(); !slices.Equal(got, []int{0}) {
			return fmt.Errorf("failed: %v, want [0]", got)
		}
		if got := pair.Failed(); len(got) != 0 {
			return fmt.Errorf("failed: %v, want none", got)
		}
		if err := errors.Join(mpi.Send(pair, []byte{1}, 1-pair.Rank(), 3), talk(pair)); err != nil {
			return err
		}
		_, err = r.Wait()
		return err
	})
}

// Revoke gets everybody out of every call on the communicator, and out of no other.
func TestRevoke(t *testing.T) {
	for _, s := range stuck {
		t.Run(s.name, func(t *testing.T) {
			err := mpi.RunLocal(3, func(world *mpi.Comm) error {
				c, err := world.Dup()
				if err != nil {
					return err
				}
				other, err := world.Dup()
				if err != nil {
					return err
				}
				c.SetName("world") // as s.want has it
				if c.Rank() == 2 {
					for r := range 2 { // both have begun
						if _, err := mpi.Recv(world, []byte{}, r, 1); err != nil {
							return err
						}
					}
					if err := errors.Join(c.Revoke(), c.Revoke()); err != nil {
						return err
					}
				} else {
					if err := mpi.Send(world, []byte{}, 2, 1); err != nil {
						return err
					}
					// Rank 0 makes the call, rank 1 waits for something else.
					call, want := s.call, s.want
					if c.Rank() == 1 {
						call, want = func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]byte, 1), 2, 1); return err }, "mpi: Recv from rank 2"
					}
					err := call(c)
					if s.name == "WaitAny" && c.Rank() == 0 { // its second request is looked at by the call
						if !errors.Is(err, mpi.ErrRevoked) {
							return err
						}
					} else if !errors.Is(err, mpi.ErrRevoked) || !strings.HasPrefix(err.Error(), want) {
						return fmt.Errorf("got %v, want %s%v", err, want, mpi.ErrRevoked)
					}
				}
				if err := mpi.Send(c, []byte{1}, 0, 0); !errors.Is(err, mpi.ErrRevoked) {
					return fmt.Errorf("later: %v", err)
				}
				if _, err := c.Dup(); !errors.Is(err, mpi.ErrRevoked) {
					return fmt.Errorf("Dup: %v", err)
				}
				if c.Rank() != 2 {
					if err := talk(other); err != nil {
						return fmt.Errorf("on another communicator: %w", err)
					}
				}
				return errors.Join(c.Free(), other.Free())
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// By default a rank's error ends the job; the others' calls return ErrAborted, and its error is the job's.
func TestErrorEndsJob(t *testing.T) {
	for _, s := range stuck {
		t.Run(s.name, func(t *testing.T) {
			err := mpi.RunLocal(3, func(world *mpi.Comm) error {
				if world.Rank() == 2 {
					return errDied
				}
				err := s.call(world)
				if world.Rank() == 1 && err == nil {
					return nil // what rank 0 has sent
				}
				if !errors.Is(err, mpi.ErrAborted) {
					t.Errorf("rank %d: %v", world.Rank(), err)
				}
				return err
			})
			if !errors.Is(err, errDied) || !strings.HasPrefix(err.Error(), "rank 2: ") {
				t.Error(err)
			}
		})
	}
	err := mpi.RunLocal(2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			err := world.Abort(5, "no use")
			if !errors.Is(err, mpi.ErrAborted) {
				t.Errorf("Abort: %v", err)
			}
			return err
		}
		_, err := mpi.Recv(world, make([]byte, 1), 0, 0)
		if !errors.Is(err, mpi.ErrAborted) || !strings.Contains(err.Error(), "rank 0") || !strings.Contains(err.Error(), "code 5") {
			t.Errorf("after Abort: %v", err)
		}
		return err
	})
	if err == nil || err.Error() != "rank 0: Abort(5): no use" {
		t.Errorf("after Abort: %v", err)
	}
}
