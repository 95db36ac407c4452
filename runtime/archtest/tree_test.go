package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// A pkg is one folder with Go files. Its path is relative to the module: "runtime/mpi", or "." for the root.
type pkg struct {
	path  string
	files []file
}

// A file is what the rules want to know of one Go file.
type file struct {
	name    string // relative to the module
	test    bool
	imports []string
	impure  []string // "file:line: what" for each go statement, clock function or linkname directive
}

// loadTree reads every Go file below root. As the go command does, it leaves out testdata, vendor, names that begin
// with "." or "_", and nested modules; unlike it, it looks at files of every operating system and build tag.
func loadTree(root string) ([]pkg, error) {
	var pkgs []pkg
	byPath := map[string]int{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if hidden := strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_"); d.IsDir() && rel != "." {
			_, nested := os.Stat(filepath.Join(name, "go.mod"))
			if hidden || nested == nil || d.Name() == "testdata" || d.Name() == "vendor" {
				return filepath.SkipDir
			}
			return nil
		} else if d.IsDir() || hidden || path.Ext(rel) != ".go" {
			return nil
		}
		f, err := loadFile(name, rel)
		if err != nil {
			return err
		}
		dir := path.Dir(rel)
		i, ok := byPath[dir]
		if !ok {
			i = len(pkgs)
			byPath[dir] = i
			pkgs = append(pkgs, pkg{path: dir})
		}
		pkgs[i].files = append(pkgs[i].files, f)
		return nil
	})
	return pkgs, err
}

func loadFile(name, rel string) (file, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return file{}, err
	}
	return parseFile(rel, src)
}

// clockFuncs are the functions of package time that read the clock or start a timer.
var clockFuncs = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true,
	"AfterFunc": true, "Tick": true, "NewTimer": true, "NewTicker": true,
}

// parseFile notes the imports of one file and what in it would not be pure.
func parseFile(rel string, src []byte) (file, error) {
	f := file{name: rel, test: strings.HasSuffix(rel, "_test.go")}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, rel, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return f, err
	}
	clock := ""
	for _, spec := range tree.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return f, fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
		}
		f.imports = append(f.imports, p)
		if p == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	note := func(pos token.Pos, what string) {
		f.impure = append(f.impure, fmt.Sprintf("%s:%d: %s", rel, set.Position(pos).Line, what))
	}
	for _, group := range tree.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname ") {
				note(c.Pos(), "go:linkname")
			}
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			note(n.Pos(), "go statement")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == clock && clock != "" && clockFuncs[n.Sel.Name] {
				note(n.Pos(), "time."+n.Sel.Name)
			}
		}
		return true
	})
	return f, nil
}
