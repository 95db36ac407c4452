package collective_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// patience turns a test that would hang into one that fails.
const patience = time.Minute

var errDead = errors.New("this rank plays dead")

// withDead runs fn on n ranks of which one dies at once.
func withDead(t *testing.T, n, dead int, fn func(c *mpi.Comm) error, opts ...mpi.Option) {
	t.Helper()
	err := mpi.RunLocal(n, func(c *mpi.Comm) error {
		if c.Rank() == dead {
			return errDead
		}
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := fn(c.WithContext(ctx)); err != nil {
			return fmt.Errorf("rank %d of %d, %d is dead: %w", c.Rank(), n, dead, err)
		}
		return nil
	}, append(opts, mpi.WithFaults(mpi.Return))...)
	if !errors.Is(err, errDead) {
		t.Fatalf("%v, want %v", err, errDead)
	}
	if rest := strings.Replace(err.Error(), fmt.Sprintf("rank %d: %v", dead, errDead), "", 1); strings.TrimSpace(rest) != "" {
		t.Error(strings.TrimSpace(rest))
	}
}

// outcome judges what a rank got from a call that has lost a rank.
func outcome(what string, err error, must bool, dead int) error {
	switch {
	case err == nil && must:
		return fmt.Errorf("%s: no error", what)
	case err == nil:
		return nil
	case !errors.Is(err, mpi.ErrRankFailed):
		return fmt.Errorf("%s: %w", what, err)
	case !strings.Contains(err.Error(), fmt.Sprintf("rank %d: ", dead)):
		return fmt.Errorf("%s: the error does not name rank %d: %w", what, dead, err)
	}
	return nil
}

// below reports whether rank's path to root in the tree of Bcast leads through dead.
func below(n, root, rank, dead int) bool {
	for r := (rank - root + n) % n; ; r &= r - 1 {
		if (r+root)%n == dead {
			return true
		}
		if r == 0 {
			return false
		}
	}
}

// TestDeadRank calls everything, with every root, while one rank is dead. All
// on one communicator: the living must stay in step.
func TestDeadRank(t *testing.T) {
	for _, n := range []int{2, 3, 5, 8} {
		for dead := range n {
			t.Run(fmt.Sprintf("%d of %d", dead, n), func(t *testing.T) {
				withDead(t, n, dead, func(c *mpi.Comm) error {
					me := c.Rank()
					for _, k := range []int{0, 10, 40000} {
						for root := range n {
							buf := make([]byte, k)
							if me == root {
								copy(buf, pattern(root, k))
							}
							err := collective.Bcast(c, buf, root)
							if err := outcome("Bcast", err, below(n, root, me, dead), dead); err != nil {
								return err
							}
							if err == nil {
								if err := differ("Bcast", buf, pattern(root, k)); err != nil {
									return err
								}
							}
							long := make([]byte, n*k)
							if err := outcome("Reduce", collective.Reduce(c, buf, pattern(me, k), collective.Sum, root), me == root, dead); err != nil {
								return err
							}
							if err := outcome("Gather", collective.Gather(c, long, pattern(me, k), root), me == root, dead); err != nil {
								return err
							}
							err = collective.Scatter(c, buf, all(n, k), root)
							if err := outcome("Scatter", err, root == dead, dead); err != nil {
								return err
							}
							if err == nil {
								if err := differ("Scatter", buf, pattern(me, k)); err != nil {
									return err
								}
							}
							if err := outcome("Allreduce", collective.Allreduce(c, buf, pattern(me, k), collective.Sum), true, dead); err != nil {
								return err
							}
							if err := outcome("Allgather", collective.Allgather(c, long, pattern(me, k)), true, dead); err != nil {
								return err
							}
							if err := outcome("Barrier", collective.Barrier(c), true, dead); err != nil {
								return err
							}
						}
					}
					return nil
				})
			})
		}
	}
}

