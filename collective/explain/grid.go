package explain

import (
	"fmt"
	"slices"

	"github.com/golaunch/golaunch/collective/loggp"
	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

// A Grid is which algorithm the model finds best, by nodes and bytes.
type Grid struct {
	Call  Call // its Bytes and Ranks aside
	Nodes []int
	Bytes []int
	Names []string // of the algorithms
	Best  [][]Cell // by node, then by bytes
}

// A Cell is one job.
type Cell struct {
	Best   int // in Names
	Time   loggp.Time
	Chosen int // by the table
	Excess float64
}

// gridMemory is how many bytes all blocks of a rank may have together, in a job of a grid.
const gridMemory int64 = 1 << 34

// MakeGrid prices op for numbers of nodes and of bytes. Where a rank's blocks would be beyond any memory, cells
// are left out at the end of a line.
func MakeGrid(c Call, nodes, bytes []int) (*Grid, error) {
	g := &Grid{Call: c, Nodes: nodes, Bytes: bytes}
	for _, a := range tune.Algorithms(c.Op) {
		if a != tune.Board && a != tune.Simple {
			g.Names = append(g.Names, a)
		}
	}
	for _, n := range nodes {
		var line []Cell
		for _, b := range bytes {
			c.Ranks, c.Bytes = n*c.PerNode, b
			if c.Op >= plan.Gather && c.Op <= plan.ReduceScatter && int64(b) > gridMemory/int64(c.Ranks) {
				break
			}
			cell, err := g.cell(c)
			if err != nil {
				return nil, err
			}
			line = append(line, cell)
		}
		g.Best = append(g.Best, line)
	}
	return g, nil
}

func (g *Grid) cell(c Call) (Cell, error) {
	k := c.Case()
	k.Board = false
	mine := tune.Choose(k)
	if mine.Algorithm == tune.Simple {
		mine.Algorithm = g.Names[0] // does the same
	}
	cell := Cell{Best: -1, Chosen: slices.Index(g.Names, mine.Algorithm)}
	var chosen loggp.Time
	for _, by := range tune.Choices(k) {
		i := slices.Index(g.Names, by.Algorithm)
		if i < 0 {
			continue
		}
		cost, err := c.Price(by)
		if err != nil {
			return cell, err
		}
		if i == cell.Chosen {
			chosen = cost.Time
		}
		if cell.Best < 0 || cost.Time < cell.Time {
			cell.Best, cell.Time = i, cost.Time
		}
	}
	cell.Excess = float64(chosen) / float64(max(cell.Time, 1))
	return cell, nil
}

// letters stand for algorithms in a grid.
const letters = "abcdefghijklmnop"

// Grid prints g: a letter for the best algorithm and its time. A letter in brackets is what the table takes, where it is another.
func (p *Printer) Grid(g *Grid) {
	p.printf("Best in the model, %s, and in brackets what the table takes if it is another:\n", perNode(g.Call.PerNode))
	for i, n := range g.Names {
		p.printf("  %c  %s\n", letters[i], n)
	}
	p.printf("\n%6s", "nodes")
	for _, b := range g.Bytes {
		p.printf("  %-14s", tune.Size(b))
	}
	p.printf("\n")
	for i, line := range g.Best {
		p.printf("%6d", g.Nodes[i])
		for _, c := range line {
			other := ""
			if c.Chosen != c.Best {
				other = fmt.Sprintf("(%c)", letters[c.Chosen])
			}
			p.printf("  %c%-4s%-9v", letters[c.Best], other, c.Time)
		}
		p.printf("\n")
	}
}

func perNode(n int) string {
	if n == 1 {
		return "1 rank on a node"
	}
	return fmt.Sprintf("%d ranks on a node", n)
}
