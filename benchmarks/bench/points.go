package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// pointsSuite is what the rows of -points have for a suite.
const pointsSuite = "points"

// pointsRuns of a comparison by hand.
const pointsRuns = 3

// pointsGroup is what -points asks for. Without a list of sides it is ours and the peers as installed, with more ranks than
// processors Open MPI and the yielding one: MPICH takes milliseconds for everything there.
func pointsGroup(list, sides string, ranks, runs int, budget float64) (*group, error) {
	if ranks < 1 || budget <= 0 {
		return nil, fmt.Errorf("-ranks %d -budget %g: want positive numbers", ranks, budget)
	}
	bind := ranks <= runtime.NumCPU()
	g := &group{suite: pointsSuite, name: fmt.Sprintf("%d ranks", ranks), ranks: ranks, bind: bind, runs: pointsRuns,
		budget: time.Duration(budget * float64(time.Millisecond)), timeout: 2 * time.Minute}
	if runs > 0 {
		g.runs = runs
	}
	g.peers = g.runs
	switch {
	case sides != "":
		for name := range strings.SplitSeq(sides, ",") {
			g.sides = append(g.sides, harness.Side(name))
		}
	case bind:
		g.sides = []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH}
	default:
		g.sides = []harness.Side{harness.Ours, harness.OpenMPI, harness.OpenMPIYield}
	}
	for _, s := range g.sides {
		if !slices.Contains(allSides(), s) {
			return nil, fmt.Errorf("-sides: %q is none of %v", s, allSides())
		}
	}
	for one := range strings.SplitSeq(list, ",") {
		points, err := pointsOf(one, ranks)
		if err != nil {
			return nil, fmt.Errorf("-points: %w", err)
		}
		for _, p := range points {
			if c, _ := harness.CaseNamed(p.Case); c.Peer == p.Case {
				g.points = append(g.points, p)
			} else {
				g.ours = append(g.ours, p)
			}
		}
	}
	return g, nil
}

// pointsOf is one word of the list: CASE:SIZE, or a case alone for the sizes that the suites have.
func pointsOf(word string, ranks int) ([]harness.Point, error) {
	if c, ok := harness.CaseNamed(word); ok && c.Sized {
		var points []harness.Point
		for _, g := range plan(suiteNames(), false, 0) {
			for _, p := range slices.Concat(g.points, g.ours) {
				if g.ranks == ranks && p.Case == word && !slices.Contains(points, p) {
					points = append(points, p)
				}
			}
		}
		if len(points) > 0 {
			return points, nil
		}
		return harness.DefaultPoints(word)
	}
	return harness.ParsePoints(word)
}

// allSides are those that can run.
func allSides() []harness.Side {
	sides := []harness.Side{harness.Ours, harness.OpenMPI, harness.OpenMPIYield, harness.MPICH}
	for _, v := range variants {
		sides = append(sides, harness.Tuned(v.name))
	}
	return sides
}
