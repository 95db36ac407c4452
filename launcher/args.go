package launcher

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golaunch/golaunch/launcher/config"
	"github.com/golaunch/golaunch/launcher/hosts"
	"github.com/golaunch/golaunch/runtime/segment"
)

// ParseArgs reads the command line after the command's name, and after "run" if it
// was there. load, LoadDefaults or nil, brings the files with defaults for flags. The error is
// a HelpError or an *Error with the code for wrong usage.
func ParseArgs(args []string, load func(choice string) ([]*config.File, error)) (*Options, error) {
	o := &Options{Grace: DefaultGrace}
	if err := o.parse(args, load); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, HelpError{}
		}
		return nil, &Error{codeUsage, err}
	}
	return o, nil
}

func (o *Options) parse(args []string, load func(choice string) ([]*config.File, error)) error {
	var sections []*section
	for more := true; more; {
		var words []string
		words, args, more = cutColon(args)
		s := newSection(o, len(sections) == 0)
		if err := s.parse(words); err != nil {
			return err
		}
		sections = append(sections, s)
	}
	if load != nil {
		if err := o.fillIn(sections, load); err != nil {
			return err
		}
	}
	if err := o.readHostFile(sections[0]); err != nil {
		return err
	}
	total := 0
	for _, s := range sections {
		if len(sections) > 1 {
			s.program.Ranks = max(s.program.Ranks, 1)
		}
		total += s.program.Ranks
		o.Programs = append(o.Programs, *s.program)
	}
	if total > segment.MaxRanks {
		return tooManyRanks(total)
	}
	if o.Map == hosts.List && o.PerHost > 0 {
		return errors.New("-ppn and -map list don't go together: the list has the numbers")
	}
	return nil
}

// fillIn gives flags that the command line doesn't mention their values from the environment and from files.
func (o *Options) fillIn(sections []*section, load func(choice string) ([]*config.File, error)) error {
	var said []string
	if path := os.Getenv(envHydraHosts); path != "" && !sections[0].has("host") && !sections[0].has("hostfile") {
		o.HostFile, o.hostFileFrom = path, envHydraHosts
		said = append(said, groupHosts)
	}
	var err error
	if o.files, err = load(o.config); err != nil {
		return err
	}
	for _, s := range sections {
		used, err := s.apply(o.files, said...)
		if err != nil {
			return err
		}
		o.settings = addSettings(o.settings, used)
	}
	return nil
}

// readHostFile reads the file of hosts, if one was named.
func (o *Options) readHostFile(s *section) error {
	if s.has("host") && s.has("hostfile") {
		return errors.New("-host and -hostfile don't go together")
	}
	if o.HostFile == "" {
		return nil
	}
	var err error
	o.Hosts, err = readHosts(o.HostFile, cmp.Or(o.hostFileFrom, "-hostfile"))
	return err
}

// cutColon cuts a command line at the first ":" that stands alone.
func cutColon(args []string) (section, rest []string, more bool) {
	if i := slices.Index(args, ":"); i >= 0 {
		return args[:i], args[i+1:], true
	}
	return args, nil, false
}

// section is the part of a command line that is about one program.
type section struct {
	flags   *flag.FlagSet
	program *Program
	first   bool
}

// newSection makes the flags of a section. Flags that concern the whole job, whose values go to o, are
// in the first only.
func newSection(o *Options, first bool) *section {
	p := new(Program)
	fs := flag.NewFlagSet("golaunch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	ranks := func(s string) (err error) {
		p.Ranks, err = parseRanks(s)
		return err
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
	return &section{fs, p, first}
}

// has reports whether the flag has a value, be it from the command line or from a file.
func (s *section) has(name string) bool {
	found := false
	s.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// parse reads the section's words.
func (s *section) parse(args []string) error {
	if err := s.flags.Parse(args); err != nil {
		return flagError(err, s.first)
	}
	rest := s.flags.Args()
	if len(rest) == 0 {
		if s.first {
			return errors.New("no program to run: golaunch [flags] program [arguments], see golaunch help")
		}
		return errors.New(`no program after ":"`)
	}
	if rest[0] == "" {
		return errors.New("the name of the program is empty")
	}
	s.program.Name, s.program.Args = rest[0], rest[1:]
	return nil
}

// parseRanks reads a number of ranks.
func parseRanks(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("want a number of ranks, 1 or more")
	}
	return n, nil
}

// jobFlags adds the flags that concern the whole job.
func jobFlags(fs *flag.FlagSet, o *Options) {
	fs.BoolVar(&o.Tag, "tag", false, "")
	fs.BoolVar(&o.Timestamp, "timestamp", false, "")
	fs.BoolVar(&o.Check, "check", false, "")
	fs.BoolVar(&o.Verbose, "v", false, "")
	fs.BoolVar(&o.DryRun, "dry-run", false, "")
	hostFlags(fs, o)
	fs.Func("config", "", func(s string) error {
		if s == "" {
			return errors.New("want a file, or none")
		}
		o.config = s
		return nil
	})
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

// hostFlags adds the flags that say where ranks run.
func hostFlags(fs *flag.FlagSet, o *Options) {
	fs.Func("host", "", func(s string) error {
		more, err := hosts.ParseList(s)
		o.Hosts = append(o.Hosts, more...)
		return err
	})
	fs.Func("hostfile", "", func(s string) error {
		if s == "" {
			return errors.New("want a file")
		}
		o.HostFile = s
		return nil
	})
	fs.Func("ppn", "", func(s string) (err error) {
		if o.PerHost, err = parseRanks(s); err == nil && o.PerHost > segment.MaxRanks {
			err = tooManyRanks(o.PerHost)
		}
		return err
	})
	fs.Func("map", "", func(s string) (err error) {
		o.Map, err = hosts.ParseOrder(s)
		return err
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
