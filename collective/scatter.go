package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Scatter cuts src of rank root into pieces of len(dst), and puts piece i into dst of rank i. All
// dst have the same length, and root's src holds one per rank. In place, root's
// dst is its own piece of src. Other ranks' src is not looked at.
//
// Cost: root sends n-1 messages, one after the other in rank order.
func Scatter[T any](c *mpi.Comm, dst, src []T, root int) error {
	checkRoot(c, root)
	to, from := blockOf(dst), blockOf(src)
	if c.Rank() == root {
		checkPieces(c, from, to, panicScatter)
	}
	x, err := begin(c, opScatter)
	if err != nil {
		return err
	}
	if x.rank != root {
		x.recv(root, to)
		return x.end()
	}
	for i := range x.size {
		if i != root {
			x.send(i, from.piece(i, to))
		}
	}
	to.copyFrom(from.piece(root, to))
	return x.end()
}
