package collective_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestStartedDead has operations under way while one rank is dead. All on one communicator: the living must stay in step.
func TestStartedDead(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for dead := range n {
			withDead(t, n, dead, func(c *mpi.Comm) error {
				for _, k := range []int{0, 10, 40000} {
					var reqs []*collective.Request
					for range 3 {
						for _, begin := range []func() (*collective.Request, error){
							func() (*collective.Request, error) { return collective.Ibarrier(c) },
							func() (*collective.Request, error) {
								return collective.Iallreduce(c, make([]byte, k), pattern(c.Rank(), k), collective.Sum)
							},
							func() (*collective.Request, error) {
								return collective.Iallgather(c, make([]byte, n*k), pattern(c.Rank(), k))
							},
						} {
							r, err := begin()
							if err != nil {
								return err
							}
							reqs = append(reqs, r)
						}
					}
					for i := range reqs {
						err := reqs[len(reqs)-1-i].Wait()
						if err := outcome("a started operation", err, true, dead); err != nil {
							return err
						}
					}
				}
				return nil
			})
		}
	}
}

// TestStartedDeath has a rank die while the others' operations are under way and nobody waits.
func TestStartedDeath(t *testing.T) {
	for _, n := range []int{2, 5} {
		var begun atomic.Int32
		err := mpi.RunLocal(n, func(c *mpi.Comm) error {
			ctx, stop := context.WithTimeout(context.Background(), patience)
			defer stop()
			if c.Rank() == 0 {
				for begun.Load() < int32(n-1) {
					time.Sleep(time.Millisecond)
				}
				return errDead
			}
			r, err := collective.Iallreduce(c.WithContext(ctx), make([]int, 9), make([]int, 9), collective.Sum)
			if err != nil {
				return err
			}
			begun.Add(1)
			for {
				done, err := r.Test()
				if done {
					return outcome("Iallreduce", err, true, 0)
				}
			}
		}, mpi.WithFaults(mpi.Return))
		if want := fmt.Sprintf("rank 0: %v", errDead); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestStartedDeadline: rank 1 stays away. What is bounded ends, also behind what is not; that ends when the communicator is revoked.
func TestStartedDeadline(t *testing.T) {
	const n = 3
	for name, wait := range map[string]func(r *collective.Request) error{
		"Wait": (*collective.Request).Wait,
		"WaitAny": func(r *collective.Request) error {
			_, err := collective.WaitAny(nil, r)
			return err
		},
		"Test": func(r *collective.Request) error {
			for {
				if done, err := r.Test(); done {
					return err
				}
			}
		},
	} {
		mpitest.Run(t, n, func(world *mpi.Comm) error {
			c, err := world.Dup()
			if err != nil {
				return err
			}
			if world.Rank() == 1 {
				return collective.Barrier(world)
			}
			ctx, end := context.WithCancelCause(context.Background())
			defer end(nil)
			alone, err := collective.Iallreduce(c.WithContext(ctx), make([]int, 1), make([]int, 1), collective.Sum)
			if err != nil {
				return err
			}
			time.AfterFunc(20*time.Millisecond, func() { end(errDead) }) // not before it has begun
			if err := wait(alone); !errors.Is(err, errDead) && !errors.Is(err, collective.ErrGaveUp) {
				return fmt.Errorf("%s, rank %d: %w", name, c.Rank(), err)
			}
			return collective.Barrier(world)
		})
	}
}

// TestStartedBehind: an operation with a bound ends though the one ahead of it, without a bound, does not, until the
// communicator is revoked.
func TestStartedBehind(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		c, err := world.Dup()
		if err != nil {
			return err
		}
		if world.Rank() != 1 {
			ctx, end := context.WithCancelCause(context.Background())
			defer end(nil)
			first, err := collective.Ibarrier(c)
			if err != nil {
				return err
			}
			second, err := collective.Ibarrier(c.WithContext(ctx))
			if err != nil {
				return err
			}
			time.AfterFunc(10*time.Millisecond, func() { end(errDead) }) // not before it has begun
			if err := second.Wait(); !errors.Is(err, errDead) || !strings.HasPrefix(err.Error(), "mpi: Ibarrier on world'") {
				return fmt.Errorf("the second: %w", err)
			}
			if done, err := first.Test(); done {
				return fmt.Errorf("the first is done: %w", err)
			}
			third, err := collective.Ibarrier(c)
			if err != nil {
				return err
			}
			if err := c.Revoke(); err != nil {
				return err
			}
			for _, r := range []*collective.Request{third, first} {
				if err := r.Wait(); !errors.Is(err, mpi.ErrRevoked) {
					return fmt.Errorf("after Revoke: %w", err)
				}
			}
			if _, err := collective.Ibarrier(c); !errors.Is(err, mpi.ErrRevoked) {
				return fmt.Errorf("Ibarrier on a revoked communicator: %w", err)
			}
		}
		return collective.Barrier(world)
	})
}

// TestStartedAbort: a rank's error ends the job while operations of the others are under way.
func TestStartedAbort(t *testing.T) {
	err := mpi.RunLocal(4, func(c *mpi.Comm) error {
		if c.Rank() == 3 {
			return errDead
		}
		r, err := collective.Iallreduce(c, make([]int, 3), make([]int, 3), collective.Sum)
		if err == nil {
			err = r.Wait()
		}
		if !errors.Is(err, mpi.ErrAborted) {
			t.Errorf("rank %d: %v, want %v", c.Rank(), err, mpi.ErrAborted)
		}
		return nil
	})
	if !errors.Is(err, errDead) {
		t.Errorf("%v, want %v", err, errDead)
	}
}

