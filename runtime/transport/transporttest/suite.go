// Package transporttest is the one conformance suite for every
// transport.Endpoint: what package engine relies on, and nothing more.
package transporttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/golaunch/golaunch/runtime/transport"
)

// patience is how long something that must happen may take before it counts as
// lost. No passing test waits for it.
const patience = 30 * time.Second

// Run checks endpoints. open makes the n endpoints of one fresh node, rank i at
// index i; if it can't, it fails the test itself. Run closes what open gave.
func Run(t *testing.T, open func(n int) []transport.Endpoint) {
	s := suite{open}
	t.Run("Identity", s.identity)
	t.Run("Channels", s.channels)
	t.Run("Rings", s.rings)
	t.Run("Words", s.words)
	t.Run("Doors", s.doors)
	t.Run("Failure", s.failure)
	t.Run("SleepReturns", s.sleepReturns)
	t.Run("WakeStress", s.wakeStress)
	t.Run("Fence", s.fence)
	t.Run("Heaps", s.heaps)
	t.Run("Punch", s.punch)
	t.Run("Close", s.closing)
}

type suite struct {
	open func(n int) []transport.Endpoint
}

// sizes are the numbers of ranks that most checks run with.
var sizes = []int{1, 2, 3, 5}

// node opens n endpoints that are closed when t ends.
func (s suite) node(t *testing.T, n int) []transport.Endpoint {
	t.Helper()
	eps := s.open(n)
	if len(eps) != n {
		t.Fatalf("open(%d) gave %d endpoints", n, len(eps))
	}
	t.Cleanup(func() {
		for i, ep := range eps {
			if err := ep.Close(); err != nil {
				t.Errorf("closing rank %d of %d: %v", i, n, err)
			}
		}
	})
	return eps
}

// each runs f with every number of ranks.
func (s suite) each(t *testing.T, f func(t *testing.T, eps []transport.Endpoint)) {
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) { f(t, s.node(t, n)) })
	}
}

func (s suite) identity(t *testing.T) {
	s.each(t, func(t *testing.T, eps []transport.Endpoint) {
		for i, ep := range eps {
			if ep.Rank() != i || ep.Size() != len(eps) || ep.Job() == nil || ep.Job().Ranks != len(eps) {
				t.Errorf("endpoint %d says rank %d of %d, job %+v", i, ep.Rank(), ep.Size(), ep.Job())
			}
			if err := ep.Shape().Check(); err != nil {
				t.Error(err)
			}
			if ep.Shape() != eps[0].Shape() {
				t.Errorf("rank %d has channels of shape %+v, rank 0 of %+v", i, ep.Shape(), eps[0].Shape())
			}
			if c := ep.Caps(); c.Processors < 1 || c != eps[0].Caps() {
				t.Errorf("rank %d has %+v, rank 0 has %+v", i, c, eps[0].Caps())
			}
			ep.Yield() // returns
		}
	})
}

// closing checks that an endpoint that is closed takes nothing from the others.
func (s suite) closing(t *testing.T) {
	eps := s.open(3)
	if err := eps[1].Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	b := channel(t, eps[0], 2, 0)
	b[0] = 7
	if got := channel(t, eps[2], 2, 0)[0]; got != 7 {
		t.Errorf("after another rank's Close the channel holds %d, want 7", got)
	}
	for _, i := range []int{0, 2} {
		if err := eps[i].Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// done waits for what must happen.
func done(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-ch:
	case <-late.C:
		t.Fatalf("%s: still not after %v", what, patience)
	}
}
