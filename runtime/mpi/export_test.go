package mpi

// Finalized says whether a rank of the world has ended in order.
func Finalized(c *Comm, rank int) bool { return c.shared.proc.job.Finalized(rank) }
