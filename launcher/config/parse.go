package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Kind says which values a key takes.
type Kind int

// The kinds.
const (
	Bool     Kind = iota
	Number        // an integer
	Text          // a string, or an integer
	Duration      // a string such as "90s", or a number of seconds
	Path          // a string; relative to the folder of the file
	List          // a list of strings, or one string
	Table         // names with strings, numbers or booleans
)

var wants = [...]string{"want true or false", "want a whole number", "want a string or a whole number", `want a time such as "90s", or a number of seconds`,
	"want a path, a string", "want a list of strings, or a string", "want a table of strings, numbers, true or false"}

// A Key is a flag that a file may give a default.
type Key struct {
	Kind  Kind
	Group string // flags of one group stand for each other: a file has one of them at most; "" for the key's own name
	Adds  bool   // values of several files and the command line add up, and keys of the group stand side by side
}

// Keys are all keys by name.
type Keys map[string]Key

// Group returns the name of a key's group.
func (k Keys) Group(name string) string { return cmp.Or(k[name].Group, name) }

// A Setting is a flag with a value as it would stand on the command line. A key with a
// list makes a setting for each element, a table one for each name: "NAME=value".
type Setting struct {
	Name, Value  string
	File         string
	Line, Column int // of the key, from 1
}

// Where says "golaunch.toml:3", with the path that the file was read by.
func (s Setting) Where() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// String says "n = 4"; what is no plain text stands in quotes.
func (s Setting) String() string {
	if q := strconv.Quote(s.Value); s.Value == "" || q != `"`+s.Value+`"` {
		return s.Name + " = " + q
	}
	return s.Name + " = " + s.Value
}

// Error says what is wrong with the setting's value.
func (s Setting) Error(why string) error {
	return &Error{s.File, s.Line, s.Column, fmt.Sprintf("%s = %s: %s", s.Name, strconv.Quote(s.Value), why)}
}

// Error is what is wrong with a file, and where. Lines and columns count from 1; Line is 0 for the file as a whole.
type Error struct {
	File         string
	Line, Column int
	Why          string
}

// Error says "golaunch.toml:3:1: why".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Why
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
}

// File is what a file has, in the order of its lines.
type File struct {
	Path     string
	Settings []Setting
}

// place is the line and column of a key.
type place struct{ line, column int }

