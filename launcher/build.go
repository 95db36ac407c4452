package launcher

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// buildAll builds what the programs of a job need, each thing once. The locks that
// keep others from building them anew are taken in one order by everybody, and kept
// until freeAll.
func buildAll(p *plan) error {
	names := make(map[string]string) // path -> what the user calls it
	todo := make(map[string]*target)
	for i, t := range p.targets {
		if t.build != "" {
			names[t.path], todo[t.path] = p.Programs[i].Name, t
		}
	}
	if len(todo) > 0 {
		var err error
		if p.freeCache, err = openCache(cacheDir(), time.Now()); err != nil {
			return &Error{codeError, fmt.Errorf("no place for executables: %w", err)}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(todo)) {
		if err := compile(todo[path], names[path], p.Stderr); err != nil {
			freeAll(p)
			return err
		}
	}
	return nil
}

// freeAll frees the locks of buildAll. It may be called again.
func freeAll(p *plan) {
	for _, t := range p.targets {
		t.free()
		t.free = func() {}
	}
	if p.freeCache != nil {
		p.freeCache()
		p.freeCache = nil
	}
}

// progressAfter is how long a build may take before a terminal is told.
const progressAfter = 700 * time.Millisecond

// compile builds t with the go command, whose messages go to errs. name is what the
// user calls it. Until t.free is called, no other golaunch builds the same thing.
//
// The go command is always asked: it knows best whether anything has changed, and
// says so within a tenth of a second.
func compile(t *target, name string, errs *os.File) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return &Error{codeNoFile, fmt.Errorf("%s is Go source, and there is no go command in PATH to build it", name)}
	}
	if err := privateDir(filepath.Dir(t.path)); err != nil {
		return &Error{codeError, fmt.Errorf("no place for the executable of %s: %w", name, err)}
	}
	lock := t.path + ".lock"
	if t.free, err = lockFile(lock, false); err != nil {
		return &Error{codeError, fmt.Errorf("no place for the executable of %s: %w", name, err)}
	}
	now := time.Now()
	os.Chtimes(lock, now, now)
	done := progress(errs, "building "+name)
	err = runBuild(goTool, t, errs)
	done()
	if err != nil {
		t.free()
		t.free = func() {}
		var e *Error
		if errors.As(err, &e) {
			return err
		}
		return &Error{codeError, fmt.Errorf("%s could not be built (go build: %w)", name, err)}
	}
	return nil
}

// runBuild runs go build, and beside it go list, which tells what the build can't: is
// it a main package, and does it need cgo. Without cgo an executable runs on any
// machine, so that is tried first; CGO_ENABLED in the environment decides otherwise.
func runBuild(goTool string, t *target, errs *os.File) error {
	dir, what := t.build, "."
	if st, err := os.Stat(t.build); err == nil && !st.IsDir() {
		dir, what = filepath.Split(t.build)
	}
	type facts struct{ name, cgo string }
	listed := make(chan facts, 1)
	go func() {
		cmd := goCommand(goTool, dir, "CGO_ENABLED=1", "list", "-deps", "-f",
			`{{if not .DepOnly}}name {{.Name}}{{"\n"}}{{end}}{{if and .CgoFiles (not .Standard)}}cgo {{.ImportPath}}{{"\n"}}{{end}}`, "--", what)
		var f facts
		if out, err := cmd.Output(); err == nil { // what is wrong, the build says
			for line := range strings.Lines(string(out)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				switch key {
				case "name":
					f.name = value
				case "cgo":
					f.cgo = value
				}
			}
		}
		listed <- f
	}()
	build := func(cgo string) ([]byte, error) {
		var out bytes.Buffer
		cmd := goCommand(goTool, dir, cgo, "build", "-buildvcs=false", "-o", t.path, "--", what)
		cmd.Stdout, cmd.Stderr = &out, &out
		err := runWithUs(cmd)
		return out.Bytes(), err
	}
	_, chosen := os.LookupEnv("CGO_ENABLED")
	cgo := "CGO_ENABLED=0"
	if chosen {
		cgo = ""
	}
	out, err := build(cgo)
	f := <-listed
	if f.name != "" && f.name != "main" {
		os.Remove(t.path)
		return &Error{codeError, fmt.Errorf("%s holds the Go package %s, which is no program (package main)", t.build, f.name)}
	}
	wants := err != nil && bytes.Contains(out, []byte("requires cgo")) // -race, -msan in GOFLAGS
	if (f.cgo != "" || wants) && !chosen {
		out, err = build("CGO_ENABLED=1")
	}
	errs.Write(out)
	return err
}

func goCommand(goTool, dir, env string, args ...string) *exec.Cmd {
	cmd := exec.Command(goTool, args...)
	cmd.Dir = dir
	if env != "" {
		cmd.Env = append(cmd.Environ(), env)
	}
	return cmd
}

// progress tells a terminal what takes so long; the result takes it back.
func progress(w *os.File, what string) (done func()) {
	if !isTerminal(int(w.Fd())) {
		return func() {}
	}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		select {
		case <-stop:
			return
		case <-time.After(progressAfter):
		}
		fmt.Fprintf(w, "golaunch: %s ...", what)
		<-stop
		fmt.Fprint(w, "\r\x1b[K")
	}()
	return func() { close(stop); <-stopped }
}
