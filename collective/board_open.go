package collective

import (
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
)

// board is the communicator's board, or nil if it has none: a single rank, ranks on several nodes, two groups, or a program that outlives dead ranks. A
// board never gets rid of a rank that went away with an error. At the first collective of a communicator rank 0
// makes it and tells the others.
func (x *call) board(of *state) *board {
	s := of.seat(x.kind)
	if s.looked {
		return s.board
	}
	s.looked = true
	if x.size == 1 || x.comm.Inter() || x.eng.Job().FaultsReturn() || x.apart() {
		return nil
	}
	x.note()
	code := x.code
	x.code = opBoard
	s.board = x.openBoard()
	x.code = code
	return s.board
}

// invitation says where a board lies.
type invitation struct {
	block arena.Handle
	cell  int64 // 0: there is none
	crowd int64 // 1: more ranks than processors
}

func (x *call) openBoard() *board {
	var to invitation
	if x.rank == 0 {
		var err error
		if to, err = x.makeBoard(); err != nil {
			to = invitation{} // no memory: everything works by messages, too
		}
	}
	words := block{unsafe.Pointer(&to), 1, int(unsafe.Sizeof(to))}
	switch {
	case !x.eng.Crowded():
		x.bcast(words, 0)
	case x.rank != 0: // every level of a tree would cost a change of context
		x.recv(0, words)
	default:
		for r := 1; r < x.size; r++ {
			x.send(r, words)
		}
	}
	if x.err != nil || to.cell == 0 {
		return nil
	}
	b, err := x.joinBoard(to)
	if err != nil {
		x.fail(fmt.Errorf("the board of rank 0: %w", err))
		return nil
	}
	return b
}

// makeBoard makes a board in this rank's arena. The block is nobody's, as it outlives whoever leaves first.
func (x *call) makeBoard() (invitation, error) {
	h, err := x.eng.Heap()
	if err != nil {
		return invitation{}, err
	}
	cell := tune.Cell(x.size, x.eng.Crowded())
	cells, total := tune.BoardSize(x.size, cell)
	block, mem, err := h.Alloc(total)
	if err != nil {
		return invitation{}, err
	}
	clear(mem[:cells])
	sent, err := h.Release(block, arena.MaxRank)
	if err == nil {
		block, err = h.Accept(sent, arena.MaxRank)
	}
	to := invitation{block: block, cell: int64(cell)}
	if x.eng.Crowded() {
		to.crowd = 1
	}
	return to, err
}

// joinBoard finds the board. What the invitation says came from another process.
func (x *call) joinBoard(to invitation) (*board, error) {
	v, err := x.eng.View(int(to.block.Owner))
	if err != nil {
		return nil, err
	}
	mem, err := v.Bytes(to.block)
	if err != nil {
		return nil, err
	}
	cell := int(to.cell)
	cells, total := tune.BoardSize(x.size, min(cell, tune.MaxBoardCells))
	if cell < tune.MinCell || len(mem) != total {
		return nil, fmt.Errorf("%w: a board of %d bytes for %d ranks", engine.ErrCorrupt, len(mem), x.size)
	}
	return &board{
		eng: x.eng, plane: x.plane, members: x.members, me: x.rank, n: x.size,
		base: unsafe.Pointer(unsafe.SliceData(mem)), cells: uintptr(cells), cell: cell, block: to.block, heap: v,
		round: rounds, known: rounds, looks: x.eng.Looks(), crowd: to.crowd != 0, most: cell / x.size, xs: make([]unsafe.Pointer, x.size),
	}, nil
}
