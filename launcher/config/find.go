package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Name is the name of the file.
const Name = "golaunch.toml"

// maxSize bounds a file, in bytes.
const maxSize = 1 << 20

// Find returns the paths of the files there are, the project's before the user's. dir is the working
// directory, userDir the folder of the user's file; "" for either looks for none.
//
// The project's file is the first one in dir and the folders above it, up to the one that holds .git.
// Where none does it is dir's or none: what lies in /tmp or / was put there by others.
func Find(dir, userDir string) []string {
	var paths []string
	if dir != "" {
		if p := project(dir); p != "" {
			paths = append(paths, p)
		}
	}
	if userDir != "" {
		if p := filepath.Join(userDir, Name); exists(p) && (len(paths) == 0 || !sameFile(p, paths[0])) {
			paths = append(paths, p)
		}
	}
	return paths
}

func project(dir string) string {
	found := ""
	for d := dir; ; {
		if p := filepath.Join(d, Name); found == "" && exists(p) {
			if found = p; d == dir {
				return found
			}
		}
		if exists(filepath.Join(d, ".git")) {
			return found
		}
		up := filepath.Dir(d)
		if up == d {
			return ""
		}
		d = up
	}
}

// exists reports whether there is anything by that name, a link to nowhere included: that is an error for
// Read to tell.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// Read reads and parses a file. trust, which may be nil, sees what the system says of it and may refuse. The
// error is an *Error.
func Read(path string, keys Keys, trust func(path string, st fs.FileInfo) error) (*File, error) {
	text, err := readFile(path, trust)
	if err != nil {
		var wrapped *fs.PathError
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, &Error{File: path, Why: err.Error()}
	}
	return Parse(path, text, keys)
}

func readFile(path string, trust func(string, fs.FileInfo) error) ([]byte, error) {
	st, err := os.Stat(path) // before it is opened: a pipe would wait for a writer
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	if trust != nil {
		if err := trust(path, st); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(text) > maxSize {
		err = fmt.Errorf("more than %d bytes", maxSize)
	}
	return text, err
}
