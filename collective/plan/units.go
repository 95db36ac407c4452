package plan

import "math/bits"

// Units returns the Count with which one plan by alg serves all lengths: the number of pieces that a vector is cut into, or
// 1 where vectors or blocks stay whole. A unit is then a piece: of ceil(m / Units) elements, the last ones
// shorter, or even empty, if whoever runs the plan ends the vector at m. It is 0 for "chain", which has as many
// segments as its caller likes: Count of them, with Segment 1.
func Units(op Op, alg string, size int) int {
	switch op {
	case Bcast:
		switch alg {
		case "scatter-allgather":
			return size
		case "chain":
			return 0
		}
	case Reduce, Allreduce:
		switch alg {
		case "rabenseifner":
			return 1 << (bits.Len(uint(size)) - 1)
		case "ring":
			return size
		}
	}
	return 1
}
