package spawn

import (
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		stat   string
		parent int
		zombie bool
		ok     bool
	}{
		{"12 (sh) S 7 12 12 0", 7, false, true},
		{"12 (a) b) (c) R 7 12", 7, false, true},
		{"12 () Z 3 1", 3, true, true},
		{"12 (x\ny) 1 2) D 9 1", 9, false, true},
		{"12 (sh) S", 0, false, false},
		{"12 (sh) S x", 0, false, false},
		{"12 sh S 7", 0, false, false},
		{"", 0, false, false},
		{"12 (sh", 0, false, false},
	} {
		p, ok := parseStat(12, []byte(c.stat))
		want := process{12, c.parent, c.zombie}
		if ok != c.ok || ok && p != want {
			t.Errorf("%q: got %+v, %v, want %+v, %v", c.stat, p, ok, want, c.ok)
		}
	}
}

func TestBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "processes")
		var table []process
		parent := make(map[int]int)
		for pid := 1; pid <= n; pid++ {
			// Any parent at all: a table that was read while it changed can hold cycles.
			p := process{pid, rapid.IntRange(0, n).Draw(t, "parent"), rapid.IntRange(0, 3).Draw(t, "zombie") == 0}
			table = append(table, p)
			parent[pid] = p.parent
		}
		root := rapid.IntRange(1, n).Draw(t, "root")
		got := below(table, root)
		for _, p := range table {
			up, is := p.pid, false
			for range n {
				up = parent[up]
				is = is || up == root
			}
			want := is && !p.zombie && p.pid != root
			if slices.Contains(got, p.pid) != want {
				t.Fatalf("process %d below %d: %v, want %v in %v", p.pid, root, !want, want, table)
			}
		}
	})
}

func TestDescendsFrom(t *testing.T) {
	me := os.Getpid()
	for _, c := range []struct {
		pid, root int
		want      bool
	}{{me, me, true}, {me, os.Getppid(), true}, {os.Getppid(), me, false}, {1 << 30, me, false}} {
		if got := DescendsFrom(c.pid, c.root); got != c.want {
			t.Errorf("DescendsFrom(%d, %d) = %v", c.pid, c.root, got)
		}
	}
	list, err := Descendants(os.Getppid())
	if err != nil || !slices.Contains(list, me) {
		t.Errorf("Descendants of the parent: %v, %v, want %d among them", list, err, me)
	}
}

func TestOverlay(t *testing.T) {
	base := []string{"A=1", "B=2", "C=3", "PATHX=y"}
	for _, c := range []struct{ over, want []string }{
		{nil, base},
		{[]string{"B=x"}, []string{"A=1", "C=3", "PATHX=y", "B=x"}},
		{[]string{"PATH=z", "A=", "A=7"}, []string{"B=2", "C=3", "PATHX=y", "PATH=z", "A=7"}},
	} {
		if got := overlay(base, c.over); !slices.Equal(got, c.want) {
			t.Errorf("over %v: got %v, want %v", c.over, got, c.want)
		}
	}
}
