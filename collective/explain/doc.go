// Package explain tells people how collectives choose: the table of package tune, which of its rows a call comes to, and what that
// and the other algorithms would cost in the model of package loggp. It is what golaunch explain prints.
//
// It prices what package loggp doesn't know: the loops of package collective, which do as a plan does, and the forms in parts
// for several nodes. A form in parts costs the sum of its parts, each as the table chooses it; where all ranks of a node
// talk to other nodes at the same time, each has its share of the node's port. Shared memory (board) is not in the
// model: it was measured.
package explain
