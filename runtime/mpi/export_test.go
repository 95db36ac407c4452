package mpi

import "unsafe"

// Finalized says whether a rank of the world has ended in order.
func Finalized(c *Comm, rank int) bool { return c.shared.proc.job.Finalized(rank) }

// BlockOf is the number of the communicator's block of shared words, -1 if it has none.
func BlockOf(c *Comm) int { return int(c.shared.block) }

// SpoilBallot counts arrivals that never were.
func SpoilBallot(c *Comm) { *(*uint32)(unsafe.Add(c.words(), blockVoted)) = 7 }

// CastVote votes as somebody else, or for what there is not.
func CastVote(c *Comm, id uint32, node, block int32) error {
	b, err := ballotOf(c)
	if err != nil {
		return err
	}
	return b.cast(c, vote{id: id, node: node, block: block})
}
