// The program that writes the assembly of package kernel: NAME_amd64.s and the declarations in NAME_amd64.go,
// into the folder that it is given. It is a module of its own, so that nobody else needs avo.
//
//	go generate ./collective/kernel
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	files, err := generate()
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), text, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generate is the text of every file by its name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, kernels := range families {
		c := build.NewContext()
		c.ConstraintExpr("amd64,!purego")
		for _, k := range kernels {
			k.pair(c)
			k.all(c)
		}
		tree, err := c.Result()
		if err == nil {
			err = pass.Compile.Execute(tree)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		cfg := printer.Config{Argv: []string{"go", "generate"}, Pkg: "kernel"}
		for ext, p := range map[string]printer.Printer{".s": printer.NewGoAsm(cfg), ".go": printer.NewStubs(cfg)} {
			text, err := p.Print(tree)
			if err != nil {
				return nil, fmt.Errorf("%s%s: %w", name, ext, err)
			}
			if ext == ".go" {
				text = bytes.Replace(text, []byte("package kernel\n"), []byte("package kernel\n\nimport \"unsafe\"\n"), 1)
			}
			files[name+"_amd64"+ext] = append(bytes.TrimRight(text, "\n"), '\n')
		}
	}
	return files, nil
}
