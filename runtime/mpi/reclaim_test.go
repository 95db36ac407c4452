package mpi

import (
	"errors"
	"fmt"
	"testing"
)

// The memory of a buffer that a dead rank held goes back to the arena it came from.
func TestDeadRanksBuffersComeBack(t *testing.T) {
	died := errors.New("on purpose")
	err := RunLocal(2, func(c *Comm) error {
		if c.Rank() == 1 {
			if _, _, err := RecvMove[byte](c, 0, 1); err != nil {
				return err
			}
			return died
		}
		b, err := Alloc[byte](c, 1<<20)
		if err != nil {
			return err
		}
		if err := b.Move(c, 1, 1); err != nil {
			return err
		}
		if _, err := Recv(c, make([]byte, 1), 1, 2); !errors.Is(err, ErrRankFailed) {
			return fmt.Errorf("receive from the dead rank: %v", err)
		}
		heap, err := c.eng.Heap()
		if err != nil {
			return err
		}
		if live := heap.Live(); len(live) != 0 {
			return fmt.Errorf("still out: %v", live)
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
