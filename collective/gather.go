package collective

import "github.com/golaunch/golaunch/runtime/mpi"

// Gather puts src of every rank into dst of rank root, that of rank i at
// dst[i*len(src)]. All src have the same length, and root's dst holds one per rank. In place, root's src
// is its own piece of dst. Other ranks' dst is not looked at.
//
// Cost: root receives n-1 messages, one after the other in rank order.
func Gather[T any](c *mpi.Comm, dst, src []T, root int) error {
	checkRoot(c, root)
	to, from := blockOf(dst), blockOf(src)
	if c.Rank() == root {
		checkPieces(c, to, from, panicGather)
	}
	x, err := begin(c, opGather)
	if err != nil {
		return err
	}
	if x.rank != root {
		x.send(root, from)
		return x.end()
	}
	to.piece(root, from).copyFrom(from)
	for i := range x.size {
		if i != root {
			x.recv(i, to.piece(i, from))
		}
	}
	return x.end()
}
