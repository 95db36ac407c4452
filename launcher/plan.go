package launcher

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
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
	env     []string
	own     [][]string // program -> its variables over env

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
		o.Programs[0].Ranks = min(p.usable, segment.MaxRanks)
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
		p.env = append(p.env, bootstrap.EnvCheck+"=calls")
	}
	if !chosen {
		p.env = append(p.env, procs+"="+strconv.Itoa(max(2, p.usable/p.n)))
	}
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
			if name, _, _ := strings.Cut(v, "="); !ours[name] {
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

// show writes the plan for -dry-run.
func (p *plan) show(w io.Writer) {
	fmt.Fprintf(w, "%s on %s, %d usable processors\n", count(p.n, "rank"), p.host, p.usable)
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
