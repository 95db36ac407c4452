package mpi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// apart runs fn on two ranks of two nodes.
func apart(t *testing.T, fn func(c *Comm) error, opts ...Option) error {
	t.Helper()
	return RunLocal(2, fn, append(opts, WithNodes("2x1"))...)
}

// inUse is what a rank's arena holds once what it has shipped is gone.
func inUse(c *Comm) (int, error) {
	c.eng.Quiesce()
	c.shared.proc.land()
	n, _, err := c.eng.HeapInUse()
	return n, err
}

func filled(c *Comm, n int, x byte) (*Buf[byte], error) {
	b, err := Alloc[byte](c, n)
	if err == nil {
		for i := range b.Slice() {
			b.Slice()[i] = x
		}
	}
	return b, err
}

// A buffer that has moved to another node is dead here at once, and its memory comes back when the data has left.
func TestShipment(t *testing.T) {
	const n = 1 << 20
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 0 {
			b, err := filled(c, n, 7)
			if err != nil {
				return err
			}
			if err := b.Move(c, 1, 3); err != nil {
				return err
			}
			func() {
				defer func() {
					if got := recover(); got != panicBuf {
						err = fmt.Errorf("panic %v, want %v", got, panicBuf)
					}
				}()
				b.Slice()
			}()
			if err != nil {
				return err
			}
			if got, err := inUse(c); got != 0 || err != nil {
				return fmt.Errorf("%d buffers are left, %v", got, err)
			}
			return nil
		}
		b, st, err := RecvMove[byte](c, AnySource, AnyTag)
		if err != nil {
			return err
		}
		if st.Source != 0 || st.Tag != 3 || st.Count() != n || b.Len() != n || int(b.h.Owner) != 1 {
			return fmt.Errorf("received %d bytes of %v with %+v", b.Len(), b.h, st)
		}
		for i, x := range b.Slice() {
			if x != 7 {
				return fmt.Errorf("byte %d is %d, want 7", i, x)
			}
		}
		return b.Free()
	})
	if err != nil {
		t.Error(err)
	}
}

