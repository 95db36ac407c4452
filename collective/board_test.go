package collective

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// boardOf is the board of blocking calls, which a barrier has opened.
func boardOf(c *mpi.Comm) (*board, error) {
	if err := Barrier(c); err != nil {
		return nil, err
	}
	b := stateOf(c).blocking.board
	if b == nil {
		return nil, errors.New("no board")
	}
	return b, nil
}

// TestBoardShape: no places overlap, all lie in the block, cells on pages.
func TestBoardShape(t *testing.T) {
	for _, n := range []int{2, 3, 16, 17, 64, 200, 1024} {
		for _, crowd := range []bool{false, true} {
			cell := tune.Cell(n, crowd)
			cells, total := tune.BoardSize(n, cell)
			if cell < tune.MinCell || total > tune.MaxBoardCells+cells || cells%4096 != 0 {
				t.Errorf("%d ranks: cells of %d bytes from %d on, %d in all", n, cell, cells, total)
			}
			mem := make([]byte, total)
			b := &board{n: n, base: unsafe.Pointer(&mem[0]), cells: uintptr(cells), cell: cell, rounds: tune.Rounds(n)}
			type span struct{ from, to int }
			var all []span
			add := func(p unsafe.Pointer, n int) {
				at := int(uintptr(p) - uintptr(b.base))
				all = append(all, span{at, at + n})
			}
			add(unsafe.Pointer(b.parked()), 4)
			add(unsafe.Pointer(b.closed()), 4)
			for r := range n {
				add(unsafe.Pointer(b.left(r)), 8)
				for round := range uint64(b.rounds) {
					add(b.place(r, round), line)
					add(b.data(r, round, inline+1), cell)
					if in := uintptr(b.data(r, round, inline)) - uintptr(b.place(r, round)); in+inline > line {
						t.Fatalf("inline data ends at byte %d of its place", in+inline)
					}
				}
			}
			slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
			for i, s := range all {
				if s.to > total || i > 0 && s.from < all[i-1].to {
					t.Fatalf("%d ranks: places %v and %v of %d bytes", n, all[max(i-1, 0)], s, total)
				}
			}
		}
	}
}

// TestBoardRunsAhead: a root that nobody waits for is never more rounds ahead than there are places, and what it has published stays
// until it was read.
func TestBoardRunsAhead(t *testing.T) {
	const many = 50
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		b, err := boardOf(c)
		if err != nil {
			return err
		}
		start := b.round
		x := make([]int, 2)
		for i := range many {
			if c.Rank() == 0 {
				x[0], x[1] = i, -i
			}
			if rounds := uint64(b.rounds); c.Rank() == 2 { // the slow one
				if root := atomic.LoadUint64((*uint64)(b.place(0, start+uint64(i)+1+rounds))); root > start+uint64(i)+rounds {
					return fmt.Errorf("the root has published round %d while this rank is in round %d", root, start+uint64(i))
				}
			}
			if err := Bcast(c, x, 0); err != nil {
				return err
			}
			if x[0] != i || x[1] != -i {
				return fmt.Errorf("broadcast %d brought %v", i, x)
			}
		}
		return nil
	})
}

// TestBoardAfterError: once ranks have disagreed, no later call believes the board.
func TestBoardAfterError(t *testing.T) {
	mpitest.Run(t, 2, func(c *mpi.Comm) error {
		if _, err := boardOf(c); err != nil {
			return err
		}
		x := make([]int, 1+c.Rank())
		if err := Allreduce(c, x, x, Sum); !errors.Is(err, ErrMismatch) {
			return fmt.Errorf("lengths 1 and 2: %v", err)
		}
		err := Barrier(c)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "out of step") {
			return fmt.Errorf("after that: %v", err)
		}
		d, err := c.Dup()
		if err != nil {
			return err
		}
		return Barrier(d)
	})
}

// TestBoardNonsense: flags that nobody has written are errors.
func TestBoardNonsense(t *testing.T) {
	for name, damage := range map[string]func(b *board){
		"a flag of the far future": func(b *board) { *(*uint64)(b.place(0, b.round+1)) = 1 << 60 },
		"no such operation": func(b *board) {
			*(*uint64)(unsafe.Add(b.place(0, b.round+1), 8)) = 200
			*(*uint64)(b.place(0, b.round+1)) = b.round + 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b *board
			err := mpi.RunLocal(2, func(c *mpi.Comm) error {
				mine, err := boardOf(c)
				if err != nil || c.Rank() == 0 {
					if err == nil { // stay, and stay away
						err = mpi.Send(c, []byte{1}, 1, 0)
					}
					if err == nil {
						_, err = mpi.Recv(c, make([]byte, 1), 1, 0)
					}
					return err
				}
				if _, err := mpi.Recv(c, make([]byte, 1), 0, 0); err != nil { // rank 0 writes no more
					return err
				}
				b = mine
				damage(b)
				if err := Barrier(c); !errors.Is(err, engine.ErrCorrupt) {
					return fmt.Errorf("Barrier: %v, want %v", err, engine.ErrCorrupt)
				}
				return mpi.Send(c, []byte{1}, 0, 0)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBoardFreed: the memory of freed communicators comes back, in whatever order the ranks leave.
func TestBoardFreed(t *testing.T) {
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		var before uint64
		for i := range 20 {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			if _, err := boardOf(d); err != nil {
				return err
			}
			if err := d.Free(); err != nil {
				return err
			}
			if err := Barrier(c); err != nil {
				return err
			}
			if c.Rank() != 0 {
				continue
			}
			h, err := c.Engine().Heap()
			if err != nil {
				return err
			}
			if _, err := h.Reclaim(); err != nil {
				return err
			}
			switch s := h.Stats(); {
			case i == 0:
				before = s.Capacity
			case s.Capacity != before:
				return fmt.Errorf("after %d communicators %d bytes are in use, after the first %d", i+1, s.Capacity, before)
			}
		}
		return nil
	})
}
