package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"pgregory.net/rapid"
)

var testKeys = Keys{
	"n": {Kind: Number}, "np": {Kind: Number, Group: "n"}, "tag": {}, "stdin": {Kind: Text}, "timeout": {Kind: Duration},
	"outdir": {Kind: Path}, "host": {Kind: List}, "x": {Kind: List, Group: "env", Adds: true}, "env": {Kind: Table, Adds: true},
}

// in writes settings in short: name=value@line:column.
func in(settings []Setting) string {
	var words []string
	for _, s := range settings {
		words = append(words, fmt.Sprintf("%s=%s@%d:%d", s.Name, s.Value, s.Line, s.Column))
	}
	return strings.Join(words, " ")
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"# nothing\n", ""},
		{"\ufeffn = 4\r\ntag = false\r\n", "n=4@1:1 tag=false@2:1"},
		{"timeout = 90\nstdin = 'all'\nnp = 0x10", "timeout=90@1:1 stdin=all@2:1 np=16@3:1"},
		{"timeout = 1.5\nstdin = 3", "timeout=1.5@1:1 stdin=3@2:1"},
		{"timeout = '2m'", "timeout=2m@1:1"},
		{"outdir = 'logs'", "outdir=/p/logs@1:1"},
		{"outdir = '../l'", "outdir=/l@1:1"},
		{"outdir = '/l'", "outdir=/l@1:1"},
		{"outdir = ''", "outdir=@1:1"},
		{"x = ['A', 'B=c']\nhost = 'a:4'", "x=A@1:1 x=B=c@1:1 host=a:4@2:1"},
		{"x = []", ""},
		{"x = [\n 'A', # one\n 'B']\nn=1", "x=A@1:1 x=B@1:1 n=1@4:1"},
		{"tag = true\n[env]\nB = 'x'\n  A = 1\nC = true\nD = 0.5", "tag=true@1:1 env=B=x@3:1 env=A=1@4:3 env=C=true@5:1 env=D=0.5@6:1"},
		{"env = { B = 'x', A = 1 }\ntag = true", "env=B=x@1:9 env=A=1@1:18 tag=true@2:1"},
		{"env.B = 'x'\ntag = true\nenv.'A b' = ''", "env=B=x@1:1 env=A b=@3:1 tag=true@2:1"},
		{"env = { tag = 'x' }\ntag = true", "env=tag=x@1:9 tag=true@2:1"},
		{"tag = true\nenv = { tag = 'x', env = 'y' }", "tag=true@1:1 env=tag=x@2:9 env=env=y@2:20"},
		{"[env]\nenv = 'y'\nn = 1", "env=env=y@2:1 env=n=1@3:1"},
		{"[env]", ""},
	} {
		f, err := Parse("/p/golaunch.toml", []byte(c.text), testKeys)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if got := in(f.Settings); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"n = 4\ntagg = true", "/p:2:1: unknown key tagg, there are env, host, n, np, outdir, stdin, tag, timeout, x"},
		{"'' = 4", `/p:1:1: unknown key "", there are`},
		{"'a\\nb' = 4", `unknown key "a\\nb"`},
		{"Tag = true", "/p:1:1: unknown key Tag"},
		{"ENV = {A=1}", "/p:1:1: unknown key ENV"},
		{"[foo]\nx = 1", "/p:1:2: unknown key foo"},
		{"n = 1\n\n[[foo]]", "/p:3:3: unknown key foo"},
		{"foo.bar = 1", "/p:1:1: unknown key foo"},
		{"n = 4\n n = 5", "/p:2:2: key n is already defined"},
		{"n = 4\nnp = 5", "/p:2:1: np and n (line 1) don't go together"},
		{"n = '4'", "/p:1:1: n: want a whole number"},
		{"n = 4.0", "n: want a whole number"},
		{"n = 99999999999999999999", "/p:1:5: "},
		{"\ntag = 'yes'", "/p:2:1: tag: want true or false"},
		{"tag = 1", "tag: want true or false"},
		{"stdin = true", "stdin: want a string or a whole number"},
		{"timeout = 00:01:00", "timeout: want a time such as"},
		{"timeout = [1]", "timeout: want a time such as"},
		{"outdir = 1", "outdir: want a path"},
		{"x = 1", "x: want a list of strings"},
		{"x = ['a', 1]", "x: want a list of strings"},
		{"x = [\"a\\u0000\"]", "x: a zero byte in the value"},
		{"x.y = 1", "x: want a list"},
		{"env = 1", "/p:1:1: env: want a table"},
		{"[[env]]\nA=1", "/p:1:3: env: want a table"},
		{"[env]\nA = 1\nB = []", "/p:3:1: B in [env]: want a string, a number, true or false"},
		{"[env]\nA.b = 1", "/p:2:1: A in [env]: want a string"},
		{"[env]\nA = 1979-05-27", "/p:2:1: A in [env]: want a string"},
		{"[env]\n'' = 1", `/p:2:1: "" in [env] can't be a variable`},
		{"[env]\n'A=' = 1", `"A=" in [env] can't be a variable`},
		{"[env]\nA = '\x00'", "/p:2:"},
		{"[env]\nA = \"\\u0000\"", "A in [env] can't be a variable"},
		{"n =", "/p:1:3: "},
		{"n = 4\ntag = tru", "/p:2:7: "},
		{"n 4", "/p:1:3: "},
		{"[env", "/p:1:"},
		{"n = 4\n\xff", "/p:2:1: "},
	} {
		f, err := Parse("/p", []byte(c.text), testKeys)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v (%+v), want %q", c.text, err, f, c.says)
		}
	}
}