// TestDeathUnderWay has a rank die between two calls. Who finds out revokes the
// communicator, so that the others don't wait for him.
func TestDeathUnderWay(t *testing.T) {
	const n = 5
	for dead := range n {
		calls := map[string]func(c *mpi.Comm, x []byte) error{
			"Allreduce": func(c *mpi.Comm, x []byte) error { return collective.Allreduce(c, x, x, collective.Max) },
			"Bcast": func(c *mpi.Comm, x []byte) error {
				return collective.Bcast(c, x, dead)
			},
			"Allgather": func(c *mpi.Comm, x []byte) error {
				k := len(x) / n
				return collective.Allgather(c, x, x[c.Rank()*k:(c.Rank()+1)*k])
			},
			"Barrier": func(c *mpi.Comm, x []byte) error { return collective.Barrier(c) },
		}
		for name, call := range calls {
			for _, k := range []int{n * 2, n * 20000} {
				err := mpi.RunLocal(n, func(c *mpi.Comm) error {
					ctx, stop := context.WithTimeout(context.Background(), patience)
					defer stop()
					c = c.WithContext(ctx)
					x := make([]byte, k)
					for round := 0; ; round++ {
						if c.Rank() == dead && round == 3+dead {
							return errDead
						}
						err := call(c, x)
						if err == nil {
							continue
						}
						c.Revoke()
						if !errors.Is(err, mpi.ErrRankFailed) && !errors.Is(err, mpi.ErrRevoked) && !errors.Is(err, collective.ErrGaveUp) {
							return fmt.Errorf("%s, rank %d of %d, %d has died: %w", name, c.Rank(), n, dead, err)
						}
						return nil
					}
				}, mpi.WithFaults(mpi.Return))
				if err == nil || strings.Contains(err.Error(), name) {
					t.Error(err)
				}
			}
		}
	}
}

// TestDeadOutsider calls collectives on a communicator to which the dead rank does not belong.
func TestDeadOutsider(t *testing.T) {
	err := mpi.RunLocal(4, func(world *mpi.Comm) error {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		c, err := world.WithContext(ctx).Split(min(world.Rank(), 1), 0)
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			return errDead
		}
		for round := range 200 {
			if err := collective.Barrier(c); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
			x := []int{1}
			if err := collective.Allreduce(c, x, x, collective.Sum); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
			if x[0] != 3 {
				return fmt.Errorf("round %d: sum %d, want 3", round, x[0])
			}
		}
		return nil
	}, mpi.WithFaults(mpi.Return))
	if want := fmt.Sprintf("rank 0: %v", errDead); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestDeadline: a rank stays away, the others have a deadline.
func TestDeadline(t *testing.T) {
	const n = 5
	for _, call := range []func(c *mpi.Comm) error{
		collective.Barrier,
		func(c *mpi.Comm) error {
			return collective.Allreduce(c, make([]int, 3), make([]int, 3), collective.Sum)
		},
		func(c *mpi.Comm) error { return collective.Allgather(c, make([]int, n*9000), make([]int, 9000)) },
	} {
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			c, err := world.Dup()
			if err != nil {
				return err
			}
			if world.Rank() != 2 {
				ctx, stop := context.WithTimeoutCause(context.Background(), 20*time.Millisecond, errDead)
				defer stop()
				err := call(c.WithContext(ctx))
				if !errors.Is(err, errDead) && !errors.Is(err, collective.ErrGaveUp) {
					return fmt.Errorf("%w, want %w", err, errDead)
				}
			}
			// The world has not been hurt, and makes the next communicator.
			if c, err = world.Dup(); err != nil {
				return err
			}
			return collective.Barrier(c)
		})
	}
}

func TestRevoked(t *testing.T) {
	mpitest.Run(t, 3, func(world *mpi.Comm) error {
		c, err := world.Dup()
		if err != nil {
			return err
		}
		if c.Rank() == 1 {
			if err := c.Revoke(); err != nil {
				return err
			}
		}
		for _, err := range []error{
			collective.Barrier(c),
			collective.Bcast(c, []int{1}, 1),
			collective.Allreduce(c, []int{0}, []int{1}, collective.Sum),
		} {
			var e *mpi.Error
			if !errors.Is(err, mpi.ErrRevoked) || !errors.As(err, &e) || e.Comm != c.Name() {
				return fmt.Errorf("rank %d: %w, want %w", c.Rank(), err, mpi.ErrRevoked)
			}
		}
		return nil
	})
}

