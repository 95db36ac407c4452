package archtest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// A table is a parsed set of rows: what the names on the left of the arrows may import.
type table struct {
	rows map[string]map[string]bool // left-hand name or pattern -> right-hand names
	sets map[string][]string        // upper-case name -> members
}

// parseTable reads the format that rules_test.go describes.
func parseTable(text string) (table, error) {
	t := table{rows: map[string]map[string]bool{}, sets: map[string][]string{}}
	for _, line := range logicalLines(text) {
		if name, members, ok := strings.Cut(line, " = "); ok {
			if name != strings.ToUpper(name) || t.sets[name] != nil {
				return t, fmt.Errorf("%q: a set wants a new upper-case name", line)
			}
			t.sets[name] = t.expand(members)
			continue
		}
		left, right, ok := strings.Cut(line, "->")
		if !ok {
			return t, fmt.Errorf("%q: neither `a -> b` nor `NAME = a b`", line)
		}
		for _, from := range t.expand(left) {
			if t.rows[from] == nil {
				t.rows[from] = map[string]bool{}
			}
			for _, to := range t.expand(right) {
				t.rows[from][to] = true
			}
		}
	}
	return t, nil
}

// logicalLines drops comments and empty lines and joins continued ones.
func logicalLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		switch continued := strings.HasPrefix(line, " "); {
		case strings.TrimSpace(line) == "":
		case continued && len(lines) > 0:
			lines[len(lines)-1] += " " + strings.TrimSpace(line)
		default:
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// expand replaces the sets among the names by their members.
func (t table) expand(names string) []string {
	var out []string
	for _, name := range strings.Fields(names) {
		if members, ok := t.sets[name]; ok {
			out = append(out, members...)
		} else {
			out = append(out, name)
		}
	}
	return out
}

// row returns what pkg may import and whether any row speaks of it.
func (t table) row(pkg string) (map[string]bool, bool) {
	row, found := map[string]bool{}, false
	for left, right := range t.rows {
		if matches(left, pkg) {
			maps.Copy(row, right)
			found = true
		}
	}
	return row, found
}

// reach returns all that pkg may import, directly and through others.
func (t table) reach(pkg string) map[string]bool {
	seen := map[string]bool{}
	todo := []string{pkg}
	for len(todo) > 0 {
		row, _ := t.row(todo[0])
		todo = todo[1:]
		for to := range row {
			if !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	return seen
}

// matches reports whether name is pattern, or right below it where pattern ends in "/*"; "*" matches every name.
func matches(pattern, name string) bool {
	if pattern == "*" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// rules is everything in rules_test.go, parsed.
type rules struct {
	graph, testGraph, modules, testModules table
	pureStd, planned                       []string
}

func loadRules(t *testing.T) rules {
	t.Helper()
	parse := func(name, text string) table {
		tab, err := parseTable(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return tab
	}
	return rules{
		graph:       parse("graph", graph),
		testGraph:   parse("testGraph", testGraph),
		modules:     parse("modules", modules),
		testModules: parse("testModules", testModules),
		pureStd:     strings.Fields(pureStd),
		planned:     strings.Fields(planned),
	}
}

func (r rules) pure(pkg string) bool { return slices.Contains(r.graph.sets["PURE"], pkg) }
