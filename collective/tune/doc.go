// Package tune says which algorithm a collective operation takes. The choice is data: a table of
// rows from the size of a communicator and of a message to an algorithm's name, each with the reason why it stands there. It
// can be printed (golaunch explain), and overruled by a variable in the environment.
//
//	c := tune.Choose(tune.Case{Op: plan.Allreduce, Bytes: 1 << 20, Ranks: 64, Nodes: 64})
//	c.Algorithm   // "rabenseifner"
//	c.Row.Why     // why
//
// All ranks of a call must take the same algorithm, so a Case has nothing that differs between
// them, and Choose depends on nothing else: no clock, no floating point.
//
// # Names
//
// Algorithms have the names that package plan gives them. Four more are none of its:
//
//	simple   the loop in package collective, which needs no plan
//	board    shared memory, for ranks of one node
//	leaders  on several nodes: one rank of each node acts for the others
//	slices   on several nodes: all ranks at work between nodes, each for a slice of the vector
//
// # Forcing
//
// The variable GOLAUNCH_COLL=allreduce:ring,bcast:chain names algorithms for some operations. A forced algorithm that can't
// do a call (the ring, where the operation doesn't commute) leaves that call to the table.
package tune
