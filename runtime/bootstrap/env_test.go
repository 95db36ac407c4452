package bootstrap

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func lookup(env []string) func(string) (string, bool) {
	m := map[string]string{}
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		m[k] = v
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func TestEnvRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var i Info
		i.Size = rapid.IntRange(1, 1000).Draw(t, "size")
		i.Rank = rapid.IntRange(0, i.Size-1).Draw(t, "rank")
		i.LocalSize = rapid.IntRange(1, i.Size).Draw(t, "local size")
		i.LocalRank = rapid.IntRange(0, i.LocalSize-1).Draw(t, "local rank")
		i.SegmentFD = rapid.IntRange(3, 50).Draw(t, "segment")
		i.ControlFD = i.SegmentFD + 1
		i.Job = rapid.StringMatching(`[0-9a-f]{1,16}`).Draw(t, "job")
		got, err := Parse(lookup(i.Environ()))
		if err != nil || *got != i {
			t.Fatalf("got %+v, %v, want %+v", got, err, i)
		}
	})
}

func TestEnvAlone(t *testing.T) {
	if i, err := Parse(lookup(nil)); i != nil || err != nil {
		t.Fatalf("got %v, %v", i, err)
	}
}

func TestEnvRefuses(t *testing.T) {
	good := map[string]string{EnvVersion: "1", EnvRank: "0", EnvSize: "2", EnvLocalRank: "0", EnvLocalSize: "2", EnvSegmentFD: "3", EnvControlFD: "4", EnvJob: "ab"}
	parse := func(m map[string]string) (*Info, error) {
		return Parse(func(k string) (string, bool) { v, ok := m[k]; return v, ok })
	}
	if _, err := parse(good); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{"": false, "calls": true} {
		m := maps.Clone(good)
		m[EnvTrace] = value
		if i, err := parse(m); err != nil || i.Trace != want {
			t.Errorf("%s=%q: got %v, %v", EnvTrace, value, i, err)
		}
		m = maps.Clone(good)
		m[EnvCheck] = value
		if i, err := parse(m); err != nil || i.Check != want || i.Trace {
			t.Errorf("%s=%q: got %v, %v", EnvCheck, value, i, err)
		}
	}
	const missing = "\x00"
	for _, c := range []struct{ name, value, says string }{
		{EnvVersion, "2", "version 1"},
		{EnvVersion, "", "version 1"},
		{EnvRank, missing, EnvRank + " is not"},
		{EnvSize, "", EnvSize},
		{EnvSize, "0", "make no sense"},
		{EnvSize, "99999999999999999999", EnvSize},
		{EnvRank, "2", "rank 2 of 2"},
		{EnvRank, "-1", EnvRank},
		{EnvRank, "x", EnvRank},
		{EnvLocalRank, "2", "make no sense"},
		{EnvLocalSize, "3", "make no sense"},
		{EnvSegmentFD, "2", "make no sense"},
		{EnvControlFD, "3", "make no sense"},
		{EnvControlFD, "0", "make no sense"},
		{EnvTrace, "all", EnvTrace},
		{EnvCheck, "all", EnvCheck},
	} {
		m := maps.Clone(good)
		m[c.name] = c.value
		if c.value == missing {
			delete(m, c.name)
		}
		if i, err := parse(m); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s=%q: got %v, %v, want an error with %q", c.name, c.value, i, err, c.says)
		}
	}
}
