package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// A collector runs a plan and keeps what it yields.
type collector struct {
	sides   map[harness.Side]*side
	stderr  io.Writer
	samples harness.Samples

	failed   map[harness.Side]int               // process groups that failed
	trouble  []string                           // one line each
	affinity map[string]map[harness.Side]string // suite and group -> side -> masks of the ranks, sorted
}

// run runs every group once, then all of them again, until each has had its runs. A failed measurement is noted and the
// others go on; only an interruption is an error.
func (c *collector) run(ctx context.Context, groups []group) error {
	c.failed = map[harness.Side]int{}
	c.affinity = map[string]map[harness.Side]string{}
	rounds := 0
	for i := range groups {
		g := &groups[i]
		rounds = max(rounds, g.runs)
		for _, p := range slices.Concat(g.points, g.ours) {
			c.samples.Expect(g.key(p))
		}
	}
	for round := range rounds {
		for i := range groups {
			g := &groups[i]
			for _, name := range g.sides {
				if name == harness.Ours && round >= g.runs || name != harness.Ours && round >= g.peers || c.sides[name].missing != "" {
					continue
				}
				fmt.Fprintf(c.stderr, "bench: run %d of %d: %s, %s: %s\n", round+1, g.runs, g.suite, g.name, name)
				err := c.measure(ctx, g, name)
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err != nil {
					c.failed[name]++
					c.trouble = append(c.trouble, fmt.Sprintf("%s, %s, run %d: %s: %v", g.suite, g.name, round+1, name, err))
					fmt.Fprintln(c.stderr, "bench: failed:", c.trouble[len(c.trouble)-1])
				}
			}
		}
	}
	return nil
}

func (g *group) key(p harness.Point) harness.Key {
	return harness.Key{Suite: g.suite, Case: p.Case, Bytes: p.Bytes, Ranks: g.ranks}
}

// measure is one run of one side of a group.
func (c *collector) measure(ctx context.Context, g *group, name harness.Side) error {
	points := g.points
	if name == harness.Ours {
		points = slices.Concat(g.points, g.ours)
	}
	argv := c.sides[name].command(g, points)
	out, wall, err := start(ctx, argv, g.timeout)
	if err != nil {
		return err
	}
	if g.wall {
		c.samples.Add(g.key(points[0]), name, float64(wall)/float64(time.Millisecond))
		return nil
	}
	results, noise, err := harness.ReadResults(bytes.NewReader(out), g.ranks)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	if len(noise) > 0 {
		c.trouble = append(c.trouble, fmt.Sprintf("%s, %s: %s also printed %q", g.suite, g.name, name, noise[0]))
	}
	return c.keep(g, name, points, results)
}

// keep files the results; every point must have exactly one.
func (c *collector) keep(g *group, name harness.Side, points []harness.Point, results []harness.Result) error {
	seen := map[harness.Point]bool{}
	for _, r := range results {
		if r.Case == harness.CaseAffinity {
			c.keepAffinity(g, name, r.Masks)
			continue
		}
		p := harness.Point{Case: r.Case, Bytes: r.Bytes}
		if !slices.Contains(points, p) || seen[p] {
			return fmt.Errorf("a result for %s that nobody asked for", p)
		}
		seen[p] = true
	}
	for _, p := range points {
		if !seen[p] {
			return fmt.Errorf("no result for %s", p)
		}
	}
	for _, r := range results {
		if r.Case != harness.CaseAffinity && !r.Missing {
			c.samples.Add(g.key(harness.Point{Case: r.Case, Bytes: r.Bytes}), name, r.Value)
		}
	}
	return nil
}

// keepAffinity notes where the ranks of a side may run. Which of two ranks has which processor makes no difference.
func (c *collector) keepAffinity(g *group, name harness.Side, masks []string) {
	where := fmt.Sprintf("%s, %s", g.suite, g.name)
	if c.affinity[where] == nil {
		c.affinity[where] = map[harness.Side]string{}
	}
	sorted := slices.Sorted(slices.Values(masks))
	c.affinity[where][name] = strings.Join(sorted, " ")
}

// affinityFlaws lists the groups whose sides ran on different processors.
func (c *collector) affinityFlaws() []string {
	var flaws []string
	for where, of := range c.affinity {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			if of[name] != "" && of[harness.Ours] != "" && of[name] != of[harness.Ours] {
				flaws = append(flaws, fmt.Sprintf("%s: affinity masks differ: ours %s, %s %s", where, of[harness.Ours], name, of[name]))
			}
		}
	}
	slices.Sort(flaws)
	return flaws
}

// notes is what the reader of the table has to know besides.
func (c *collector) notes() string {
	var b strings.Builder
	b.WriteString("\n# figures are medians [quartiles] of the runs; ratio: the best peer as installed against ours, above 1 we are ahead\n")
	byMask := map[string][]string{}
	for where, of := range c.affinity {
		byMask[of[harness.Ours]] = append(byMask[of[harness.Ours]], where)
	}
	for _, mask := range slices.Sorted(maps.Keys(byMask)) {
		slices.Sort(byMask[mask])
		fmt.Fprintf(&b, "# affinity masks of the ranks: %s (%s)\n", mask, strings.Join(byMask[mask], "; "))
	}
	for _, flaw := range c.affinityFlaws() {
		fmt.Fprintf(&b, "# WARNING: %s\n", flaw)
	}
	for _, line := range c.trouble {
		fmt.Fprintf(&b, "# %s\n", strings.ReplaceAll(strings.TrimSpace(line), "\n", "\n#   "))
	}
	return b.String()
}
