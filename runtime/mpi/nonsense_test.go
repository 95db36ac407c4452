package mpi_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// A vote names memory of the node: one that can't be its sender's is an error, not an index. Rank 0's is the only one that Dup reads.
func TestForgedVotes(t *testing.T) {
	const internal = 2 // plane of the world
	for name, v := range map[string]struct {
		from     int
		id, node uint32
		block    int32
	}{
		"another rank":           {1, 1<<14 | 1, 0, -1},
		"a rank that is none":    {1, 1<<14 | 1, 1 << 20, -1},
		"a negative rank":        {1, 1<<14 | 1, 0xffffffff, -1},
		"an id of another rank":  {1, 1, 1, -1},
		"an id of a rank beyond": {1, 99<<14 | 1, 1, -1},
		"a negative block":       {1, 1<<14 | 1, 1, -2},
		"a block beyond":         {1, 1<<14 | 1, 1, 1024},
		"a leader of other name": {0, 1, 1, -1},
		"a leader's other id":    {0, 1<<14 | 1, 0, -1},
		"a leader's block":       {0, 1, 0, 1 << 30},
	} {
		for _, placement := range []string{"2", "1+1"} { // votes in shared memory, by messages
			err := mpi.RunLocal(2, func(c *mpi.Comm) error {
				switch {
				case c.Rank() != v.from:
					var err error
					if v.from == 0 {
						_, err = c.Dup()
					} else {
						_, err = c.Split(0, 0)
					}
					if !errors.Is(err, mpi.ErrCorrupt) {
						t.Errorf("%s, %s: got %v", name, placement, err)
					}
					return nil
				case placement == "2":
					return mpi.CastVote(c, v.id, int32(v.node), v.block)
				}
				var b [20]byte // color, key, id, node, block
				binary.LittleEndian.PutUint32(b[8:], v.id)
				binary.LittleEndian.PutUint32(b[12:], v.node)
				binary.LittleEndian.PutUint32(b[16:], uint32(v.block))
				to := engine.Data{P: unsafe.Pointer(&b), N: len(b)}
				_, err := c.Engine().Complete(context.Background(), c.Engine().StartSend(engine.OpSend, internal, int32(1-v.from), 0, to))
				return err
			}, mpi.WithNodes(placement))
			if err != nil {
				t.Errorf("%s, %s: %v", name, placement, err)
			}
		}
	}
}

// A value of a size that nobody sends is an error before memory is taken for it. As it is never received, its sender
// can't free the buffer: that is said in the end.
func TestRecvValueOfAnySize(t *testing.T) {
	var err error
	said := stderr(t, func() { err = mpi.RunLocal(1, sendHuge) })
	if errors.Is(err, mpi.ErrNoSpace) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := "mpi: rank 0: 1 buffers from Alloc (8589934593 bytes) were not freed before Finalize"; !slices.Equal(said, []string{want}) {
		t.Errorf("said %q, want %q", said, want)
	}
}

// sendHuge sends a rank's own self what RecvValue must refuse.
func sendHuge(c *mpi.Comm) error {
	size := uint64(1)<<33 + 1
	b, err := mpi.Alloc[byte](c, int(size)) // nobody touches it
	if err != nil {
		return err
	}
	mpi.Isend(c, b.Slice(), 0, 1)
	if _, _, err := mpi.RecvValue[string](c, 0, 1); !errors.Is(err, mpi.ErrCorrupt) {
		return fmt.Errorf("RecvValue: %w, want %w", err, mpi.ErrCorrupt)
	}
	return nil
}
