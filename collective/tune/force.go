package tune

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golaunch/golaunch/collective/plan"
)

// Variable is the name of the variable in the environment that ParseForce reads.
const Variable = "GOLAUNCH_COLL"

// Algorithms that are not in package plan.
const (
	Simple = "simple" // the loop in package collective
	Board  = "board"  // shared memory of a node

	// On several nodes of several ranks, in parts for which the table is asked again; see collective/nodes.go.
	Leaders = "leaders" // one rank of each node acts for the others
	Slices  = "slices"  // all ranks at work between nodes, each for a slice of the vector
)

// inParts says which operations can be done by Leaders, and by Slices.
var inParts = [ops][2]bool{
	plan.Barrier:   {true, false},
	plan.Bcast:     {true, true},
	plan.Reduce:    {true, true},
	plan.Allreduce: {true, true},
	plan.Allgather: {true, true},
}

const ops = int(plan.Exscan) + 1

// Force names the algorithm for each operation for which one was asked for; the others have "".
type Force [ops]string

// ParseForce reads "allreduce:ring,bcast:chain". An empty text forces nothing. The error is one sentence that says
// which names there are.
func ParseForce(s string) (Force, error) {
	var f Force
	if strings.TrimSpace(s) == "" {
		return f, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, alg, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok {
			return Force{}, fmt.Errorf("%s: %q is not of the form operation:algorithm", Variable, part)
		}
		op, err := ParseOp(name)
		if err != nil {
			return Force{}, fmt.Errorf("%s: %w", Variable, err)
		}
		if all := Algorithms(op); !slices.Contains(all, alg) {
			return Force{}, fmt.Errorf("%s: %v has no algorithm %q, only %s", Variable, op, alg, strings.Join(all, ", "))
		}
		if f[op] != "" {
			return Force{}, fmt.Errorf("%s: %v is there twice", Variable, op)
		}
		f[op] = alg
	}
	return f, nil
}

// ParseOp finds an operation by its name, such as "allreduce" or "reduce_scatter".
func ParseOp(name string) (plan.Op, error) {
	var names []string
	for op := range plan.Op(ops) {
		if op.String() == name {
			return op, nil
		}
		names = append(names, op.String())
	}
	return 0, fmt.Errorf("there is no collective %q, only %s", name, strings.Join(names, ", "))
}

// Algorithms returns the names that can be forced for op: those of package plan, and those of this one.
func Algorithms(op plan.Op) []string {
	names := append(plan.Algorithms(op), Simple, Board)
	if inParts[op][0] {
		names = append(names, Leaders)
	}
	if inParts[op][1] {
		names = append(names, Slices)
	}
	return names
}

// fits reports whether alg can do c.
func fits(alg string, c *Case) bool {
	switch alg {
	case "":
		return false
	case Simple:
		return true
	case Board:
		return c.Board
	case Leaders:
		return inParts[c.Op][0] && c.Nodes > 1 && c.Nodes < c.Ranks && !(c.Ordered && c.Mixed)
	case Slices:
		return inParts[c.Op][1] && c.Nodes > 1 && c.Lanes > 1 && !(c.Ordered && c.Mixed)
	}
	return !c.Ordered || plan.Ordered(c.Op, alg)
}
