package launcher

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golaunch/golaunch/runtime/segment"
)

// ParseArgs reads the command line after the command's name, and after "run" if it
// was there. The error is a HelpError or an *Error with the code for wrong usage.
func ParseArgs(args []string) (*Options, error) {
	o := &Options{Grace: DefaultGrace}
	for i := 0; ; i++ {
		section, rest, more := cutColon(args)
		p, err := parseProgram(o, section, i == 0)
		if err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, HelpError{}
			}
			return nil, &Error{codeUsage, err}
		}
		o.Programs = append(o.Programs, p)
		if !more {
			break
		}
		args = rest
	}
	if len(o.Programs) > 1 {
		for i := range o.Programs {
			o.Programs[i].Ranks = max(o.Programs[i].Ranks, 1)
		}
	}
	total := 0
	for _, p := range o.Programs {
		total += p.Ranks
	}
	if total > segment.MaxRanks {
		return nil, &Error{codeUsage, fmt.Errorf("%d ranks: at most %d fit on one machine", total, segment.MaxRanks)}
	}
	return o, nil
}

// cutColon cuts a command line at the first ":" that stands alone.
func cutColon(args []string) (section, rest []string, more bool) {
	if i := slices.Index(args, ":"); i >= 0 {
		return args[:i], args[i+1:], true
	}
	return args, nil, false
}

// parseProgram reads one section of the command line. Flags that concern the whole
// job are taken in the first only.
func parseProgram(o *Options, args []string, first bool) (Program, error) {
	var p Program
	fs := flag.NewFlagSet("golaunch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	ranks := func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return errors.New("want a number of ranks, 1 or more")
		}
		p.Ranks = n
		return nil
	}
	fs.Func("n", "", ranks)
	fs.Func("np", "", ranks)
	fs.StringVar(&p.Dir, "wdir", "", "")
	env := func(s string) error {
		if name, _, _ := strings.Cut(s, "="); name == "" || strings.ContainsRune(s, 0) {
			return errors.New("want NAME or NAME=value")
		}
		p.Env = append(p.Env, s)
		return nil
	}
	fs.Func("x", "", env)
	fs.Func("env", "", env)
	if first {
		jobFlags(fs, o)
	}
	if err := fs.Parse(args); err != nil {
		return p, flagError(err, first)
	}
	rest := fs.Args()
	if len(rest) == 0 {
		if first {
			return p, errors.New("no program to run: golaunch [flags] program [arguments], see golaunch help")
		}
		return p, errors.New(`no program after ":"`)
	}
	if rest[0] == "" {
		return p, errors.New("the name of the program is empty")
	}
	p.Name, p.Args = rest[0], rest[1:]
	return p, nil
}

// jobFlags adds the flags that concern the whole job.
func jobFlags(fs *flag.FlagSet, o *Options) {
	fs.BoolVar(&o.Tag, "tag", false, "")
	fs.BoolVar(&o.Timestamp, "timestamp", false, "")
	fs.BoolVar(&o.Check, "check", false, "")
	fs.BoolVar(&o.Verbose, "v", false, "")
	fs.BoolVar(&o.DryRun, "dry-run", false, "")
	fs.Func("outdir", "", func(s string) error {
		if s == "" {
			return errors.New("want a folder")
		}
		o.OutDir = s
		return nil
	})
	fs.Func("stdin", "", func(s string) error {
		switch s {
		case "all":
			o.Stdin = StdinAll
			return nil
		case "none":
			o.Stdin = StdinNone
			return nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return errors.New("want a rank, all or none")
		}
		o.Stdin = Stdin(n)
		return nil
	})
	fs.Func("timeout", "", func(s string) error {
		d, err := parseDuration(s)
		if err == nil && d == 0 {
			err = errors.New("want a time above 0")
		}
		o.Timeout = d
		return err
	})
	fs.Func("grace", "", func(s string) error {
		d, err := parseDuration(s)
		o.Grace = d
		return err
	})
	fs.Func("bind", "", func(s string) error {
		switch s {
		case "none":
			o.Bind = BindNone
		case "core":
			o.Bind = BindCore
		case "numa":
			return errors.New("binding to NUMA nodes is not supported yet: want core or none")
		default:
			return errors.New("want core or none")
		}
		return nil
	})
}

// parseDuration reads "90s", "5m", or a number of seconds.
func parseDuration(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("want a time such as 90s or 5m")
	}
	return d, nil
}

// flagError turns an error of package flag into our sentence.
func flagError(err error, first bool) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: ")
	if !unknown {
		return err
	}
	if !first {
		all := flag.NewFlagSet("", flag.ContinueOnError)
		jobFlags(all, new(Options))
		if all.Lookup(strings.TrimLeft(name, "-")) != nil {
			return fmt.Errorf("%s concerns the whole job: put it before the first program", name)
		}
	}
	return fmt.Errorf("unknown flag %s, see golaunch help (flags of the program itself stand after its name)", name)
}
