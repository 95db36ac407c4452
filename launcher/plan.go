package launcher

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/golaunch/golaunch/launcher/hosts"
	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/topo"
)

// plan is what a run comes to, once everything that can be checked beforehand was.
type plan struct {
	*Options
	host    string
	n       int
	cpus    []int // that this process may run on
	usable  int   // how many ranks can run at the same time
	targets []*target
	ranks   []int // rank -> program
	where   *hosts.Map
	env     []string
	added   []string   // what of env is golaunch's doing
	own     [][]string // program -> its variables over env

	elsewhere error // that some hosts are other machines; nil if all are this one

	freeCache func() // of executables; nil if it isn't in use
}

// makePlan checks the options and finds the programs. Nothing was built or started
// afterwards.
func makePlan(o *Options) (*plan, error) {
	p := &plan{Options: o}
	var quota float64
	p.cpus, quota = processors()
	p.usable = topo.Usable(len(p.cpus), quota)
	p.host, _ = os.Hostname()
	if len(o.Programs) == 1 && o.Programs[0].Ranks == 0 {
		var err error
		if o.Programs[0].Ranks, err = p.ranksByHosts(); err != nil {
			return nil, &Error{codeUsage, err}
		}
	}
	for i := range o.Programs {
		prog := &o.Programs[i]
		if prog.Dir != "" {
			st, err := os.Stat(prog.Dir)
			if err == nil && !st.IsDir() {
				err = fmt.Errorf("not a folder")
			}
			if err != nil {
				return nil, &Error{codeUsage, fmt.Errorf("-wdir %s: %w", prog.Dir, reason(err))}
			}
			if prog.Dir, err = filepath.Abs(prog.Dir); err != nil {
				return nil, &Error{codeError, err}
			}
		}
		t, err := find(prog)
		if err != nil {
			return nil, err
		}
		p.targets = append(p.targets, t)
		for range prog.Ranks {
			p.ranks = append(p.ranks, i)
		}
	}
	p.n = len(p.ranks)
	var err error
	if p.elsewhere, err = p.place(); err != nil {
		return nil, &Error{codeUsage, err}
	}
	if p.elsewhere != nil && !o.DryRun {
		return nil, &Error{codeUsage, p.elsewhere}
	}
	if int(o.Stdin) >= p.n {
		return nil, &Error{codeUsage, fmt.Errorf("-stdin %d: the job has ranks 0 to %d", o.Stdin, p.n-1)}
	}
	p.environment()
	return p, nil
}

// reason strips an error of the file system to what was wrong.
func reason(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}

// environment makes the variables that all ranks have, and those of each program.
// What tells one rank from another, the keeper adds.
func (p *plan) environment() {
	ours := map[string]bool{
		bootstrap.EnvVersion: true, bootstrap.EnvRank: true, bootstrap.EnvSize: true, bootstrap.EnvLocalRank: true,
		bootstrap.EnvLocalSize: true, bootstrap.EnvSegmentFD: true, bootstrap.EnvControlFD: true, bootstrap.EnvJob: true,
	}
	const procs = "GOMAXPROCS"
	chosen := false
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if ours[name] {
			continue // golaunch below golaunch
		}
		if p.Check && name == bootstrap.EnvCheck {
			continue
		}
		chosen = chosen || name == procs
		p.env = append(p.env, v)
	}
	if p.Check {
		p.added = append(p.added, bootstrap.EnvCheck+"=calls")
	}
	if !chosen {
		p.added = append(p.added, procs+"="+strconv.Itoa(max(2, p.usable/p.n)))
	}
	p.env = append(p.env, p.added...)
	for _, prog := range p.Programs {
		var own []string
		if prog.Dir != "" {
			own = append(own, "PWD="+prog.Dir)
		}
		for _, v := range prog.Env {
			if !strings.Contains(v, "=") {
				value, ok := os.LookupEnv(v)
				if !ok {
					fmt.Fprintf(p.Stderr, "golaunch: -x %s: there is no such variable, nothing to hand on\n", v)
					continue
				}
				v += "=" + value
			}
			name, _, _ := strings.Cut(v, "=")
			own = slices.DeleteFunc(own, func(old string) bool { return strings.HasPrefix(old, name+"=") })
			if !ours[name] {
				own = append(own, v)
			}
		}
		p.own = append(p.own, own)
	}
}

// bound returns the processors that a rank is bound to, nil if it is not.
func (p *plan) bound(rank int) []int {
	if p.Bind != BindCore {
		return nil
	}
	return topo.BindCores(rank, p.n, p.cpus)
}

// prefixed reports whether output lines get something in front.
func (p *plan) prefixed() bool { return p.Tag || p.Timestamp }

// filesNeeded is how many open files golaunch needs at most: for each rank both ends
// of its control socket, its output (two pipes, or two files, or both) and its input.
func (p *plan) filesNeeded() int {
	each := 2 + 4
	if p.OutDir != "" && p.prefixed() {
		each += 2
	}
	if p.Stdin == StdinAll {
		each += 2
	}
	return p.n*each + 32
}

// tell writes what a user should know before the ranks start: that slots don't suffice, and with -v the
// files that were read and where the ranks run.
func (p *plan) tell(w io.Writer) {
	var lines []string
	if p.Verbose {
		lines = append(describeDefaults(p.files, p.settings), p.where.Lines()...)
	}
	if text := p.crowded(); text != "" {
		lines = append(lines, text)
	}
	for _, line := range lines {
		fmt.Fprintf(w, "golaunch: %s\n", line)
	}
}

// show writes the plan for -dry-run.
func (p *plan) show(w io.Writer) {
	if p.elsewhere == nil {
		fmt.Fprintf(w, "%s on %s, %d usable processors\n", count(p.n, "rank"), p.host, p.usable)
	} else {
		fmt.Fprintf(w, "%s on %s\n", count(p.n, "rank"), count(len(p.where.Hosts), "host"))
	}
	for _, line := range p.where.Lines() {
		fmt.Fprintln(w, line)
	}
	if text := p.crowded(); text != "" {
		fmt.Fprintln(w, text)
	}
	if len(p.added) > 0 {
		fmt.Fprintln(w, "all ranks:")
		for _, v := range p.added {
			fmt.Fprintf(w, "  variable %s\n", v)
		}
	}
	first := 0
	for i, prog := range p.Programs {
		var ranks []int
		for r := range prog.Ranks {
			ranks = append(ranks, first+r)
		}
		first += prog.Ranks
		t := p.targets[i]
		fmt.Fprintf(w, "%s:\n", rankList(ranks))
		if t.build != "" {
			fmt.Fprintf(w, "  build    %s\n", t.build)
		}
		fmt.Fprintf(w, "  execute  %s\n", t.path)
		if len(prog.Args) > 0 {
			fmt.Fprintf(w, "  arguments %q\n", prog.Args)
		}
		if prog.Dir != "" {
			fmt.Fprintf(w, "  folder   %s\n", prog.Dir)
		}
		for _, v := range p.own[i] {
			fmt.Fprintf(w, "  variable %s\n", v)
		}
	}
	if p.Bind == BindCore {
		for r := range p.n {
			fmt.Fprintf(w, "rank %d on processors %s\n", r, topo.FormatCPUList(p.bound(r)))
		}
	}
}
