package hosts

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	for _, c := range []struct {
		text string
		want []Host
	}{
		{"a", []Host{{Name: "a", Slots: 1, Column: 1}}},
		{"a:4,b:2", []Host{{Name: "a", Slots: 4, Said: true, Column: 1}, {Name: "b", Slots: 2, Said: true, Column: 5}}},
		{"me@a.b.c,a", []Host{{Name: "a.b.c", Slots: 1, User: "me", Column: 1}, {Name: "a", Slots: 1, Column: 10}}},
		{"[::1]:4,[fe80::1%eth0]", []Host{{Name: "::1", Slots: 4, Said: true, Column: 1}, {Name: "fe80::1%eth0", Slots: 1, Column: 9}}},
		{"10.0.0.1:065536", []Host{{Name: "10.0.0.1", Slots: 65536, Said: true, Column: 1}}},
		{"n[08-10,2]:3,z", []Host{
			{Name: "n08", Slots: 3, Said: true, Column: 1}, {Name: "n09", Slots: 3, Said: true, Column: 1},
			{Name: "n10", Slots: 3, Said: true, Column: 1}, {Name: "n2", Slots: 3, Said: true, Column: 1}, {Name: "z", Slots: 1, Column: 14}}},
	} {
		if got, err := ParseList(c.text); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", c.text, err, got, c.want)
		}
	}
}

func TestParseListRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "column 1: no name of a host here"},
		{"a,", "column 3: no name of a host here"},
		{"a,,b", "column 3: no name of a host here"},
		{":4", "column 1: no name of a host here"},
		{"a:", `column 3: "": want a number of slots, 1 or more`},
		{"b,a:x", `column 5: "x": want a number of slots`},
		{"a:0", "want a number of slots, 1 or more"},
		{"a:-1", "want a number of slots"},
		{"a:+1", "want a number of slots"},
		{"a:65537", "65537 slots: at most 65536"},
		{"a:99999999999999999999999", "at most 65536"},
		{"::1", `column 1: "::1": IPv6 addresses stand in brackets, [::1]:4`},
		{"[::1", "column 1: this bracket is not closed"},
		{"[::1]4", `column 6: "4" after the bracket: want :slots`},
		{"[1-3]", `column 2: "1-3" is no IPv6 address`},
		{"[]", `"" is no IPv6 address`},
		{"-oProxyCommand=x", `the name of a host does not begin with a dash`},
		{"-x@a", `the name of a user does not begin with a dash`},
		{"@a", "no name of a user here"},
		{"a@b@c", `column 4: '@' is no character of the name of a host`},
		{"a b", `column 2: ' ' is no character of the name of a host`},
		{"ä:4", `column 1: 'ä' is no character`},
		{"a;rm", `';' is no character`},
		{"b,a\x00", `column 4: '\x00' is no character`},
		{"a\xff", "not UTF-8 text"},
		{strings.Repeat("x", 256) + "@a", "a name of 256 characters, at most 255"},
		{strings.Repeat("x", 256), "a name of more than 255 characters"},
		{"n[1-99999]", "column 3: more than 65536 hosts"},
		{"a,n[1-65536]", "more than 65536 hosts"},
		{"n[3-1]:2", "column 3: the range 3-1 runs backwards"},
		{"n[1-2", "column 2: this bracket is not closed"},
		{"n1]", "column 3: a closing bracket without its opening one"},
		{"n[1-2]:0", `column 8: "0": want a number of slots`},
	} {
		got, err := ParseList(c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v (%+v), want %q", c.text, err, got, c.says)
		}
	}
}

func TestParseFile(t *testing.T) {
	const text = "\ufeff# our machines\r\n" +
		"a slots=4 max_slots=8   # the big one\r\n" +
		"\n" +
		"  b:2 ifname=eth1 port=2222// not a comment: part of the word\n"
	if _, err := ParseFile("f", text); err == nil || err.Error() != `f:4:24: "2222//": want a port, 1 to 65535` {
		t.Errorf("%v", err)
	}
	const good = "\ufeff# our machines\r\n" +
		"a slots=4 max_slots=8   # the big one\r\n" +
		"\n" +
		"\tb:2 ifname=eth1 port=2222 // why not\n" +
		"[fe80::1] user = me cpu= 3\n" +
		"n[1-2] max-slots=2\n" +
		"me@c\n" +
		"c# again"
	want := []Host{
		{Name: "a", Slots: 4, Said: true, Max: 8, Line: 2, Column: 1},
		{Name: "b", Slots: 2, Said: true, Interface: "eth1", Port: 2222, Line: 4, Column: 2},
		{Name: "fe80::1", Slots: 3, Said: true, User: "me", Line: 5, Column: 1},
		{Name: "n1", Slots: 2, Said: true, Max: 2, Line: 6, Column: 1},
		{Name: "n2", Slots: 2, Said: true, Max: 2, Line: 6, Column: 1},
		{Name: "c", Slots: 1, User: "me", Line: 7, Column: 1},
		{Name: "c", Slots: 1, Line: 8, Column: 1},
	}
	if got, err := ParseFile("f", good); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
}

func TestParseFileRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "f:1:1: no host in this file"},
		{"# nothing\n\n", "f:2:1: no host in this file"},
		{"a\nb slots=x\n", `f:2:9: "x": want a number of slots, 1 or more`},
		{"a slots=0", "want a number of slots"},
		{"a slots=", "f:1:9: no value after slots="},
		{"a slots==2", "f:1:9: no value after slots="},
		{"a slots 4", `f:1:3: "slots": want key=value after the host`},
		{"a 4", `f:1:3: "4": want key=value after the host`},
		{"a =4", `"=": want key=value`},
		{"a slots=4 slots=2", "f:1:11: slots is said twice"},
		{"a:4 slots=4", "f:1:5: slots is said twice"},
		{"me@a user=you", "user is said twice"},
		{"a slots=4 max_slots=2", "f:1:11: max_slots=2 is below slots=4"},
		{"a sockets=2", `f:1:3: unknown key "sockets", there are slots, max_slots, user, ifname and port`},
		{"a,b", "f:1:2: a comma: in a file each host has a line of its own"},
		{"\n  ^a", "f:2:3: leaving out hosts (^) is not supported"},
		{"+n1", "relative hosts"},
		{"a user=-l", "does not begin with a dash"},
		{"a ifname=e$1", "is no character of the name of an interface"},
		{"a port=0", "want a port"},
		{"a port=70000", "want a port"},
		{"ä=1", "is no character"},
		{"a \xff", "not UTF-8 text"},
		{"x\n\xc3\xa4b", "f:2:1: 'ä' is no character of the name of a host"},
	} {
		_, err := ParseFile("f", c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", c.text, err, c.says)
		}
	}
}

func TestExpandNodes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"node[01-04,07],x[1-2]-y", "node01 node02 node03 node04 node07 x1-y x2-y"},
		{"a", "a"},
		{"a,b,a", "a b a"},
		{"n[8-11]", "n8 n9 n10 n11"},
		{"n[098-101]", "n098 n099 n100 n101"},
		{"r[1-2]n[01-02]x", "r1n01x r1n02x r2n01x r2n02x"},
		{"n[5]", "n5"},
	} {
		got, err := ExpandNodes(c.text)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", "column 1: no name of a host"},
		{"a,", "column 3: no name of a host"},
		{"n[]", `column 3: "": want a number or a range`},
		{"n[1,]", `column 5: "": want a number or a range`},
		{"n[1-]", `"1-": want a number`},
		{"n[a-b]", `"a-b": want a number`},
		{"n[1-2-3]", `want a number`},
		{"n[[1]]", `want a number`},
		{"a,n[2-1]", "column 5: the range 2-1 runs backwards"},
		{"n[999999999]", "too large"},
		{"n[0000000000000000001]", "too large"},
		{"n[1-300]m[1-300]", "column 11: more than 65536 hosts"},
		{"n[1-2", "column 2: this bracket"},
		{"n]1[", "column 2: a closing bracket"},
		{"a,b c", "column 4: ' ' is no character"},
		{"n[1]" + strings.Repeat("y", 300), "more than 255 characters"},
	} {
		if got, err := ExpandNodes(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, %v, want %q", c.text, got, err, c.says)
		}
	}
}

func TestParseTasks(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int
	}{
		{"4(x2),3", []int{4, 4, 3}},
		{"1", []int{1}},
		{"2(x1),65536", []int{2, 65536}},
	} {
		if got, err := ParseTasks(c.text); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", `column 1: "": want a number of tasks`},
		{"4,", "column 3: "},
		{"0", "want a number of tasks"},
		{"4(x0)", "want a number of tasks"},
		{"4(x2", "want a number of tasks"},
		{"4(2)", "want a number of tasks"},
		{"4(x2)3", "want a number of tasks"},
		{"1,4(x)", `column 3: "4(x)"`},
		{"65537", "at most 65536"},
		{"1(x65537)", "more than 65536 nodes"},
		{"1,1(x99999999999999999999)", "more than 65536 nodes"},
	} {
		if got, err := ParseTasks(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, %v, want %q", c.text, got, err, c.says)
		}
	}
}

func TestIsLocal(t *testing.T) {
	for _, name := range []string{"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "big", "BIG.example.org", "big.example.org."} {
		if !IsLocal(name, "big.Example.org") {
			t.Errorf("%s is not local", name)
		}
	}
	for _, name := range []string{"", ".", "b", "big.other.org", "128.0.0.1", "127.0.0.256", "127.0.1", "127.0.0.x", "::2", "localhost.org"} {
		if IsLocal(name, "big.example.org") {
			t.Errorf("%q is local", name)
		}
	}
	if IsLocal("", "") || IsLocal("x", "") || IsLocal("big.example.org", "big") {
		t.Error("a name that may be another machine's is local")
	}
}
