package hosts

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// checkEntries looks whether entries are what a parser may return: bounded, complete, and safe to
// hand to other programs.
func checkEntries(t *testing.T, text string, entries []Host) {
	if len(entries) == 0 || len(entries) > MaxHosts {
		t.Fatalf("%q: %d entries", text, len(entries))
	}
	for _, h := range entries {
		if h.Slots < 1 || h.Slots > MaxSlots || h.Max != 0 && h.Max < h.Slots || h.Column < 1 {
			t.Fatalf("%q: %+v", text, h)
		}
		for _, s := range []string{h.Name, h.User + "x", h.Interface + "x"} {
			if s == "" || s[0] == '-' || strings.ContainsAny(s, " \t\r\n\x00/@$;|&`\"'[]") {
				t.Fatalf("%q: %+v", text, h)
			}
		}
		back, err := ParseFile("f", h.String())
		h.Line, h.Column = 1, 1
		if err != nil || len(back) != 1 || back[0] != h {
			t.Fatalf("%q: %q is read as %+v, %v, want %+v", text, h.String(), back, err, h)
		}
	}
}

// checkError looks whether an error is one line that points into the text.
func checkError(t *testing.T, text string, err error) {
	var e *Error
	if !errors.As(err, &e) || e.Column < 1 || e.Column > len(text)+1 || e.Line > strings.Count(text, "\n")+1 || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%q: %v", text, err)
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"a:4,b:4", "me@n[01-04]:2", "[fe80::1%e]:3", "a,,", "n[1-9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		entries, err := ParseList(s)
		if err != nil {
			checkError(t, s, err)
			return
		}
		checkEntries(t, s, entries[:min(len(entries), 100)])
	})
}

func FuzzParseFile(f *testing.F) {
	for _, s := range []string{"a slots=4 max_slots=8 # x\nb:4 ifname=e\n", "[::1] user = me\r\n\nc port=22", "// x\n^a", "a slots==", "a\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		entries, err := ParseFile("f", s)
		if err != nil {
			checkError(t, s, err)
			return
		}
		checkEntries(t, s, entries[:min(len(entries), 100)])
	})
}

func FuzzSlurm(f *testing.F) {
	for _, s := range []string{"node[01-04,07],x[1-2]-y", "4(x2),3", "r[1-2]n[01-02]", "1(x9", "n[1-2]]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if names, err := ExpandNodes(s); err != nil {
			checkError(t, s, err)
		} else if len(names) == 0 || len(names) > MaxHosts || names[0] == "" || names[0][0] == '-' {
			t.Fatalf("%q: %d names, the first is %q", s, len(names), names[0])
		}
		if tasks, err := ParseTasks(s); err != nil {
			checkError(t, s, err)
		} else if len(tasks) == 0 || len(tasks) > MaxHosts || tasks[0] < 1 {
			t.Fatalf("%q: %v", s, tasks)
		}
	})
}

// drawHost draws a host with everything that can be said of one.
func drawHost(t *rapid.T) Host {
	h := Host{
		Name: rapid.OneOf(rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,20}`), rapid.StringMatching(`[0-9a-f]{1,4}::[0-9a-f]{1,4}(%eth[0-9])?`)).Draw(t, "name"),
		User: rapid.StringMatching(`([a-z][a-z0-9-]{0,8})?`).Draw(t, "user"), Interface: rapid.StringMatching(`(ib[0-9])?`).Draw(t, "ifname"),
		Slots: 1, Said: rapid.Bool().Draw(t, "said"), Port: rapid.IntRange(0, 65535).Draw(t, "port"), Line: 1, Column: 1,
	}
	if h.Said {
		h.Slots = rapid.IntRange(1, MaxSlots).Draw(t, "slots")
		if rapid.Bool().Draw(t, "limited") {
			h.Max = rapid.IntRange(h.Slots, MaxSlots).Draw(t, "max")
		}
	}
	return h
}

// What String writes, ParseFile reads.
func TestFileRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawHost), 1, 6).Draw(t, "hosts")
		var text strings.Builder
		for i := range want {
			want[i].Line = i + 1
			text.WriteString(want[i].String() + "\n")
		}
		if got, err := ParseFile("f", text.String()); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n%v\ngot  %+v\nwant %+v", text.String(), err, got, want)
		}
	})
}

// ExpandNodes against names written out one by one.
func TestExpandProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text []string
		var want []string
		for range rapid.IntRange(1, 4).Draw(t, "items") {
			name, end := rapid.StringMatching(`[a-z]{1,4}`).Draw(t, "name"), rapid.StringMatching(`(-[a-z])?`).Draw(t, "end")
			var ranges []string
			for range rapid.IntRange(0, 3).Draw(t, "ranges") {
				width := rapid.IntRange(1, 4).Draw(t, "width")
				first := rapid.IntRange(0, 2000).Draw(t, "first")
				last := first + rapid.IntRange(0, 30).Draw(t, "more")
				from := fmt.Sprintf("%0*d", width, first)
				r := from
				if first != last {
					r = fmt.Sprintf("%s-%0*d", from, width, last)
				}
				ranges = append(ranges, r)
				for i := first; i <= last; i++ {
					digits := fmt.Sprint(i)
					want = append(want, name+strings.Repeat("0", max(0, len(from)-len(digits)))+digits+end)
				}
			}
			if ranges == nil {
				text, want = append(text, name+end), append(want, name+end)
				continue
			}
			text = append(text, name+"["+strings.Join(ranges, ",")+"]"+end)
		}
		got, err := ExpandNodes(strings.Join(text, ","))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %v\ngot  %v\nwant %v", text, err, got, want)
		}
	})
}
