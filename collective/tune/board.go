package tune

// Parts of a board, the memory that the ranks of a communicator on one node share for their collectives, in bytes. Package
// collective says what lies where.
const (
	BoardLine = 128           // two lines of 64 bytes: processors fetch them in pairs
	BoardHead = 4 * BoardLine // what belongs to no rank

	MinCell       = 4 << 10
	MaxBoardCells = 16 << 20 // all cells of a board
	pageBytes     = 4096
)

// Rounds is how many rounds a rank can be ahead on a board of so many, each with a line and a cell: a power of two. Two ranks have the
// room for more.
func Rounds(ranks int) int {
	if ranks == 2 {
		return 8
	}
	return 4
}

// Cell is the size of a cell on a board of so many ranks. One's own cells should stay in the second-level cache, which they do with
// some room between two ranks; but with more ranks than processors every round costs a change of context for each rank, so
// there should be few.
func Cell(ranks int, crowded bool) int {
	cell := 32 << 10
	switch {
	case crowded:
		cell = 256 << 10
	case ranks == 2:
		cell = 64 << 10
	}
	for cell > MinCell && ranks*Rounds(ranks)*cell > MaxBoardCells {
		cell /= 2
	}
	return cell
}

// LendFrom is from how many bytes on a rank's data is lent if it lies in an arena, and not copied to cells. Its rank has to wait then until
// all have read it, which with more ranks than processors costs a change of context for each.
func LendFrom(crowded bool) int {
	if crowded {
		return 64 << 10
	}
	return 8 << 10
}

// BoardSize says where the cells of a board begin, on a page, and how large it is. Memory is taken only for what is used: the cells by
// data of more than 100 bytes.
func BoardSize(ranks, cell int) (cells, total int) {
	cells = (BoardHead + ranks*(Rounds(ranks)+1)*BoardLine + pageBytes - 1) &^ (pageBytes - 1)
	return cells, cells + ranks*Rounds(ranks)*cell
}

// BoardOf is the size of the cells of a board of so many bytes, and where they begin. ok is false if no board has that size.
func BoardOf(ranks, total int) (cell, cells int, ok bool) {
	for cell = MinCell; cell <= MaxBoardCells; cell *= 2 {
		switch cells, n := BoardSize(ranks, cell); {
		case n == total:
			return cell, cells, true
		case n > total:
			return 0, 0, false
		}
	}
	return 0, 0, false
}
