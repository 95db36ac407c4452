package tune

import (
	"fmt"
	"math"
	"strings"
)

// A Row says where an algorithm is taken. Of an operation's rows the first that fits counts.
type Row struct {
	Algorithm string
	On        Where
	Over      int   // bytes from which it is taken
	Under     int   // and below which; 0: no limit
	Per       Per   // which bytes
	Ranks     int   // fewest ranks
	Power     Maybe // whether the number of ranks must be a power of two
	Source    Source
	Why       string
}

// Where the ranks of a communicator are.
type Where uint8

const (
	OneNode    Where = 1 << iota // all on one node
	Apart                        // each on a node of its own
	Shared                       // several nodes, some of several ranks
	Everywhere = OneNode | Apart | Shared
)

// String is as in "several nodes".
func (w Where) String() string {
	switch w {
	case OneNode:
		return "one node"
	case Apart:
		return "a node each"
	case Shared:
		return "nodes of several"
	case Apart | Shared:
		return "several nodes"
	case OneNode | Apart:
		return "one node, or each"
	}
	return "anywhere"
}

// Per says which bytes Over and Under limit: those of Case.
type Per uint8

const (
	Whole Per = iota // Bytes
	Each             // Bytes divided by Ranks: a rank's piece of the vector
	Total            // Bytes times Ranks: all blocks together
)

// Maybe is a condition that may be left out.
type Maybe uint8

const (
	Any Maybe = iota
	Yes
	No
)

// A Source is what a row of the table stands on.
type Source uint8

const (
	Measured   Source = iota + 1 // by the benchmarks of this module
	Modelled                     // by package loggp, on its Default machine
	Literature                   // by the papers that package plan names with the algorithm
)

var sourceNames = [...]string{"nothing", "measured", "modelled", "literature"}

func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return sourceNames[0]
}

// where is the kind of place that c's ranks are in.
func (c *Case) where() Where {
	switch {
	case c.Nodes <= 1:
		return OneNode
	case c.Nodes >= c.Ranks:
		return Apart
	}
	return Shared
}

func (r *Row) fits(c *Case) bool {
	bytes, under := c.Bytes, r.Under
	switch r.Per {
	case Each:
		bytes /= c.Ranks
	case Total:
		bytes = min(bytes, math.MaxInt/c.Ranks) * c.Ranks
	}
	if under == 0 {
		under = math.MaxInt
	}
	power := Yes
	if c.Ranks&(c.Ranks-1) != 0 {
		power = No
	}
	return r.On&c.where() != 0 && bytes >= r.Over && bytes < under && c.Ranks >= r.Ranks && (r.Power == Any || r.Power == power) &&
		fits(r.Algorithm, c)
}

// When is the row's condition in words: "from 64 KiB, 4 ranks or more, several nodes".
func (r *Row) When() string {
	var parts []string
	each := [...]string{"", " per rank", " in all"}[r.Per]
	switch {
	case r.Over > 0 && r.Under > 0:
		parts = append(parts, fmt.Sprintf("%s to %s%s", Size(r.Over), Size(r.Under), each))
	case r.Over > 0:
		parts = append(parts, "from "+Size(r.Over)+each)
	case r.Under > 0:
		parts = append(parts, "below "+Size(r.Under)+each)
	}
	power := [...]string{Yes: ", a power of two", No: ", no power of two"}[r.Power]
	switch {
	case r.Ranks > 1:
		parts = append(parts, fmt.Sprintf("%d or more ranks%s", r.Ranks, power))
	case power != "":
		parts = append(parts, "ranks"+strings.TrimPrefix(power, ","))
	}
	return strings.Join(append(parts, r.On.String()), ", ")
}

// Size writes bytes for people: "64 KiB".
func Size(n int) string {
	for i, unit := range [...]string{"GiB", "MiB", "KiB"} {
		if one := 1 << (30 - 10*i); n >= one {
			if n%one == 0 {
				return fmt.Sprintf("%d %s", n/one, unit)
			}
			return fmt.Sprintf("%.4g %s", float64(n)/float64(one), unit)
		}
	}
	return fmt.Sprintf("%d B", n)
}
