// Package loggp tells how long a collective operation would take: it plays the plans of all ranks (package plan)
// on a machine of a few numbers. So algorithms for 10 000 nodes can be compared on any computer.
//
//	c, err := loggp.Job{Op: plan.Allreduce, Algorithm: "ring", Bytes: 1 << 20, Ranks: 64, PerNode: 8}.Cost()
//	c.Time      // of the last rank to finish
//
// # The model
//
// LogGP, by Alexandrov, Ionescu, Schauser and Scheiman, "LogGP: Incorporating Long Messages into the LogP Model" (1995). A message of
// k bytes costs its sender o of processor time, enters the sender's port, which it occupies for G k, at least g, arrives
// L later at the receiver's port, which it occupies for as long, and costs the receiver o. Bytes flow on: a
// message that finds both ports idle takes o + L + G k + o. Messages wait for a busy port in the order in which they come to it.
//
// Ranks are placed in blocks, PerNode to a node. Inside of a node every rank has ports of its own, and other values of L, o, g and G;
// between nodes all ranks of a node share one port in each direction. Folds and copies take the rank's processor, by the byte.
//
// A step group of a plan ends when its messages have come, are folded, and its sends have left the
// port; a rank takes messages in the order of their arrival.
//
// Left out: rendezvous (a sender never waits for its receiver), contention inside of the
// network and of memory, noise. So times of long messages are too good where ranks wait for each other anyway, and all
// are better than a real machine's. What counts is which algorithm is ahead.
//
// # Large jobs
//
// Costs are exact for the model as long as there are at most a few million messages. Above that, Cost.Method says how
// the number came about. Where all ranks do the same, only those of one node are played: what
// they send is what they receive. The time of a chain grows evenly with ranks and segments. A broadcast by scatter and allgather is
// priced as these two. Tests compare each with the full play of smaller jobs.
package loggp