// TestStartedFreed: what was started goes on when the communicator is freed.
func TestStartedFreed(t *testing.T) {
	everywhere(t, func(world *mpi.Comm) error {
		c, err := world.Dup()
		if err != nil {
			return err
		}
		var reqs [4]*collective.Request
		sums := make([]int, len(reqs))
		for i := range reqs {
			if reqs[i], err = collective.Iallreduce(c, sums[i:i+1], []int{i}, collective.Sum); err != nil {
				return err
			}
		}
		if err := c.Free(); err != nil {
			return err
		}
		if err := collective.WaitAll(reqs[:]...); err != nil {
			return err
		}
		for i, s := range sums {
			if s != i*world.Size() {
				return fmt.Errorf("sum %d is %d, want %d", i, s, i*world.Size())
			}
		}
		return nil
	})
}

// TestUnfinished: a program that forgets a request is told so.
func TestUnfinished(t *testing.T) {
	for name, forget := range map[string]func(world *mpi.Comm) error{
		"Ibarrier on world": func(world *mpi.Comm) error {
			_, err := collective.Ibarrier(world)
			return err
		},
		"Iallreduce on freed": func(world *mpi.Comm) error {
			c, err := world.Dup()
			if err != nil {
				return err
			}
			c.SetName("freed")
			if _, err = collective.Iallreduce(c, make([]int, 1), make([]int, 1), collective.Sum); err != nil {
				return err
			}
			return c.Free()
		},
		"BarrierInit on world": func(world *mpi.Comm) error {
			r, err := collective.BarrierInit(world)
			if err != nil {
				return err
			}
			r.Start()
			if _, err = collective.BarrierInit(world); err != nil { // one that was not started is no matter
				return err
			}
			return collective.Barrier(world)
		},
	} {
		err := mpi.RunLocal(2, forget)
		op, comm, _ := strings.Cut(name, " on ")
		want := fmt.Sprintf("mpi: Finalize on %s: a collective was started and not finished by Wait or Test: %s", comm, op)
		if !errors.Is(err, mpi.ErrUnfinished) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestStartedCrash: a panic of the user's function reaches who waits, whoever ran it, and the lane goes on.
func TestStartedCrash(t *testing.T) {
	for _, worker := range []bool{false, true} {
		mpitest.Run(t, 2, func(c *mpi.Comm) error {
			sum := make([]int, 1)
			r, err := collective.IreduceFunc(c, sum, []int{1}, func(a, b int) int { panic("out of cheese") }, 0)
			if err != nil {
				return err
			}
			crash := ""
			func() {
				defer func() { crash = fmt.Sprint(recover()) }()
				for done := !worker; !done && err == nil; {
					done, err = r.Test()
				}
				if !worker {
					err = r.Wait()
				}
			}()
			if err != nil {
				return err
			}
			if c.Rank() == 0 && (!strings.HasPrefix(crash, "out of cheese") || !strings.Contains(crash, "TestStartedCrash")) {
				return fmt.Errorf("worker %v: recovered %s", worker, crash)
			}
			return nil
		}, mpi.WithFaults(mpi.Return))
	}
}

func TestStartedMisuse(t *testing.T) {
	finished := func(c *mpi.Comm) *collective.Request {
		r, err := collective.Ibarrier(c)
		if err == nil {
			err = r.Wait()
		}
		if err != nil {
			t.Error(err)
		}
		return r
	}
	cases := []struct {
		name, want string
		call       func(c *mpi.Comm)
	}{
		{"Wait twice", "collective: request is not active (waited for already)", func(c *mpi.Comm) { finished(c).Wait() }},
		{"Test after Wait", "collective: request is not active (waited for already)", func(c *mpi.Comm) { finished(c).Test() }},
		{"WaitAny after Wait", "collective: request is not active (waited for already)", func(c *mpi.Comm) { collective.WaitAny(finished(c)) }},
		{"Wait after others", "collective: request is not active (waited for already)", func(c *mpi.Comm) {
			r := finished(c)
			for range 15 {
				finished(c)
			}
			r.Wait()
		}},
		{"Start of no persistent one", "collective: only a persistent request can be started", func(c *mpi.Comm) { finished(c).Start() }},
		{"Start twice", "collective: persistent request was started twice without Wait", func(c *mpi.Comm) {
			r, err := collective.BarrierInit(c)
			if err != nil {
				t.Error(err)
			}
			r.Start()
			defer r.Wait()
			r.Start()
		}},
		{"no function", "collective: no function", func(c *mpi.Comm) { collective.IscanFunc[int](c, nil, nil, nil) }},
		{"lengths", "collective: dst and src differ in length", func(c *mpi.Comm) {
			collective.AllreduceInit(c, make([]int, 2), make([]int, 3), collective.Sum)
		}},
		{"freed", "mpi: communicator was freed", func(c *mpi.Comm) {
			d, err := c.Dup()
			if err != nil {
				t.Error(err)
			}
			r, err := collective.BarrierInit(d)
			if err != nil {
				t.Error(err)
			}
			d.Free()
			r.Start()
		}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			mpitest.Run(t, 2, func(c *mpi.Comm) (err error) {
				defer func() {
					if got := recover(); got != k.want {
						err = fmt.Errorf("panic %v, want %q", got, k.want)
					}
				}()
				k.call(c)
				return nil
			})
		})
	}
}