// TestAbort: a rank's error ends the job while the others are in a collective.
func TestAbort(t *testing.T) {
	for _, call := range []func(c *mpi.Comm) error{
		collective.Barrier,
		func(c *mpi.Comm) error {
			return collective.Allreduce(c, make([]int, 3), make([]int, 3), collective.Sum)
		},
	} {
		err := mpi.RunLocal(4, func(c *mpi.Comm) error {
			if c.Rank() == 3 {
				return errDead
			}
			if err := call(c); !errors.Is(err, mpi.ErrAborted) {
				t.Errorf("rank %d: %v, want %v", c.Rank(), err, mpi.ErrAborted)
			}
			return nil
		})
		if !errors.Is(err, errDead) {
			t.Errorf("%v, want %v", err, errDead)
		}
	}
}

// TestMismatch: ranks that disagree get errors that say how.
func TestMismatch(t *testing.T) {
	cases := []struct {
		name  string
		calls [3]func(c *mpi.Comm) error
		want  [3]string // part of the rank's error, "" for none
	}{
		{"short", [3]func(c *mpi.Comm) error{
			func(c *mpi.Comm) error { return collective.Bcast(c, make([]int32, 2), 0) },
			func(c *mpi.Comm) error { return collective.Bcast(c, make([]int32, 3), 0) },
			func(c *mpi.Comm) error { return collective.Bcast(c, make([]int32, 2), 0) },
		}, [3]string{"", "mpi: Bcast on world: ranks disagree about the call: rank 0 has 8 bytes, want 12", ""}},
		{"long", [3]func(c *mpi.Comm) error{
			func(c *mpi.Comm) error {
				return collective.Allreduce(c, make([]int32, 1), make([]int32, 1), collective.Sum)
			},
			func(c *mpi.Comm) error {
				return collective.Allreduce(c, make([]int32, 3), make([]int32, 3), collective.Sum)
			},
			func(c *mpi.Comm) error {
				return collective.Allreduce(c, make([]int32, 1), make([]int32, 1), collective.Sum)
			},
		}, [3]string{
			"mpi: Allreduce on world: ranks disagree about the call: rank 1 has 12 bytes, want 4",
			"mpi: Allreduce on world: ranks disagree about the call: rank 0 has 4 bytes, want 12",
			"mpi: Allreduce on world: ranks disagree about the call: rank 1 has 12 bytes, want 4",
		}},
		{"other call", [3]func(c *mpi.Comm) error{
			func(c *mpi.Comm) error { return collective.Gather(c, make([]int32, 3), make([]int32, 1), 0) },
			func(c *mpi.Comm) error { return collective.Reduce(c, nil, make([]int32, 1), collective.Sum, 0) },
			func(c *mpi.Comm) error { return collective.Gather(c, nil, make([]int32, 1), 0) },
		}, [3]string{"mpi: Gather on world: ranks disagree about the call: rank 1 is in Reduce", "", ""}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			mpitest.Run(t, 3, func(c *mpi.Comm) error {
				err := k.calls[c.Rank()](c)
				if got := fmt.Sprint(err); err != nil && (k.want[c.Rank()] == "" || !strings.Contains(got, k.want[c.Rank()])) {
					return fmt.Errorf("%v, want %q", got, k.want[c.Rank()])
				}
				if err == nil && k.want[c.Rank()] != "" {
					return fmt.Errorf("no error, want %q", k.want[c.Rank()])
				}
				if strings.Contains(k.want[c.Rank()], "disagree") && !errors.Is(err, collective.ErrMismatch) {
					return fmt.Errorf("%v is not ErrMismatch", err)
				}
				return nil
			})
		})
	}
}
