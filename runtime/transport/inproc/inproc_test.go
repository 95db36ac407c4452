package inproc_test

import (
	"testing"

	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/transport"
	"github.com/golaunch/golaunch/runtime/transport/inproc"
	"github.com/golaunch/golaunch/runtime/transport/transporttest"
)

func TestConformance(t *testing.T) {
	transporttest.Run(t, func(n int) []transport.Endpoint {
		w, err := inproc.New(n)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
		eps := make([]transport.Endpoint, n)
		for i := range eps {
			eps[i] = w.Endpoint(i)
		}
		return eps
	})
}

// A waiting rank must let the scheduler run the others, and knows it from here.
func TestCaps(t *testing.T) {
	w, err := inproc.New(2)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if !w.Endpoint(0).Caps().Goroutines {
		t.Error("ranks as goroutines don't say so")
	}
	if w.Job() != w.Endpoint(1).Job() {
		t.Error("the world and its endpoints have different jobs")
	}
}

func TestRefusesWrongSizes(t *testing.T) {
	for _, n := range []int{-1, 0, segment.MaxRanks + 1} {
		if _, err := inproc.New(n); err == nil {
			t.Errorf("a world of %d ranks was made", n)
		}
	}
}
