package collective

import (
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/arena"
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
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

// openBoard makes the board or finds it: where the communicator has a place for it, that says all; others are told.
func (x *call) openBoard() *board {
	if x.team == nil && x.comm.HasPlaces() {
		place := mpi.PlaceBlocking
		if x.kind != blocking {
			place = mpi.PlaceStarted
		}
		m, err := x.comm.Common(place, x.newBoard(), x.plane, x.aside)
		if err != nil {
			x.spoil(x.own, true, fmt.Errorf("waiting for %s: %w", x.who(x.rankOf(0)), err))
		}
		if m == nil {
			return nil
		}
		return x.takeSeat(m)
	}
	return x.tellBoard()
}

// newBoard is the board that this rank would make. The note says whether there are more ranks than processors.
func (x *call) newBoard() mpi.Need {
	crowd := x.eng.Crowded()
	cells, total := tune.BoardSize(x.size, tune.Cell(x.size, crowd))
	n := mpi.Need{Bytes: total, Zero: cells}
	if crowd {
		n.Note = 1
	}
	return n
}

// invitation says where a board lies.
type invitation struct {
	block arena.Handle // Gen 0: there is none
	note  int64
}

// tellBoard lets rank 0 make the board and tell the others.
func (x *call) tellBoard() *board {
	var to invitation
	var mine *mpi.Common
	if x.rank == 0 {
		if mine = x.comm.MakeCommon(x.newBoard()); mine != nil { // else no memory: everything works by messages, too
			to = invitation{mine.Block, int64(mine.Note)}
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
	if x.err != nil || to.block.Gen == 0 {
		return nil
	}
	if mine == nil {
		var err error
		if mine, err = x.comm.FindCommon(to.block, uint16(to.note)); err != nil {
			x.fail(fmt.Errorf("the board of rank 0: %w", err))
			return nil
		}
	}
	return x.takeSeat(mine)
}

// takeSeat is this rank's end of a board. What its handle says came from another process.
func (x *call) takeSeat(m *mpi.Common) *board {
	cell, cells, ok := tune.BoardOf(x.size, len(m.Mem))
	if !ok {
		x.fail(fmt.Errorf("the board of rank 0: %w: a board of %d bytes for %d ranks", engine.ErrCorrupt, len(m.Mem), x.size))
		return nil
	}
	return &board{
		eng: x.eng, plane: x.plane, members: x.members, me: x.rank, n: x.size,
		base: unsafe.Pointer(unsafe.SliceData(m.Mem)), cells: uintptr(cells), cell: cell, common: m,
		rounds: tune.Rounds(x.size), round: firstRound, known: firstRound, looks: x.eng.Looks(),
		crowd: m.Note != 0, most: cell / x.size, xs: make([]unsafe.Pointer, x.size),
		lendFrom: tune.LendFrom(m.Note != 0),
	}
}
