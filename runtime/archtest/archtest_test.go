package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path of our module, as go.mod says it.
const module = "github.com/golaunch/golaunch"

// TestImports checks every import of every Go file of the module against the rules.
func TestImports(t *testing.T) {
	root := moduleRoot(t)
	pkgs, err := loadTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 2 {
		t.Fatalf("%d packages below %s: the walk is broken", len(pkgs), root)
	}
	for _, v := range checkImports(loadRules(t), pkgs) {
		t.Error(v)
	}
}

// TestPure checks that pure packages start no goroutine and read no clock.
func TestPure(t *testing.T) {
	pkgs, err := loadTree(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range checkPure(loadRules(t), pkgs) {
		t.Error(v)
	}
}

// TestRules checks the tables themselves: a name on the right has a row of its own, every package that a row names
// exists or is planned, and pure packages reach nothing that isn't pure.
func TestRules(t *testing.T) {
	r := loadRules(t)
	pkgs, err := loadTree(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range checkRules(r, pkgs) {
		t.Error(v)
	}
}

// checkImports returns a sentence for every import that no row allows.
func checkImports(r rules, pkgs []pkg) []string {
	var bad []string
	for _, p := range pkgs {
		direct, known := r.graph.row(p.path)
		if !known {
			bad = append(bad, fmt.Sprintf("package %s has no row in graph (runtime/archtest/rules_test.go)", p.path))
			continue
		}
		inTests, _ := r.testGraph.row(p.path)
		reach := r.graph.reach(p.path)
		modules, _ := r.modules.row(p.path)
		testModules, _ := r.testModules.row(p.path)
		for _, f := range p.files {
			for _, imp := range f.imports {
				var ok bool
				switch ours, isOurs := strings.CutPrefix(imp, module+"/"); {
				case imp == "C":
					bad = append(bad, fmt.Sprintf("%s: cgo: nothing that a user needs may want a C compiler", f.name))
					continue
				case isOurs && f.test:
					ok = ours == p.path || ours == "runtime/invariants" || reach[ours] || inTests[ours] || reachOf(r, inTests)[ours]
				case isOurs:
					ok = ours == "runtime/invariants" || direct[ours]
				case thirdParty(imp):
					ok = listsModule(modules, imp) || f.test && listsModule(testModules, imp)
				default:
					ok = f.test || !r.pure(p.path) || allowsStd(r.pureStd, imp)
				}
				if !ok {
					bad = append(bad, fmt.Sprintf("%s: %s may not import %s", f.name, p.path, imp))
				}
			}
		}
	}
	return bad
}

// checkPure returns a sentence for every goroutine, clock or linkname in a pure package.
func checkPure(r rules, pkgs []pkg) []string {
	var bad []string
	for _, p := range pkgs {
		for _, f := range p.files {
			if r.pure(p.path) && !f.test {
				for _, what := range f.impure {
					bad = append(bad, what+" in a pure package")
				}
			}
		}
	}
	return bad
}

// checkRules returns a sentence for every flaw of the tables.
func checkRules(r rules, pkgs []pkg) []string {
	var bad []string
	exists := func(pattern string) bool {
		return slices.ContainsFunc(pkgs, func(p pkg) bool { return matches(pattern, p.path) })
	}
	flaw := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	for _, tab := range []struct {
		name    string
		rows    map[string]map[string]bool
		modules bool
	}{
		{"graph", r.graph.rows, false}, {"testGraph", r.testGraph.rows, false},
		{"modules", r.modules.rows, true}, {"testModules", r.testModules.rows, true},
	} {
		for left, row := range tab.rows {
			if !exists(left) && !slices.Contains(r.planned, left) {
				flaw("%s: a row for %s, where there is no package", tab.name, left)
			}
			for right := range row {
				_, listed := r.graph.row(right)
				switch top, _, _ := strings.Cut(right, "/"); {
				case tab.modules && !thirdParty(right):
					flaw("%s: %s -> %s is no third-party module", tab.name, left, right)
				case !tab.modules && !listed:
					flaw("%s: %s -> %s, which has no row in graph", tab.name, left, right)
				case top == "examples", top == "benchmarks" && !strings.HasPrefix(left, "benchmarks/"):
					flaw("%s: %s -> %s: nobody imports benchmarks or examples", tab.name, left, right)
				}
			}
		}
	}
	for _, p := range r.graph.sets["PURE"] {
		for to := range r.graph.reach(p) {
			if !r.pure(to) {
				flaw("graph: %s is pure and reaches %s, which is not", p, to)
			}
		}
	}
	slices.Sort(bad)
	return bad
}

// reachOf returns all that the packages of a row reach.
func reachOf(r rules, row map[string]bool) map[string]bool {
	all := map[string]bool{}
	for p := range row {
		for to := range r.graph.reach(p) {
			all[to] = true
		}
	}
	return all
}

// thirdParty reports whether an import path begins with a host name, as those outside the standard library do.
func thirdParty(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return strings.Contains(first, ".")
}

func listsModule(modules map[string]bool, imp string) bool {
	for m := range modules {
		if imp == m || strings.HasPrefix(imp, m+"/") {
			return true
		}
	}
	return false
}

func allowsStd(allowed []string, imp string) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, imp) })
}

// moduleRoot is the folder of go.mod, which must be ours.
func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(string(mod), "\n"); first != "module "+module {
		t.Fatalf("%s begins with %q, not with our module", filepath.Join(root, "go.mod"), first)
	}
	return root
}
