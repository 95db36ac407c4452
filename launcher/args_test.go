package launcher

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseArgs(t *testing.T) {
	for _, c := range []struct {
		args string
		want Options
	}{
		{"prog", Options{Programs: []Program{{Name: "prog", Args: []string{}}}}},
		{"-n 4 prog -n 5 a", Options{Programs: []Program{{Ranks: 4, Name: "prog", Args: []string{"-n", "5", "a"}}}}},
		{"--np=3 -- -prog", Options{Programs: []Program{{Ranks: 3, Name: "-prog", Args: []string{}}}}},
		{"-x A -env B=c=d -wdir /tmp p", Options{Programs: []Program{{Env: []string{"A", "B=c=d"}, Dir: "/tmp", Name: "p", Args: []string{}}}}},
		{"-n 2 a x : -n 3 -wdir d b : c", Options{Programs: []Program{
			{Ranks: 2, Name: "a", Args: []string{"x"}}, {Ranks: 3, Dir: "d", Name: "b", Args: []string{}}, {Ranks: 1, Name: "c", Args: []string{}}}}},
		{"a : b", Options{Programs: []Program{{Ranks: 1, Name: "a", Args: []string{}}, {Ranks: 1, Name: "b", Args: []string{}}}}},
		{"-tag -timestamp -v -check -dry-run -outdir o -stdin all -timeout 1.5 -grace 0 -bind core p", Options{
			Tag: true, Timestamp: true, Verbose: true, Check: true, DryRun: true, OutDir: "o", Stdin: StdinAll, Timeout: 1500 * time.Millisecond,
			Grace: -1, Bind: BindCore, Programs: []Program{{Name: "p", Args: []string{}}}}},
		{"-stdin none -timeout 2m p", Options{Stdin: StdinNone, Timeout: 2 * time.Minute, Programs: []Program{{Name: "p", Args: []string{}}}}},
		{"-stdin 3 -bind none p", Options{Stdin: 3, Programs: []Program{{Name: "p", Args: []string{}}}}},
	} {
		switch c.want.Grace {
		case 0:
			c.want.Grace = DefaultGrace
		case -1:
			c.want.Grace = 0
		}
		got, err := ParseArgs(strings.Fields(c.args), nil)
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
		} else if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.args, *got, c.want)
		}
	}
}

func TestParseArgsRefuses(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"", "no program to run"},
		{"-n 4", "no program to run"},
		{"-n 0 p", `"0" for flag -n: want a number of ranks, 1 or more`},
		{"-n -3 p", "want a number of ranks"},
		{"-np many p", "want a number of ranks"},
		{"-n 1e3 p", "want a number of ranks"},
		{"-n 99999999999999999999 p", "want a number of ranks"},
		{"-n 1000 p : -n 25 q", "1025 ranks: at most 1024 fit on one machine"},
		{"-n", "flag needs an argument: -n"},
		{"-frobnicate p", "unknown flag -frobnicate, see golaunch help"},
		{"-n 2 a : ", `no program after ":"`},
		{"-n 2 a : -tag b", "-tag concerns the whole job: put it before the first program"},
		{"-n 2 a : -bind core b", "-bind concerns the whole job"},
		{"-n 2 a : -foo b", "unknown flag -foo"},
		{"-bind numa p", "NUMA nodes is not supported yet"},
		{"-bind socket p", "want core or none"},
		{"-stdin -1 p", "want a rank, all or none"},
		{"-stdin some p", "want a rank, all or none"},
		{"-timeout 0 p", "want a time above 0"},
		{"-timeout soon p", "want a time such as 90s"},
		{"-timeout -5s p", "want a time such as 90s"},
		{"-grace x p", "want a time"},
		{"-x =3 p", "want NAME or NAME=value"},
		{"-tag=maybe p", "invalid boolean value"},
	} {
		_, err := ParseArgs(strings.Fields(c.args), nil)
		var e *Error
		if !errors.As(err, &e) || e.Code != codeUsage || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want code %d and %q", c.args, err, codeUsage, c.says)
		}
	}
	if _, err := ParseArgs([]string{"-n", "1", ""}, nil); err == nil {
		t.Error("an empty program name is taken")
	}
	if _, err := ParseArgs([]string{"-outdir", "", "p"}, nil); err == nil {
		t.Error("an empty -outdir is taken")
	}
	for _, args := range [][]string{{"-h"}, {"--help", "p"}, {"a", ":", "-h"}} {
		if _, err := ParseArgs(args, nil); !errors.As(err, new(HelpError)) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// The help names every flag.
func TestUsageNamesFlags(t *testing.T) {
	var b strings.Builder
	Usage(&b)
	for _, f := range []string{"-n ", "-np ", "-wdir ", "-x ", "-env ", "-tag ", "-timestamp ", "-outdir ", "-stdin ", "-timeout ", "-grace ", "-bind ", "-v ", "-dry-run ", "-host ", "-hostfile ", "-ppn ", "-map ", "-check ", "-config "} {
		if !strings.Contains(b.String(), f) {
			t.Errorf("%s is missing", f)
		}
	}
}
