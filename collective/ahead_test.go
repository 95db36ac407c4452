package collective

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// TestAhead: a neighbourhood collective that is started has sent its small messages, and needs no worker, wherever nothing else is ahead of it.
func TestAhead(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			ring, err := c.Cart([]int{n}, []bool{true}, false)
			if err != nil {
				return err
			}
			left, right := (c.Rank()+n-1)%n, (c.Rank()+1)%n
			for _, k := range []int{1, 3, 100_000} { // the last is too long to be sent without a receiver
				src, dst := make([]int32, 2*k), make([]int32, 2*k)
				again, err := NeighborAlltoallInit(ring, dst, src)
				if err != nil {
					return err
				}
				for round := range 5 {
					for i := range src {
						src[i] = int32(round*1_000_000 + c.Rank()*10 + i/k)
					}
					again.Start()
					l := again.lane
					l.mu.Lock()
					began, ahead := again.state != queued, again.ahead
					l.mu.Unlock()
					if first := k == 1 && round == 0; ahead.begun == first && !began {
						return fmt.Errorf("%d elements, round %d: sent ahead is %v", k, round, ahead.begun)
					}
					if n > 1 && k == 3 && !ahead.sent && !began {
						return fmt.Errorf("%d elements, round %d: not all is sent", k, round)
					}
					if round == 2 { // one behind the other: the second is not sent ahead, and comes second
						more := make([]int32, 2)
						r, err := IneighborAllgather(ring, more, []int32{int32(c.Rank())})
						if err != nil {
							return err
						}
						if err := r.Wait(); err != nil || more[0] != int32(left) || more[1] != int32(right) {
							return fmt.Errorf("the one behind: %v, %w", more, err)
						}
					}
					if err := again.Wait(); err != nil {
						return err
					}
					for i, got := range dst {
						from, slot := left, 1
						if i >= k {
							from, slot = right, 0
						}
						if want := int32(round*1_000_000 + from*10 + slot); got != want {
							return fmt.Errorf("%d ranks, %d elements, round %d: element %d is %d, want %d", n, k, round, i, got, want)
						}
					}
				}
			}
			return nil
		})
	}
}

// TestAheadAlone: who has sent all needs a worker only for what comes after it.
func TestAheadAlone(t *testing.T) {
	r, next := &Request{state: queued, ahead: ahead{begun: true, sent: true}}, &Request{state: queued}
	l := &lane{first: r, last: r, todo: r}
	if l.attend(); l.armed || l.hired {
		t.Errorf("timer %v, worker %v", l.armed, l.hired)
	}
	if l.tick(); l.armed || l.hired {
		t.Errorf("after the moment: timer %v, worker %v", l.armed, l.hired)
	}
	if l.queue(next); l.calm() {
		t.Error("calm, and another one is queued")
	}
}

// TestAheadDeadline: what has been sent ahead is taken back when the time is up, in every way to wait.
func TestAheadDeadline(t *testing.T) {
	errLate := errors.New("late")
	for _, way := range []string{"Wait", "WaitAny", "Test"} {
		for _, k := range []int{1, 100_000} {
			mpitest.Run(t, 2, func(c *mpi.Comm) error {
				var rings [2]*mpi.Cart
				for i := range rings {
					var err error
					if rings[i], err = c.Cart([]int{2}, []bool{true}, false); err != nil {
						return err
					}
					if err := NeighborAllgather(rings[i], make([]int32, 2), []int32{1}); err != nil {
						return err
					}
					r, err := IneighborAllgather(rings[i], make([]int32, 2), []int32{1}) // looks for shared memory
					if err == nil {
						err = r.Wait()
					}
					if err != nil {
						return err
					}
				}
				if c.Rank() == 0 {
					ctx, end := context.WithCancelCause(context.Background())
					defer end(nil)
					var reqs []*Request
					for _, ring := range rings {
						r, err := IneighborAllgather(ring.WithContext(ctx), make([]int32, 2*k), make([]int32, k))
						if err != nil {
							return err
						}
						reqs = append(reqs, r)
					}
					defer time.AfterFunc(10*time.Millisecond, func() { end(errLate) }).Stop()
					for i, r := range reqs {
						var err error
						switch way {
						case "Wait":
							err = r.Wait()
						case "WaitAny":
							if at, e := WaitAny(reqs...); at >= 0 {
								err = e
							}
						default:
							for done := false; !done; {
								done, err = r.Test()
							}
						}
						if !errors.Is(err, errLate) {
							return fmt.Errorf("%s, %d elements, request %d: %w", way, k, i, err)
						}
					}
				}
				return Barrier(c)
			})
		}
	}
}
