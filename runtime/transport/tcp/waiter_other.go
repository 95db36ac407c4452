//go:build !linux

package tcp

import "time"

// waiter sleeps until the bell rings; the goroutines of netSocket ring it.
type waiter struct{ bell chan struct{} }

func newWaiter() (*waiter, error) { return &waiter{make(chan struct{}, 1)}, nil }

func (w *waiter) ring() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

func (w *waiter) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.bell:
	case <-t.C:
	}
}

func (w *waiter) close() {}
