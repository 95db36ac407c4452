package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

var errEnough = errors.New("enough of it")

const large = 3 << 20 // bytes: more than leaves without its receiver, however many ranks there are

// stuck are calls that rank 1 doesn't answer, and what their errors say.
var stuck = []struct {
	name string
	call func(c *mpi.Comm) error
	want string
}{
	{"Recv", func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]byte, 1), 1, 3); return err }, "mpi: Recv from rank 1, tag 3, on world: "},
	{"Recv from any", func(c *mpi.Comm) error { _, err := mpi.Recv(c, make([]byte, 1), mpi.AnySource, mpi.AnyTag); return err },
		"mpi: Recv from any rank, any tag, on world: "},
	{"Send", func(c *mpi.Comm) error { return mpi.Send(c, make([]byte, large), 1, 3) }, "mpi: Send to rank 1, tag 3, on world: "},
	{"Ssend", func(c *mpi.Comm) error { return mpi.Ssend(c, make([]byte, 1), 1, 3) }, "mpi: Ssend to rank 1, tag 3, on world: "},
	{"Irecv", func(c *mpi.Comm) error { r := mpi.Irecv(c, make([]byte, 1), 1, 3); _, err := r.Wait(); return err },
		"mpi: Irecv from rank 1, tag 3, on world: "},
	{"Issend", func(c *mpi.Comm) error { r := mpi.Issend(c, make([]byte, 1), 1, 3); _, err := r.Wait(); return err },
		"mpi: Issend to rank 1, tag 3, on world: "},
	{"Isend", func(c *mpi.Comm) error { r := mpi.Isend(c, make([]byte, large), 1, 3); _, err := r.Wait(); return err },
		"mpi: Isend to rank 1, tag 3, on world: "},
	{"persistent", func(c *mpi.Comm) error {
		p := mpi.RecvInit(c, make([]byte, 1), 1, 3)
		p.Start()
		_, err := p.Wait()
		return err
	}, "mpi: Irecv from rank 1, tag 3, on world: "},
	{"WaitAll", func(c *mpi.Comm) error {
		return mpi.WaitAll([]mpi.Request{{}, mpi.Irecv(c, make([]byte, 1), 1, 3), mpi.Isend(c, make([]byte, large), 1, 4)}, nil)
	}, "mpi: Irecv from rank 1, tag 3, on world: "},
	{"WaitAny", func(c *mpi.Comm) error {
		reqs := []mpi.Request{{}, mpi.Irecv(c, make([]byte, 1), 1, 3), mpi.Issend(c, make([]byte, 1), 1, 4)}
		i, _, err := mpi.WaitAny(reqs)
		if i != 1 {
			return fmt.Errorf("index %d: %w", i, err)
		}
		if _, e := reqs[2].Wait(); !errors.Is(e, errEnough) {
			return e
		}
		return err
	}, "mpi: Irecv from rank 1, tag 3, on world: "},
	{"WaitSome", func(c *mpi.Comm) error {
		n, err := mpi.WaitSome([]mpi.Request{mpi.Irecv(c, make([]byte, 1), 1, 3), mpi.Irecv(c, make([]byte, 1), 1, 4)}, make([]int, 2), nil)
		if n != 2 {
			return fmt.Errorf("%d requests: %w", n, err)
		}
		return err
	}, "mpi: Irecv from rank 1, tag 3, on world: "},
	{"Sendrecv", func(c *mpi.Comm) error {
		_, err := mpi.Sendrecv(c, make([]byte, large), 1, 3, make([]byte, 1), 1, 4)
		return err
	}, "mpi: Isend to rank 1, tag 3, on world: "},
	{"Sendrecv of little", func(c *mpi.Comm) error {
		_, err := mpi.Sendrecv(c, []byte{1}, 1, 77, make([]byte, 1), 1, 4)
		return err
	}, "mpi: Irecv from rank 1, tag 4, on world: "},
	{"SendrecvReplace", func(c *mpi.Comm) error {
		_, err := mpi.SendrecvReplace(c, make([]byte, large), 1, 3, 1, 4)
		return err
	}, "mpi: Isend to rank 1, tag 3, on world: "},
	{"Probe", func(c *mpi.Comm) error { _, err := mpi.Probe(c, 1, 3); return err }, "mpi: Probe from rank 1, tag 3, on world: "},
	{"Mprobe", func(c *mpi.Comm) error { _, err := mpi.Mprobe(c, 1, mpi.AnyTag); return err }, "mpi: Mprobe from rank 1, any tag, on world: "},
	{"RecvMove", func(c *mpi.Comm) error { _, _, err := mpi.RecvMove[int](c, 1, 3); return err }, "mpi: RecvMove from rank 1, tag 3, on world: "},
	{"RecvValue", func(c *mpi.Comm) error { _, _, err := mpi.RecvValue[int](c, 1, 3); return err }, "mpi: RecvValue from rank 1, tag 3, on world: "},
	{"SendValue", func(c *mpi.Comm) error { return mpi.SendValue(c, make([]byte, large), 1, 3) }, "mpi: SendValue to rank 1, tag 3, on world: "},
	{"Dup", func(c *mpi.Comm) error { _, err := c.Dup(); return err }, "mpi: Dup on world: "},
	{"Split", func(c *mpi.Comm) error { _, err := c.Split(0, 0); return err }, "mpi: Split on world: "},
}

