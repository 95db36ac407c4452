package launcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// target is what a program of the command line turned out to be.
type target struct {
	path  string // file to execute, absolute
	argv0 string // what the program finds as its own name
	build string // what was (or has to be) built: a package folder or a .go file, absolute; "" for an executable
	free  func() // lets others build it anew; call it when all ranks have started
}

// find says what p.Name means, without building anything.
func find(p *Program) (*target, error) {
	if strings.HasSuffix(p.Name, ".go") {
		if st, err := os.Stat(p.Name); err == nil && st.Mode().IsRegular() {
			return toBuild(p.Name)
		}
	}
	if !strings.ContainsRune(p.Name, filepath.Separator) && p.Name != "." && p.Name != ".." {
		return findWord(p)
	}
	st, err := os.Stat(p.Name)
	path := p.Name
	if errors.Is(err, fs.ErrNotExist) && p.Dir != "" && !filepath.IsAbs(p.Name) {
		// -wdir build ./prog: people mean both readings.
		if st2, err2 := os.Stat(filepath.Join(p.Dir, p.Name)); err2 == nil {
			path, st, err = filepath.Join(p.Dir, p.Name), st2, nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{codeNoFile, fmt.Errorf("%s: there is no such file or folder", p.Name)}
	case err != nil:
		return nil, &Error{codeNoExec, fmt.Errorf("%s: %w", p.Name, errors.Unwrap(err))}
	case st.IsDir():
		return toBuild(path)
	}
	return executable(p.Name, path, st)
}

// findWord looks for a program that was given without a path: in PATH, then among
// the package folders here.
func findWord(p *Program) (*target, error) {
	path, err := exec.LookPath(p.Name)
	if err == nil {
		st, err := os.Stat(path)
		if err != nil {
			return nil, &Error{codeNoFile, fmt.Errorf("%s: %w", path, errors.Unwrap(err))}
		}
		return executable(p.Name, path, st)
	}
	if st, err := os.Stat(p.Name); err == nil {
		if st.IsDir() {
			return toBuild(p.Name)
		}
		return nil, &Error{codeNoFile, fmt.Errorf("%s is not in PATH; the file here is ./%s", p.Name, p.Name)}
	}
	if strings.HasSuffix(p.Name, ".go") {
		return nil, &Error{codeNoFile, fmt.Errorf("%s: there is no such file", p.Name)}
	}
	return nil, &Error{codeNoFile, fmt.Errorf("%s: there is no such program in PATH, and no such package folder here", p.Name)}
}

// executable checks that a file can be executed, as far as that can be told.
func executable(name, path string, st fs.FileInfo) (*target, error) {
	switch {
	case !st.Mode().IsRegular():
		return nil, &Error{codeNoExec, fmt.Errorf("%s is not a file but %s", path, kindOf(st.Mode()))}
	case !mayExecute(path, st.Mode()):
		return nil, &Error{codeNoExec, fmt.Errorf("%s is not executable (its mode is %v)", path, st.Mode())}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &Error{codeError, err}
	}
	return &target{path: abs, argv0: name, free: func() {}}, nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else (" + m.String() + ")"
}

// toBuild names the executable that a package folder or .go file is built into. It
// is the same for every run, so that the go command finds its work done.
func toBuild(name string) (*target, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, &Error{codeError, err}
	}
	base := strings.TrimSuffix(filepath.Base(abs), ".go")
	if base == string(filepath.Separator) {
		base = "root"
	}
	path := filepath.Join(buildDir(abs), base)
	return &target{path: path, argv0: path, build: abs, free: func() {}}, nil
}
