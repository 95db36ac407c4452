package explain

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

// A Printer prints to W until that fails.
type Printer struct {
	W   io.Writer
	Err error
}

func (p *Printer) printf(format string, args ...any) {
	if p.Err == nil {
		_, p.Err = fmt.Fprintf(p.W, format, args...)
	}
}

// Table prints the rows for all operations, or for those that are named.
func (p *Printer) Table(ops ...plan.Op) {
	if len(ops) == 0 {
		for op := plan.Barrier; op <= plan.Exscan; op++ {
			ops = append(ops, op)
		}
	}
	p.printf("For each collective the first row that fits counts. Bytes are those of the vector, or of one rank's block.\n")
	for _, op := range ops {
		p.printf("\n%v\n", op)
		for _, r := range tune.Rows(op) {
			p.printf("  %-17s  %-52s  %s: %s\n", r.Algorithm, r.When(), r.Source, r.Why)
		}
		p.printf("  %-17s  %s\n", tune.Simple, "else")
	}
}

// Call prints by what c is done and why, what it costs, and what the others would cost.
func (p *Printer) Call(c Call, force tune.Force) error {
	k := c.Case()
	by := force.Choose(k)
	what := fmt.Sprintf("%v of %s", c.Op, tune.Size(c.Bytes))
	if c.Op == plan.Barrier {
		what = c.Op.String()
	}
	p.printf("%s, %s%s\n", what, c.where(), map[bool]string{true: ", an operation that does not commute"}[c.Ordered])
	p.printf("chosen     %s%s\n", by.Algorithm, segments(by))
	switch {
	case by.Row != nil:
		p.printf("because    %s (%s): %s\n", by.Row.When(), by.Row.Source, by.Row.Why)
	case force[c.Op] != "":
		p.printf("because    %s=%v:%s asks for it\n", tune.Variable, c.Op, by.Algorithm)
	default:
		p.printf("because    no row of the table fits\n")
	}
	if f := force[c.Op]; f != "" && by.Row != nil {
		p.printf("           %s=%v:%s can't do this\n", tune.Variable, c.Op, f)
	}
	type line struct {
		by   tune.Choice
		cost loggp.Cost
		err  error
	}
	var lines []line
	for _, o := range tune.Choices(k) {
		cost, err := c.Price(o)
		if err != nil && !errors.Is(err, errBoard) {
			return err
		}
		lines = append(lines, line{o, cost, err})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.cost.Time, b.cost.Time) })
	p.printf("\nmodelled   LogGP; in a node: %v\n", c.Machine.Node)
	if c.nodes() > 1 {
		p.printf("           between nodes: %v\n", c.Machine.Net)
	}
	p.printf("\n%-20s %10s %14s  %s\n", "algorithm", "time", "messages", "how priced")
	for _, l := range lines {
		mark := map[bool]string{true: "* "}[l.by.Algorithm == by.Algorithm]
		if l.err != nil {
			p.printf("%-2s%-18s %10s %14s  %v\n", mark, l.by.Algorithm, "", "", l.err)
			continue
		}
		messages := ""
		if l.cost.Method != loggp.Parts {
			messages = fmt.Sprint(l.cost.Messages)
		}
		p.printf("%-2s%-18s %10v %14s  %v%s\n", mark, l.by.Algorithm, l.cost.Time, messages, l.cost.Method, segments(l.by))
	}
	return p.Err
}

func segments(by tune.Choice) string {
	if by.Segments == 0 {
		return ""
	}
	return fmt.Sprintf(", %d segments", by.Segments)
}

// where is as in "64 ranks on 8 nodes".
func (c *Call) where() string {
	switch n := c.nodes(); {
	case c.Ranks == 1:
		return "1 rank"
	case n == 1:
		return fmt.Sprintf("%d ranks on one node", c.Ranks)
	case n == c.Ranks:
		return fmt.Sprintf("%d ranks, each on a node of its own", c.Ranks)
	default:
		return fmt.Sprintf("%d ranks on %d nodes", c.Ranks, n)
	}
}
