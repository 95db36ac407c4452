package topo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseCPUList(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []int
		text string // as FormatCPUList writes it
	}{
		{"", nil, ""},
		{"\n", nil, ""},
		{"0\n", []int{0}, "0"},
		{"0-3,8", []int{0, 1, 2, 3, 8}, "0-3,8"},
		{" 0-1\n", []int{0, 1}, "0-1"},
		{"5,1-2,2-3", []int{1, 2, 3, 5}, "1-3,5"},
		{"1-9,2-3,4", []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, "1-9"},
		{"7-7", []int{7}, "7"},
		{"65535", []int{MaxCPU}, "65535"},
		{"0,2,4,6", []int{0, 2, 4, 6}, "0,2,4,6"},
	} {
		got, err := ParseCPUList(c.in)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("ParseCPUList(%q) = %v, %v, want %v", c.in, got, err, c.want)
		}
		if text := FormatCPUList(got); text != c.text {
			t.Errorf("FormatCPUList(%v) = %q, want %q", got, text, c.text)
		}
	}
	for in, want := range map[string]string{
		"x":                      `"x" is neither`,
		"0-3,":                   `"" is neither`,
		",":                      `"" is neither`,
		"0-":                     `"0-" is neither`,
		"-1":                     `"-1" is neither`,
		"+1":                     `"+1" is neither`,
		"0--1":                   `"0--1" is neither`,
		"0-1-2":                  `"0-1-2" is neither`,
		"0 1":                    `"0 1" is neither`,
		"0, 1":                   `" 1" is neither`,
		"0-10:2/4":               `"0-10:2/4" is neither`,
		"3-1":                    `"3-1" runs backwards`,
		"65536":                  `"65536" is above 65535`,
		"0-4000000000":           `"0-4000000000" is above 65535`,
		"99999999999999999999":   `is above 65535`,
		"0-99999999999999999999": `is above 65535`,
	} {
		if got, err := ParseCPUList(in); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "topo: cpu list ") {
			t.Errorf("ParseCPUList(%q) = %v, %v, want an error with %s", in, got, err, want)
		}
	}
	if _, err := ParseCPUList(strings.Repeat("7", 100000) + "x"); err == nil || len(err.Error()) > 300 {
		t.Errorf("the error for a long list has %d bytes", len(err.Error()))
	}
}

func TestFormatCPUListRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 40).Draw(t, "cpus")
		before := slices.Clone(in)
		text := FormatCPUList(in)
		if !slices.Equal(in, before) {
			t.Fatalf("FormatCPUList sorted its argument")
		}
		slices.Sort(before)
		got, err := ParseCPUList(text)
		if err != nil || !slices.Equal(got, slices.Compact(before)) {
			t.Fatalf("%v was written as %q and read as %v, %v", in, text, got, err)
		}
	})
}