// Parse reads the text of the file path, an absolute path. The error is an *Error.
func Parse(path string, text []byte, keys Keys) (*File, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin files with it
	var doc map[string]any
	if err := toml.Unmarshal(text, &doc); err != nil {
		return nil, syntaxError(path, err)
	}
	top, all := places(text)
	fail := func(at place, format string, args ...any) (*File, error) {
		return nil, &Error{path, at.line, at.column, fmt.Sprintf(format, args...)}
	}
	names := slices.SortedFunc(maps.Keys(doc), func(a, b string) int {
		return cmp.Or(cmp.Compare(top[a].line, top[b].line), cmp.Compare(top[a].column, top[b].column), cmp.Compare(a, b))
	})
	f := &File{Path: path}
	taken := map[string]string{} // group -> the key that was there first
	for _, name := range names {
		at := top[name]
		key, ok := keys[name]
		if !ok {
			return fail(at, "unknown key %s, there are %s", quoteKey(name), strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
		}
		if group := keys.Group(name); !key.Adds {
			if other, ok := taken[group]; ok {
				return fail(at, "%s and %s (line %d) don't go together", name, other, top[other].line)
			}
			taken[group] = name
		}
		if key.Kind == Table {
			settings, err := parseTable(path, name, doc[name], at, all)
			if err != nil {
				return nil, err
			}
			f.Settings = append(f.Settings, settings...)
			continue
		}
		values, ok := values(key.Kind, doc[name], filepath.Dir(path))
		if !ok {
			return fail(at, "%s: %s", name, wants[key.Kind])
		}
		for _, v := range values {
			if strings.ContainsRune(v, 0) {
				return fail(at, "%s: a zero byte in the value", name)
			}
			f.Settings = append(f.Settings, Setting{name, v, path, at.line, at.column})
		}
	}
	return f, nil
}

// syntaxError makes one line of the decoder's error.
func syntaxError(path string, err error) error {
	e := &Error{File: path, Line: 1, Column: 1, Why: strings.TrimPrefix(err.Error(), "toml: ")}
	if where, ok := errors.AsType[*toml.DecodeError](err); ok {
		e.Line, e.Column = where.Position()
	}
	e.Why = strings.ReplaceAll(e.Why, "\n", " ")
	return e
}

// places finds where keys stand: those at the top, and those of tables, by name and
// place of the table. The decoder tells when it is asked for nothing but what the file
// has too much: every key of a document is too much for an empty struct.
func places(text []byte) (top map[string]place, all []keyAt) {
	top = map[string]place{}
	for _, k := range unknown(text, &struct{}{}) {
		if first, ok := top[k.path[0]]; !ok || k.line < first.line {
			top[k.path[0]] = k.place
		}
	}
	return top, unknown(text, &struct {
		Env struct{} `toml:"env"`
	}{})
}

type keyAt struct {
	path []string
	place
}

func unknown(text []byte, into any) (keys []keyAt) {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if strict, ok := errors.AsType[*toml.StrictMissingError](d.Decode(into)); ok {
		for _, e := range strict.Errors {
			line, column := e.Position()
			keys = append(keys, keyAt{e.Key(), place{line, column}})
		}
	}
	return keys
}

// parseTable reads the names of a table, at is where it begins.
func parseTable(path, name string, value any, at place, all []keyAt) ([]Setting, error) {
	table, ok := value.(map[string]any)
	if !ok {
		return nil, &Error{path, at.line, at.column, name + ": " + wants[Table]}
	}
	where := make(map[string]place, len(table))
	for _, k := range all {
		// Keys of an inline table come without its name, behind it in the same line or below.
		last := k.path[len(k.path)-1]
		if len(k.path) > 1 && k.path[0] == name {
			last = k.path[1]
		} else if len(k.path) > 1 || k.line < at.line || k.place == at {
			continue
		}
		if _, known := where[last]; !known {
			where[last] = k.place
		}
	}
	var settings []Setting
	for variable, v := range table {
		p, ok := where[variable]
		if !ok {
			p = at
		}
		text, ok := scalar(v)
		switch {
		case !ok:
			return nil, &Error{path, p.line, p.column, fmt.Sprintf("%s in [%s]: want a string, a number, true or false", quoteKey(variable), name)}
		case variable == "" || strings.ContainsAny(variable, "=\x00") || strings.ContainsRune(text, 0):
			return nil, &Error{path, p.line, p.column, fmt.Sprintf("%s in [%s] can't be a variable of the environment", quoteKey(variable), name)}
		}
		settings = append(settings, Setting{name, variable + "=" + text, path, p.line, p.column})
	}
	slices.SortFunc(settings, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Value, b.Value))
	})
	return settings, nil
}

// values turns a value of the decoder into what stands on the command line.
func values(kind Kind, v any, dir string) ([]string, bool) {
	s, isText := v.(string)
	_, isBool := v.(bool)
	_, isInt := v.(int64)
	_, isFloat := v.(float64)
	switch kind {
	case Bool:
		if !isBool {
			return nil, false
		}
	case Number:
		if !isInt {
			return nil, false
		}
	case Text:
		if !isText && !isInt {
			return nil, false
		}
	case Duration:
		if !isText && !isInt && !isFloat {
			return nil, false
		}
	case Path:
		if !isText {
			return nil, false
		}
		if s != "" && !filepath.IsAbs(s) {
			s = filepath.Join(dir, s)
		}
		return []string{s}, true
	case List:
		if isText {
			return []string{s}, true
		}
		list, ok := v.([]any)
		var all []string
		for _, v := range list {
			s, isText := v.(string)
			ok = ok && isText
			all = append(all, s)
		}
		return all, ok
	}
	text, ok := scalar(v)
	return []string{text}, ok
}

// scalar writes a string, number or boolean.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

// quoteKey writes a key as it is if it is a plain word, else in quotes; long ones are cut.
func quoteKey(s string) string {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return fmt.Sprintf("%.60q", s)
		}
	}
	if s == "" || len(s) > 60 {
		return fmt.Sprintf("%.60q", s)
	}
	return s
}

// Effective returns the settings that count: files are ordered by precedence, the first goes before all others,
// and groups that said names (the command line's) go before every file. Settings that
// add up all stay, those of lesser files first, so that the last of a name is the one that counts.
func Effective(files []*File, keys Keys, said map[string]bool) []Setting {
	var one, adding []Setting
	taken := maps.Clone(said)
	if taken == nil {
		taken = map[string]bool{}
	}
	for _, f := range files {
		var adds []Setting
		here := map[string]bool{}
		for _, s := range f.Settings {
			switch group := keys.Group(s.Name); {
			case keys[s.Name].Adds:
				adds = append(adds, s)
			case !taken[group]:
				one = append(one, s)
				here[group] = true
			}
		}
		maps.Copy(taken, here)
		adding = append(adds, adding...)
	}
	return append(one, adding...)
}