// unblock runs a call of stuck on rank 0 of two with a context that ends, and checks the error. The ranks can
// still talk afterwards, on every protocol, and no message of the call comes late.
func unblock(t *testing.T, call func(c *mpi.Comm) error, want string, cause error, bound func(world *mpi.Comm, try int) (context.Context, func())) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			var c *mpi.Comm
			var err error
			for try := range 5 {
				ctx, stop := bound(world, try)
				c = world.WithContext(ctx)
				err = call(c)
				stop()
				if !errors.Is(err, cause) || strings.HasPrefix(err.Error(), want) {
					break
				}
				// The context may have ended before the call was where it waits.
			}
			if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), want) {
				return fmt.Errorf("got %v, want %s%v", err, want, cause)
			}
			if err := call(c); !errors.Is(err, cause) {
				return fmt.Errorf("with an ended context: %v", err)
			}
			if err := mpi.Send(world, []byte{}, 1, 8); err != nil {
				return err
			}
		} else if _, err := mpi.Recv(world, []byte{}, 0, 8); err != nil {
			return err
		}
		for k, n := range []int{1, 5000, 100000} {
			in := make([]byte, n)
			if _, err := mpi.Sendrecv(world, fill(make([]byte, n), k), 1-world.Rank(), 9, in, 1-world.Rank(), 9); err != nil {
				return err
			}
			if err := same(in, n, k); err != nil {
				return err
			}
		}
		for st, ok, err := mpi.Iprobe(world, mpi.AnySource, mpi.AnyTag); ok || err != nil; st, ok, err = mpi.Iprobe(world, mpi.AnySource, mpi.AnyTag) {
			if err != nil || st.Tag != 77 && !strings.HasPrefix(want, "mpi: Dup") && !strings.HasPrefix(want, "mpi: Split") {
				return fmt.Errorf("a message is left: %+v, %v", st, err)
			}
			if _, err := mpi.Recv(world, make([]byte, 1), st.Source, st.Tag); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestDeadline(t *testing.T) {
	for _, s := range stuck {
		t.Run(s.name, func(t *testing.T) {
			unblock(t, s.call, s.want, errEnough, func(_ *mpi.Comm, try int) (context.Context, func()) {
				return context.WithTimeoutCause(context.Background(), 3*time.Millisecond<<(3*try), errEnough)
			})
			unblock(t, func(c *mpi.Comm) error {
				err := s.call(c)
				if errors.Is(err, context.DeadlineExceeded) { // for the calls that look at other errors than the one they return
					err = fmt.Errorf("%w and %w", err, errEnough)
				}
				return err
			}, "", context.DeadlineExceeded, func(*mpi.Comm, int) (context.Context, func()) {
				return context.WithTimeout(context.Background(), time.Millisecond)
			})
		})
	}
}

// waits reports whether a goroutine of the rank waits for something.
func waits(world *mpi.Comm) bool {
	return slices.ContainsFunc(world.Engine().Report(), func(p engine.Pending) bool { return p.Block })
}

// The context ends when the call is known to wait.
func TestCancelledContext(t *testing.T) {
	for _, s := range stuck {
		t.Run(s.name, func(t *testing.T) {
			unblock(t, s.call, s.want, errEnough, func(world *mpi.Comm, _ int) (context.Context, func()) {
				ctx, cancel := context.WithCancelCause(context.Background())
				go func() {
					for late := time.Now().Add(20 * time.Second); !waits(world) && time.Now().Before(late); {
						runtime.Gosched()
					}
					cancel(errEnough)
				}()
				return ctx, func() {}
			})
		})
	}
}

// A message that a matched probe took is received when the context has ended as well: its sender must not wait for ever.
func TestMessageOutlivesContext(t *testing.T) {
	mpitest.Run(t, 2, func(world *mpi.Comm) error {
		for _, n := range []int{1, large} {
			if world.Rank() == 1 {
				if err := mpi.Ssend(world, make([]byte, n), 0, 3); err != nil {
					return err
				}
				if err := mpi.Send(world, []byte{}, 0, 4); err != nil {
					return err
				}
				continue
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			m, err := mpi.Mprobe(world.WithContext(ctx), 1, 3)
			if err != nil {
				return err
			}
			cancel(errEnough)
			if st, err := mpi.Mrecv(m, make([]byte, n)); err != nil && !errors.Is(err, errEnough) || err == nil && st.Bytes() != n {
				return fmt.Errorf("%+v, %v", st, err)
			}
			if _, err := mpi.Recv(world, []byte{}, 1, 4); err != nil { // who has sent, can go on
				return err
			}
		}
		return nil
	})
}

// The job's context ends with the job, also for a rank that doesn't call anything.
func TestJobContext(t *testing.T) {
	for name, end := range map[string]func(world *mpi.Comm) error{
		"error": func(*mpi.Comm) error { return errEnough },
		"abort": func(world *mpi.Comm) error { return world.Abort(3, errEnough.Error()) },
		"panic": func(*mpi.Comm) error { panic(errEnough) },
	} {
		t.Run(name, func(t *testing.T) {
			err := mpi.RunLocal(3, func(world *mpi.Comm) error {
				switch world.Rank() {
				case 0:
					<-world.Context().Done()
					if err := context.Cause(world.Context()); !errors.Is(err, mpi.ErrAborted) || !strings.Contains(err.Error(), "by rank 2") {
						t.Errorf("cause %v", err)
					}
					return errors.New("not the first")
				case 2:
					return end(world)
				}
				return nil
			})
			if err == nil || !strings.HasPrefix(err.Error(), "rank 2: ") || !strings.Contains(err.Error(), errEnough.Error()) {
				t.Error(err)
			}
		})
	}
}

// A rank whose goroutine ends without returning, as t.Fatal does, counts as failed.
func TestRankThatDoesNotReturn(t *testing.T) {
	for _, faults := range []mpi.Faults{mpi.Abort, mpi.Return} {
		err := mpi.RunLocal(2, func(world *mpi.Comm) error {
			if world.Rank() == 1 {
				runtime.Goexit()
			}
			_, err := mpi.Recv(world, make([]byte, 1), 1, 0)
			want := mpi.ErrAborted
			if faults == mpi.Return {
				want = mpi.ErrRankFailed
			}
			if !errors.Is(err, want) {
				t.Errorf("%v: the other rank: %v", faults, err)
			}
			return nil
		}, mpi.WithFaults(faults))
		if err == nil || !strings.Contains(err.Error(), "rank 1: ") || !strings.Contains(err.Error(), "Goexit") {
			t.Errorf("%v: %v", faults, err)
		}
	}
}