// Several goroutines receive moved buffers with the same tag at once: each gets a whole one.
func TestShipmentsToGoroutines(t *testing.T) {
	const workers, each, n = 4, 20, 100_000
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 0 {
			for i := range workers * each {
				b, err := filled(c, n, byte(i))
				if err != nil {
					return err
				}
				if err := b.Move(c, 1, 0); err != nil {
					return err
				}
			}
			return nil
		}
		var wg sync.WaitGroup
		errs := make([]error, workers)
		var seen [workers * each]bool
		var mu sync.Mutex
		for w := range workers {
			wg.Go(func() {
				for range each {
					b, _, err := RecvMove[byte](c, 0, 0)
					if err != nil {
						errs[w] = err
						return
					}
					first := b.Slice()[0]
					for i, x := range b.Slice() {
						if x != first {
							errs[w] = fmt.Errorf("buffer %d: byte %d is %d", first, i, x)
							return
						}
					}
					mu.Lock()
					if seen[first] {
						errs[w] = fmt.Errorf("buffer %d came twice", first)
					}
					seen[first] = true
					mu.Unlock()
					if err := b.Free(); err != nil {
						errs[w] = err
						return
					}
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	if err != nil {
		t.Error(err)
	}
}

// What a receiver doesn't want is taken from the sender all the same.
func TestShipmentOfAnotherType(t *testing.T) {
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 0 {
			b, err := Alloc[int64](c, 50_000)
			if err != nil {
				return err
			}
			return errors.Join(b.Move(c, 1, 0), Send(c, []int{1}, 1, 0))
		}
		if b, st, err := RecvMove[int32](c, 0, 0); !errors.Is(err, ErrType) || b != nil || st.Source != 0 {
			return fmt.Errorf("%v, %+v, %w, want %w", b, st, err, ErrType)
		}
		if n, err := inUse(c); n != 0 || err != nil {
			return fmt.Errorf("%d buffers are left, %v", n, err)
		}
		_, err := Recv(c, make([]int, 1), 0, 0)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A buffer for which the receiver has no room, or whose data it can't await, doesn't keep the sender from ending.
func TestShipmentRefused(t *testing.T) {
	const n = 1 << 20
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 0 {
			b, err := Alloc[byte](c, n)
			if err != nil {
				return err
			}
			if err := b.Move(c, 1, 0); err != nil {
				return err
			}
			if n, err := inUse(c); n != 0 || err != nil {
				return fmt.Errorf("%d buffers are left, %v", n, err)
			}
			return nil
		}
		var hoard []*Buf[byte]
		for size := 1 << 30; size >= n; {
			b, err := Alloc[byte](c, size)
			if errors.Is(err, ErrNoSpace) {
				size /= 2
				continue
			}
			if err != nil {
				return err
			}
			hoard = append(hoard, b)
		}
		if _, _, err := RecvMove[byte](c, 0, 0); !errors.Is(err, ErrNoSpace) {
			return fmt.Errorf("%w, want %w", err, ErrNoSpace)
		}
		for _, b := range hoard {
			if err := b.Free(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The receiver's patience ends while the sender doesn't get to sending.
func TestShipmentTooLate(t *testing.T) {
	late := make(chan struct{})
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 0 {
			b, err := Alloc[byte](c, 1<<20)
			if err != nil {
				return err
			}
			err = b.Move(c, 1, 0)
			<-late
			return err
		}
		defer close(late) // before it waits for the rest
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer stop()
		if b, _, err := RecvMove[byte](c.WithContext(ctx), 0, 0); !errors.Is(err, context.DeadlineExceeded) || b != nil {
			return fmt.Errorf("%v, %w", b, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The receiver dies before it has taken the data.
func TestShipmentToTheDead(t *testing.T) {
	died := errors.New("on purpose")
	err := apart(t, func(c *Comm) error {
		if c.Rank() == 1 {
			if _, err := Recv(c, make([]byte, 1), 0, 1); err != nil {
				return err
			}
			return died
		}
		b, err := Alloc[byte](c, 1<<20)
		if err != nil {
			return err
		}
		if err := b.Move(c, 1, 0); err != nil {
			return err
		}
		if err := Send(c, []byte{1}, 1, 1); err != nil {
			return err
		}
		if _, err := Recv(c, make([]byte, 1), 1, 1); !errors.Is(err, ErrRankFailed) {
			return fmt.Errorf("%w, want %w", err, ErrRankFailed)
		}
		if n, err := inUse(c); n != 0 || err != nil {
			return fmt.Errorf("%d buffers are left, %v", n, err)
		}
		if b, err = Alloc[byte](c, 1); err != nil {
			return err
		}
		if err := b.Move(c, 1, 0); !errors.Is(err, ErrRankFailed) {
			return fmt.Errorf("%w, want %w", err, ErrRankFailed)
		}
		if n, err := inUse(c); n != 0 || err != nil {
			return fmt.Errorf("%d buffers are left, %v", n, err)
		}
		return nil
	}, WithFaults(Return))
	if !errors.Is(err, died) || errors.Is(err, ErrRankFailed) {
		t.Error(err)
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		if !errors.Is(e, died) {
			t.Error(e)
		}
	}
}

// The communicator is revoked while a buffer is on its way.
func TestShipmentRevoked(t *testing.T) {
	err := apart(t, func(world *Comm) error {
		c, err := world.Dup()
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			b, err := Alloc[byte](c, 1<<20)
			if err != nil {
				return err
			}
			if err := b.Move(c, 1, 0); err != nil {
				return err
			}
			if _, err := Recv(c, make([]byte, 1), 1, 0); !errors.Is(err, ErrRevoked) {
				return fmt.Errorf("%w, want %w", err, ErrRevoked)
			}
			if n, err := inUse(c); n != 0 || err != nil {
				return fmt.Errorf("%d buffers are left, %v", n, err)
			}
			return nil
		}
		if _, err := Probe(c, 0, 0); err != nil {
			return err
		}
		if err := c.Revoke(); err != nil {
			return err
		}
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		if _, _, err := RecvMove[byte](c.WithContext(ctx), 0, 0); !errors.Is(err, ErrRevoked) {
			return fmt.Errorf("%w, want %w", err, ErrRevoked)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