func TestParseCPUMax(t *testing.T) {
	for in, want := range map[string]float64{
		"max 100000\n":     math.Inf(1),
		"200000 100000\n":  2,
		"150000 100000":    1.5,
		"1000 1000000":     0.001,
		"300000 100000\n":  3,
		"  max\t100000 \n": math.Inf(1),
	} {
		if got, err := ParseCPUMax(in); err != nil || got != want {
			t.Errorf("ParseCPUMax(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":                            "want a quota and a period",
		"max":                         "want a quota and a period",
		"1 2 3":                       "want a quota and a period",
		"max 0":                       `period "0"`,
		"max x":                       `period "x"`,
		"1000 -1":                     `period "-1"`,
		"0 100000":                    `quota "0"`,
		"-1 100000":                   `quota "-1"`,
		"MAX 100000":                  `quota "MAX"`,
		"1e5 100000":                  `quota "1e5"`,
		"99999999999999999999 100000": "quota",
	} {
		if got, err := ParseCPUMax(in); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "topo: cpu.max ") {
			t.Errorf("ParseCPUMax(%q) = %v, %v, want an error with %s", in, got, err, want)
		}
	}
}

func TestUsable(t *testing.T) {
	for _, c := range []struct {
		affinity int
		quota    float64
		want     int
	}{
		{8, math.Inf(1), 8},
		{8, 2, 2},
		{8, 1.5, 1},
		{8, 2.999, 2},
		{8, 0.1, 1},
		{8, 100, 8},
		{8, 0, 8},
		{8, -1, 8},
		{8, math.NaN(), 8},
		{0, math.Inf(1), 1},
		{-3, 4, 1},
		{1, 4, 1},
	} {
		if got := Usable(c.affinity, c.quota); got != c.want {
			t.Errorf("Usable(%d, %v) = %d, want %d", c.affinity, c.quota, got, c.want)
		}
	}
}

func TestBindCores(t *testing.T) {
	for _, c := range []struct {
		size    int
		allowed []int
		want    string
	}{
		{1, []int{0, 1}, "[[0 1]]"},
		{2, []int{0, 1}, "[[0] [1]]"},
		{2, []int{2, 3, 9}, "[[2] [3 9]]"},
		{2, []int{0, 4, 1, 5}, "[[0 4] [1 5]]"},
		{4, []int{0, 1}, "[[0] [0] [1] [1]]"},
		{3, []int{6, 7}, "[[6] [6] [7]]"},
		{2, nil, "[[] []]"},
	} {
		var got [][]int
		for r := range c.size {
			got = append(got, BindCores(r, c.size, c.allowed))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d ranks on %v: %v, want %s", c.size, c.allowed, got, c.want)
		}
	}
	if BindCores(0, 1, nil) != nil {
		t.Errorf("nothing allowed: want nil")
	}
	for _, c := range [][2]int{{-1, 2}, {2, 2}, {0, 0}} {
		func() {
			defer func() {
				if got := recover(); got != panicLocalRank {
					t.Errorf("BindCores(%d, %d): panic %v", c[0], c[1], got)
				}
			}()
			BindCores(c[0], c[1], []int{0})
		}()
	}
}

func TestBindCoresShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 64).Draw(t, "processors")
		size := rapid.IntRange(1, 100).Draw(t, "ranks")
		allowed := make([]int, n)
		for i := range allowed {
			allowed[i] = 3 * i
		}
		least, most := n, 0
		users := map[int]int{}
		var all []int
		for r := range size {
			cpus := BindCores(r, size, allowed)
			least, most = min(least, len(cpus)), max(most, len(cpus))
			for _, c := range cpus {
				users[c]++
			}
			all = append(all, cpus...)
			for i := range cpus {
				cpus[i] = -1 // the result is the caller's
			}
		}
		if least < 1 || most-least > 1 || len(users) != n {
			t.Fatalf("%d ranks on %d processors: shares of %d to %d, %d processors used", size, n, least, most, len(users))
		}
		if !slices.IsSorted(all) {
			t.Fatalf("%d ranks on %v: neighbours are not side by side: %v", size, allowed, all)
		}
		lo, hi := size, 0
		for _, k := range users {
			lo, hi = min(lo, k), max(hi, k)
		}
		if hi-lo > 1 {
			t.Fatalf("%d ranks on %d processors: between %d and %d ranks on each", size, n, lo, hi)
		}
	})
}

func FuzzParseCPUList(f *testing.F) {
	for _, s := range []string{"", "0-3,8\n", "3-1", "0-", "65535,0", "1-9,2-3", "0-65536", "-", ",,", "00-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cpus, err := ParseCPUList(s)
		if err != nil {
			if cpus != nil {
				t.Fatalf("%q: both %v and %v", s, cpus, err)
			}
			return
		}
		// The oracle reads items in the text's order into a set.
		want := map[int]bool{}
		if s = strings.TrimSpace(s); s != "" {
			if strings.Count(s, "-") > 50 {
				return // the oracle is slow
			}
			for _, item := range strings.Split(s, ",") {
				a, b, ok := strings.Cut(item, "-")
				if !ok {
					b = a
				}
				lo, err1 := strconv.Atoi(a)
				hi, err2 := strconv.Atoi(b)
				if err1 != nil || err2 != nil || lo < 0 || hi < lo || hi > MaxCPU {
					t.Fatalf("%q was accepted with item %q", s, item)
				}
				for c := lo; c <= hi; c++ {
					want[c] = true
				}
			}
		}
		if len(cpus) != len(want) {
			t.Fatalf("%q: %d processors, want %d", s, len(cpus), len(want))
		}
		for i, c := range cpus {
			if !want[c] || i > 0 && cpus[i-1] >= c {
				t.Fatalf("%q: %v", s, cpus)
			}
		}
		if again, err := ParseCPUList(FormatCPUList(cpus)); err != nil || !slices.Equal(again, cpus) {
			t.Fatalf("%q: written as %q, read as %v, %v", s, FormatCPUList(cpus), again, err)
		}
	})
}

func FuzzParseCPUMax(f *testing.F) {
	for _, s := range []string{"", "max 100000\n", "200000 100000\n", "max", "0 0", "1 9223372036854775807", "x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseCPUMax(s)
		if err != nil {
			if q != 0 {
				t.Fatalf("%q: both %v and %v", s, q, err)
			}
			return
		}
		if !(q > 0) || math.IsInf(q, 1) != strings.HasPrefix(strings.TrimSpace(s), "max") {
			t.Fatalf("%q: quota %v", s, q)
		}
		if n := Usable(64, q); n < 1 || n > 64 || float64(n) > max(1, q) {
			t.Fatalf("%q: quota %v makes %d of 64 processors usable", s, q, n)
		}
	})
}