func TestEffective(t *testing.T) {
	parse := func(path, text string) *File {
		f, err := Parse(path, []byte(text), testKeys)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	project := parse("/p", "n = 4\nhost = ['a', 'b']\nx = ['A=p']\nenv.B = 'p'")
	user := parse("/u", "np = 8\ntag = true\nx = ['A=u', 'C']\nhost = 'c'")
	for _, c := range []struct {
		said []string
		want string
	}{
		{nil, "n=4@1:1 host=a@2:1 host=b@2:1 tag=true@2:1 x=A=u@3:1 x=C@3:1 x=A=p@3:1 env=B=p@4:1"},
		{[]string{"n", "tag", "env"}, "host=a@2:1 host=b@2:1 x=A=u@3:1 x=C@3:1 x=A=p@3:1 env=B=p@4:1"},
		{[]string{"host"}, "n=4@1:1 tag=true@2:1 x=A=u@3:1 x=C@3:1 x=A=p@3:1 env=B=p@4:1"},
	} {
		said := map[string]bool{}
		for _, s := range c.said {
			said[s] = true
		}
		if got := in(Effective([]*File{project, user}, testKeys, said)); got != c.want {
			t.Errorf("%v:\ngot  %s\nwant %s", c.said, got, c.want)
		}
	}
	if got := Effective(nil, testKeys, nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// What a writer of TOML writes, Parse reads, whatever the strings.
func TestParseRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
		doc := map[string]any{}
		want := map[string]bool{}
		put := func(name string, v any, values ...string) {
			if rapid.Bool().Draw(t, name) {
				doc[name] = v
				for _, s := range values {
					want[name+" = "+s] = true
				}
			}
		}
		n, tag, x, stdin := rapid.Int64().Draw(t, "n"), rapid.Bool().Draw(t, "tag"), rapid.SliceOf(text).Draw(t, "x"), text.Draw(t, "stdin")
		put("n", n, fmt.Sprint(n))
		put("tag", tag, fmt.Sprint(tag))
		put("stdin", stdin, stdin)
		put("x", x, x...)
		env := rapid.MapOf(text.Filter(func(s string) bool { return s != "" && !strings.Contains(s, "=") }), text).Draw(t, "env")
		var variables []string
		for k, v := range env {
			variables = append(variables, k+"="+v)
		}
		put("env", env, variables...)
		b, err := toml.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse("/p", b, testKeys)
		if err != nil {
			t.Fatalf("%s\n%v", b, err)
		}
		got := map[string]bool{}
		for _, s := range f.Settings {
			got[s.Name+" = "+s.Value] = true
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %v\nwant %v", b, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"n = 4\ntag=true\n[env]\nA = 1", "env = {A='x', B=1.5}\nx=['a']", "env.a.b=1", "[[env]]", "timeout=1s", "'\\u0061'=1", "\xef\xbb\xbfhost='a'"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("/p", text, testKeys)
		lines := strings.Count(string(text), "\n") + 1
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > lines || e.Column < 1 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, s := range file.Settings {
			if s.Line < 1 || s.Line > lines || s.Column < 1 || strings.ContainsRune(s.Value, 0) || testKeys.Group(s.Name) == "" {
				t.Fatalf("%q: %+v", text, s)
			}
		}
	})
}
