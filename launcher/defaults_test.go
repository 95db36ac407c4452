package launcher

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/launcher/config"
)

// files returns a load function for ParseArgs, which gives these files whatever -config asks for.
func files(t interface {
	Helper()
	Fatal(...any)
}, texts ...string) func(string) ([]*config.File, error) {
	t.Helper()
	var all []*config.File
	for i, text := range texts {
		f, err := config.Parse(fmt.Sprintf("/%d/golaunch.toml", i), []byte(text), configKeys)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return func(string) ([]*config.File, error) { return all, nil }
}

// Every flag but -config has a key, and every key a flag.
func TestKeysAreFlags(t *testing.T) {
	s := newSection(new(Options), true)
	s.flags.VisitAll(func(f *flag.Flag) {
		if _, ok := configKeys[f.Name]; !ok && f.Name != "config" {
			t.Errorf("-%s can have no default in golaunch.toml", f.Name)
		}
		// A flag that takes no value is a boolean for both.
		b, ok := f.Value.(interface{ IsBoolFlag() bool })
		if isBool := ok && b.IsBoolFlag(); isBool != (configKeys[f.Name].Kind == config.Bool) && f.Name != "config" {
			t.Errorf("-%s: a boolean for one of the command line and golaunch.toml only", f.Name)
		}
	})
	for name := range configKeys {
		if s.flags.Lookup(name) == nil {
			t.Errorf("there is no flag for the key %s", name)
		}
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		args, project, user string
		want                Options
	}{
		{"p", "n = 3\nwdir = 'd'\noutdir = '/o'\nstdin = 'all'\ntimeout = 1.5\ngrace = '3s'\nbind = 'core'\ncheck = true\nppn = 2\nmap = 'cyclic'", "",
			Options{Programs: []Program{{Ranks: 3, Dir: "/0/d"}}, OutDir: "/o", Stdin: StdinAll, Timeout: 1500 * time.Millisecond, Grace: 3 * time.Second,
				Bind: BindCore, Check: true, PerHost: 2, Map: 1}},
		{"-np 2 -tag=false -stdin 1 -grace 1 -timeout 2 -bind none -map block p",
			"n = 3\ntag = true\nstdin = 'none'\ngrace = 9\ntimeout = 9\nbind = 'core'\nmap = 'list'", "v = true",
			Options{Programs: []Program{{Ranks: 2}}, Stdin: 1, Timeout: 2 * time.Second, Grace: time.Second, Verbose: true}},
		{"p", "tag = false\nnp = 2", "tag = true\nn = 9\nbind = 'core'", Options{Programs: []Program{{Ranks: 2}}, Grace: DefaultGrace, Bind: BindCore}},
		{"-x A=3 -x D p", "x = ['A=2', 'B=2']\nenv.C = 2", "x = 'A=1'\nenv.E = 1",
			Options{Programs: []Program{{Env: []string{"A=1", "E=1", "A=2", "B=2", "C=2", "A=3", "D"}}}, Grace: DefaultGrace}},
		{"p : -n 4 -x B q", "n = 2\nx = 'A'\ntag = true", "", Options{
			Programs: []Program{{Ranks: 2, Env: []string{"A"}}, {Ranks: 4, Env: []string{"A", "B"}}}, Grace: DefaultGrace, Tag: true}},
	} {
		got, err := ParseArgs(strings.Fields(c.args), files(t, c.project, c.user))
		if err != nil {
			t.Errorf("%s with %q and %q: %v", c.args, c.project, c.user, err)
			continue
		}
		for i := range got.Programs {
			got.Programs[i].Name, got.Programs[i].Args = "", nil
		}
		got.files, got.settings = nil, nil
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s with %q and %q:\ngot  %+v\nwant %+v", c.args, c.project, c.user, *got, c.want)
		}
	}
}

func TestDefaultsRefused(t *testing.T) {
	for _, c := range []struct{ args, text, says string }{
		{"p", "tag = true\n  n = 0", `/0/golaunch.toml:2:3: n = "0": want a number of ranks, 1 or more`},
		{"p", "stdin = 'some'", `stdin = "some": want a rank, all or none`},
		{"p", "timeout = 0", `timeout = "0": want a time above 0`},
		{"p", "grace = -1", "want a time such as 90s or 5m"},
		{"p", "outdir = ''", "want a folder"},
		{"p", "host = ['a', 'b:0']", `host = "b:0": column 3: "0": want a number of slots`},
		{"p", "hostfile = 'none'", "-hostfile /0/none: "},
		{"p", "x = '=3'", "want NAME or NAME=value"},
		{"p", "n = 2000", "2000 ranks: at most 1024"},
		{"a : b", "n = 600", "1200 ranks: at most 1024"},
		{"-map list p", "ppn = 2", "-ppn and -map list don't go together"},
		{"", "n = 0", "no program to run"}, // the command line first
	} {
		_, err := ParseArgs(strings.Fields(c.args), files(t, c.text))
		var e *Error
		if !errors.As(err, &e) || e.Code != codeUsage || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s with %q: %v, want code %d and %q", c.args, c.text, err, codeUsage, c.says)
		}
	}
	// A wrong value doesn't matter where the command line has another.
	if _, err := ParseArgs(strings.Fields("-n 1 p"), files(t, "n = 0")); err != nil {
		t.Error(err)
	}
	if _, err := ParseArgs([]string{"-h"}, func(string) ([]*config.File, error) { return nil, errors.New("broken") }); !errors.As(err, new(HelpError)) {
		t.Errorf("help with a broken file: %v", err)
	}
}

// Whoever says a flag, the first of command line, project and user is the one that counts.
func TestPrecedence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args, want := []string{}, map[string]string{}
		var texts [2]string
		for _, name := range []string{"n", "ppn", "stdin", "timeout", "grace"} {
			values := rapid.SliceOfN(rapid.IntRange(0, 9), 3, 3).Draw(t, name) // command line, project, user; 0: not said
			if values[0] > 0 {
				args = append(args, "-"+name, fmt.Sprint(values[0]))
			}
			for i := range texts {
				if values[i+1] > 0 {
					texts[i] += fmt.Sprintf("%s = %d\n", name, values[i+1])
				}
			}
			for i, v := range values {
				if v > 0 && want[name] == "" {
					want[name] = fmt.Sprintf("%d by %d", v, i)
				}
			}
		}
		o, err := ParseArgs(append(args, "p"), files(t, texts[0], texts[1]))
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]int{}
		for _, s := range o.settings {
			n := 0
			fmt.Sscanf(s.File, "/%d/", &n)
			by[s.Name] = n + 1
		}
		got := map[string]string{}
		put := func(name string, v int) {
			if want[name] != "" {
				got[name] = fmt.Sprintf("%d by %d", v, by[name])
			}
		}
		put("n", o.Programs[0].Ranks)
		put("ppn", o.PerHost)
		put("stdin", int(o.Stdin))
		put("timeout", int(o.Timeout/time.Second))
		put("grace", int(o.Grace/time.Second))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%v with %q:\ngot  %v\nwant %v", args, texts, got, want)
		}
	})
}

func TestDescribeDefaults(t *testing.T) {
	o, err := ParseArgs([]string{"-n", "1", "p"}, files(t, "n = 2\ntag = true\nx = 'A=a b'", "n = 3"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(describeDefaults(o.files, o.settings), "\n")
	const want = "defaults from /0/golaunch.toml: tag = true (line 2), x = A=a b (line 3)\ndefaults from /1/golaunch.toml: nothing that counts here"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
