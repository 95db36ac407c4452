package collective

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// byMessages is Barrier where there is no counter.
func byMessages(c *mpi.Comm) error {
	x, err := begin(c, opBarrier)
	if err != nil {
		return err
	}
	x.disseminate()
	return x.end()
}

func TestDisseminate(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 7, 8} {
		var here atomic.Int64
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			for round := range 100 {
				here.Add(1)
				if err := byMessages(c); err != nil {
					return err
				}
				if got := here.Load(); got < int64((round+1)*n) {
					return fmt.Errorf("round %d of %d ranks: left with %d arrivals, want at least %d", round, n, got, (round+1)*n)
				}
			}
			return nil
		})
	}
}

func TestDisseminateDead(t *testing.T) {
	dead := errors.New("this rank plays dead")
	for _, n := range []int{2, 3, 7} {
		err := mpi.RunLocal(n, func(c *mpi.Comm) error {
			if c.Rank() == n/2 {
				return dead
			}
			ctx, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			c = c.WithContext(ctx)
			for range 5 { // in step after every failure
				if err := byMessages(c); !errors.Is(err, mpi.ErrRankFailed) {
					t.Errorf("rank %d of %d: %v, want %v", c.Rank(), n, err, mpi.ErrRankFailed)
				}
			}
			return nil
		}, mpi.WithFaults(mpi.Return))
		if want := fmt.Sprintf("rank %d: %v", n/2, dead); err == nil || err.Error() != want {
			t.Errorf("%d ranks: %v, want %s", n, err, want)
		}
	}
}

func TestOverlaps(t *testing.T) {
	x := make([]int32, 10)
	for _, k := range []struct {
		a, b []int32
		want bool
	}{
		{x[:5], x[5:], false},
		{x[:6], x[5:], true},
		{x[5:], x[:6], true},
		{x, x[3:4], true},
		{x[3:4], x, true},
		{x, x, true},
		{x, x[5:5], false},
		{nil, nil, false},
		{x, make([]int32, 10), false},
	} {
		if got := blockOf(k.a).overlaps(blockOf(k.b)); got != k.want {
			t.Errorf("%p+%d and %p+%d: %v, want %v", k.a, len(k.a), k.b, len(k.b), got, k.want)
		}
	}
}
