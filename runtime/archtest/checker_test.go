package archtest

import (
	"slices"
	"strings"
	"testing"
)

// The checker is tested on a small made-up module: each case breaks one rule.
const (
	fakeGraph = `
PURE = runtime/invariants runtime/ring runtime/wire
PURE -> PURE
runtime/engine -> runtime/ring   # a comment
runtime/mpi ->
  runtime/engine
runtime/mpi/mpitest -> runtime/mpi
examples/* -> runtime/mpi
`
	fakeTestGraph   = `runtime/mpi -> runtime/mpi/mpitest`
	fakeModules     = `runtime/engine -> golang.org/x/sys`
	fakeTestModules = `* -> pgregory.net/rapid`
)

func fakeRules(t *testing.T) rules {
	t.Helper()
	var r rules
	for _, tab := range []struct {
		to   *table
		text string
	}{{&r.graph, fakeGraph}, {&r.testGraph, fakeTestGraph}, {&r.modules, fakeModules}, {&r.testModules, fakeTestModules}} {
		var err error
		if *tab.to, err = parseTable(tab.text); err != nil {
			t.Fatal(err)
		}
	}
	r.pureStd = strings.Fields("errors math/* time")
	return r
}

// onePkg is a package of one file that imports the given paths; a path that begins with "/" is ours.
func onePkg(path, name string, imports ...string) []pkg {
	f := file{name: path + "/" + name, test: strings.HasSuffix(name, "_test.go")}
	for _, imp := range imports {
		if strings.HasPrefix(imp, "/") {
			imp = module + imp
		}
		f.imports = append(f.imports, imp)
	}
	return []pkg{{path: path, files: []file{f}}}
}

func TestCheckImports(t *testing.T) {
	for _, c := range []struct {
		name string
		pkgs []pkg
		want string // a part of the one complaint; empty: none
	}{
		{"listed", onePkg("runtime/mpi", "a.go", "/runtime/engine", "os"), ""},
		{"pattern", onePkg("examples/pi", "a.go", "/runtime/mpi", "math/rand"), ""},
		{"invariants for all", onePkg("runtime/mpi", "a.go", "/runtime/invariants"), ""},
		{"package not listed", onePkg("runtime/new", "a.go"), "package runtime/new has no row"},
		{"pattern is one level deep", onePkg("examples/pi/deep", "a.go"), "package examples/pi/deep has no row"},
		{"import not listed", onePkg("runtime/mpi", "a.go", "/runtime/ring"), "runtime/mpi may not import"},
		{"upwards", onePkg("runtime/engine", "a.go", "/runtime/mpi"), "may not import"},
		{"helper for tests only", onePkg("runtime/mpi", "a.go", "/runtime/mpi/mpitest"), "may not import"},
		{"helper in a test", onePkg("runtime/mpi", "a_test.go", "/runtime/mpi/mpitest"), ""},
		{"test sees all below", onePkg("runtime/mpi", "a_test.go", "/runtime/ring", "/runtime/mpi"), ""},
		{"test doesn't see above", onePkg("runtime/engine", "a_test.go", "/runtime/mpi"), "may not import"},
		{"module", onePkg("runtime/engine", "a.go", "golang.org/x/sys/unix"), ""},
		{"module elsewhere", onePkg("runtime/mpi", "a.go", "golang.org/x/sys/unix"), "may not import golang.org/x/sys/unix"},
		{"module with the same beginning", onePkg("runtime/engine", "a.go", "golang.org/x/system"), "may not import"},
		{"module of tests", onePkg("runtime/wire", "a_test.go", "pgregory.net/rapid"), ""},
		{"module of tests in code", onePkg("runtime/wire", "a.go", "pgregory.net/rapid"), "may not import"},
		{"pure", onePkg("runtime/wire", "a.go", "errors", "math/bits", "/runtime/ring"), ""},
		{"pure with files", onePkg("runtime/wire", "a.go", "os"), "runtime/wire may not import os"},
		{"pure with impure", onePkg("runtime/wire", "a.go", "/runtime/engine"), "may not import"},
		{"test of pure with files", onePkg("runtime/wire", "a_test.go", "os"), ""},
		{"cgo", onePkg("runtime/engine", "a.go", "C"), "cgo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkImports(fakeRules(t), c.pkgs)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("refused: %q", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
				t.Errorf("got %q, want one complaint with %q", got, c.want)
			}
		})
	}
}

func TestCheckPure(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"clean", "package p\nimport \"time\"\nconst d = 3 * time.Second\n", nil},
		{"clock", "package p\nimport \"time\"\nvar t = time.Now()\n", []string{"f.go:3: time.Now"}},
		{"renamed clock", "package p\nimport c \"time\"\nfunc f() { c.Sleep(1) }\n", []string{"f.go:3: time.Sleep"}},
		{"another Now", "package p\nvar time struct{ Now int }\nvar t = time.Now\n", nil},
		{"goroutine", "package p\nfunc f() {\n\tgo f()\n}\n", []string{"f.go:3: go statement"}},
		{"linkname", "package p\nimport _ \"unsafe\"\n//go:linkname f runtime.f\nfunc f()\n", []string{"f.go:3: go:linkname"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := parseFile("f.go", []byte(c.src))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.impure, c.want) {
				t.Errorf("got %q, want %q", f.impure, c.want)
			}
			r := fakeRules(t)
			if got := checkPure(r, []pkg{{"runtime/ring", []file{f}}}); len(got) != len(c.want) {
				t.Errorf("pure package: %q, want %d complaints", got, len(c.want))
			}
			if got := checkPure(r, []pkg{{"runtime/engine", []file{f}}}); len(got) != 0 {
				t.Errorf("package that isn't pure: %q", got)
			}
		})
	}
}

func TestCheckRules(t *testing.T) {
	var all []pkg
	for _, p := range strings.Fields("runtime/invariants runtime/ring runtime/wire runtime/engine runtime/mpi runtime/mpi/mpitest examples/pi") {
		all = append(all, onePkg(p, "a.go")...)
	}
	if got := checkRules(fakeRules(t), all); len(got) != 0 {
		t.Errorf("good tables refused: %q", got)
	}
	for _, c := range []struct{ name, graph, want string }{
		{"no such package", "runtime/gone -> runtime/ring", "where there is no package"},
		{"no row", "runtime/engine -> runtime/lost", "runtime/lost, which has no row"},
		{"examples", "runtime/engine -> examples/pi", "nobody imports benchmarks or examples"},
		{"pure reaches impure", "runtime/ring -> runtime/engine", "runtime/wire is pure and reaches runtime/engine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fakeRules(t)
			var err error
			if r.graph, err = parseTable(fakeGraph + c.graph + "\n"); err != nil {
				t.Fatal(err)
			}
			if got := checkRules(r, all); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("got %q, want a complaint with %q", got, c.want)
			}
		})
	}
	r := fakeRules(t)
	r.planned = []string{"examples/*"}
	if got := checkRules(r, all[:len(all)-1]); len(got) != 0 {
		t.Errorf("a row for a planned package refused: %q", got)
	}
	r.planned = nil
	if got := checkRules(r, all[:len(all)-1]); len(got) != 1 {
		t.Errorf("a row for examples/* without examples: %q, want one complaint", got)
	}
	for _, text := range []string{"runtime/ring runtime/wire", "pure = a b", "A = a\nA = b"} {
		if _, err := parseTable(text); err == nil {
			t.Errorf("parseTable(%q): no error", text)
		}
	}
}
