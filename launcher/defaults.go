package launcher

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golaunch/golaunch/launcher/config"
)

// configKeys are the flags that golaunch.toml may give a default: all but -config.
var configKeys = config.Keys{
	"n": {Kind: config.Number}, "np": {Kind: config.Number, Group: "n"},
	"wdir":      {Kind: config.Path},
	"x":         {Kind: config.List, Adds: true},
	"env":       {Kind: config.Table, Adds: true},
	"host":      {Kind: config.List, Group: groupHosts},
	"hostfile":  {Kind: config.Path, Group: groupHosts},
	"ppn":       {Kind: config.Number},
	"map":       {Kind: config.Text},
	"tag":       {Kind: config.Bool},
	"timestamp": {Kind: config.Bool},
	"outdir":    {Kind: config.Path},
	"stdin":     {Kind: config.Text},
	"timeout":   {Kind: config.Duration},
	"grace":     {Kind: config.Duration},
	"bind":      {Kind: config.Text},
	"check":     {Kind: config.Bool},
	"v":         {Kind: config.Bool},
	"dry-run":   {Kind: config.Bool},
}

// groupHosts is the group of the flags that name hosts.
const groupHosts = "hosts"

// configNone is the -config that asks for no file.
const configNone = "none"

// LoadDefaults reads the files with defaults for flags, the one that goes before the others first. choice is
// the value of -config: a file, none, or "" for the golaunch.toml of the project and of the user.
func LoadDefaults(choice string) ([]*config.File, error) {
	switch choice {
	case configNone:
		return nil, nil
	case "":
	default:
		path, err := filepath.Abs(choice)
		if err != nil {
			return nil, err
		}
		f, err := config.Read(path, configKeys, nil) // whoever names a file trusts it
		if err != nil {
			return nil, err
		}
		return []*config.File{f}, nil
	}
	var files []*config.File
	for _, path := range config.Find(workingDir(), userConfigDir()) {
		f, err := config.Read(path, configKeys, trusted)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// workingDir is the working directory without symbolic links, as git sees it; "" if there is none any more.
func workingDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// userConfigDir is the folder of the user's file, "" if the user has none.
func userConfigDir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "golaunch")
}

// apply gives the flags of a section that the command line doesn't mention their values from files, and
// returns the settings that counted. said are groups that something else has decided.
func (s *section) apply(files []*config.File, said ...string) ([]config.Setting, error) {
	decided := map[string]bool{}
	for _, group := range said {
		decided[group] = true
	}
	s.flags.Visit(func(f *flag.Flag) {
		if !configKeys[f.Name].Adds {
			decided[configKeys.Group(f.Name)] = true
		}
	})
	var used []config.Setting
	own := s.program.Env
	s.program.Env = nil
	for _, setting := range config.Effective(files, configKeys, decided) {
		if s.flags.Lookup(setting.Name) == nil {
			continue // a flag of the whole job, in the section of a later program
		}
		if err := s.flags.Set(setting.Name, setting.Value); err != nil {
			return nil, setting.Error(err.Error())
		}
		used = append(used, setting)
	}
	s.program.Env = append(s.program.Env, own...) // the last of a name counts
	return used, nil
}

// describeDefaults says in a line for each file that was read what of it counts.
func describeDefaults(files []*config.File, used []config.Setting) []string {
	var lines []string
	for _, f := range files {
		var words []string
		for _, s := range used {
			if s.File == f.Path {
				words = append(words, fmt.Sprintf("%v (line %d)", s, s.Line))
			}
		}
		if words == nil {
			words = []string{"nothing that counts here"}
		}
		lines = append(lines, "defaults from "+f.Path+": "+strings.Join(words, ", "))
	}
	return lines
}

// InfoDefaults writes which flags have another default here than the built-in one, and where it comes from. The error is an
// *Error with the code for wrong usage: a file is wrong.
func InfoDefaults(w io.Writer) error {
	files, err := LoadDefaults("")
	if err != nil {
		return &Error{codeUsage, err}
	}
	var said []string
	hostFile := os.Getenv(envHydraHosts)
	if hostFile != "" {
		said = append(said, groupHosts)
	}
	used, err := newSection(new(Options), true).apply(files, said...)
	if err != nil {
		return &Error{codeUsage, err}
	}
	label, width := "defaults      ", 0
	line := func(format string, args ...any) {
		fmt.Fprintf(w, label+format+"\n", args...)
		label = "              "
	}
	for _, f := range files {
		line("read from %s", f.Path)
	}
	if len(files) == 0 {
		dirs := ""
		if dir := userConfigDir(); dir != "" {
			dirs = ", or in " + dir
		}
		line("there is no %s here, or above, up to the root of the git repository%s", config.Name, dirs)
	}
	for _, s := range used {
		width = min(max(width, len(s.String())), 40)
	}
	for _, s := range used {
		line("%-*s  %s", width, s, s.Where())
	}
	if hostFile != "" {
		line("%-*s  %s", width, "hostfile = "+hostFile, envHydraHosts)
	}
	line("all else is built in")
	return nil
}

// addSettings adds those that are not there yet.
func addSettings(all, more []config.Setting) []config.Setting {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
