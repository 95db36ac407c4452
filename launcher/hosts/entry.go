package hosts

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// flaw is what is wrong at a byte of a text. The parsers below know nothing of lines.
type flaw struct {
	at  int
	why string
}

func flawf(at int, format string, args ...any) *flaw { return &flaw{at, fmt.Sprintf(format, args...)} }

// column turns the place of a byte into a column.
func column(text string, at int) int { return utf8.RuneCountInString(text[:min(at, len(text))]) + 1 }

// ParseList reads the list of -host: [user@]name[:slots], separated by commas. The error is an *Error
// without a file.
func ParseList(s string) ([]Host, error) {
	entries, bad := parseList(s)
	if bad != nil {
		return nil, &Error{Column: column(s, bad.at), Why: bad.why}
	}
	return entries, nil
}

func parseList(s string) ([]Host, *flaw) {
	if !utf8.ValidString(s) {
		return nil, flawf(0, "not UTF-8 text")
	}
	var entries []Host
	for at := 0; ; {
		end := at + comma(s[at:])
		more, bad := parseEntry(s[at:end], MaxHosts-len(entries))
		if bad != nil {
			bad.at += at
			return nil, bad
		}
		for i := range more {
			more[i].Column = column(s, at)
		}
		entries = append(entries, more...)
		if end == len(s) {
			return entries, nil
		}
		at = end + 1
	}
}

// comma returns the place of the first comma outside of brackets, or the end.
func comma(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth <= 0 {
				return i
			}
		}
	}
	return len(s)
}

// parseEntry reads [user@]name[:slots]. The name may stand for several hosts, at most most.
func parseEntry(s string, most int) ([]Host, *flaw) {
	h := Host{Slots: 1}
	at := 0
	if user, _, ok := strings.Cut(s, "@"); ok {
		if why := badWord(user, "a user"); why != "" {
			return nil, flawf(0, "%s", why)
		}
		h.User, at = user, len(user)+1
	}
	name, slots, numbered, bad := cutSlots(s, at)
	if bad != nil {
		return nil, bad
	}
	if numbered {
		n, why := count(slots)
		if why != "" {
			return nil, flawf(len(s)-len(slots), "%s", why)
		}
		h.Slots, h.Said = n, true
	}
	if strings.HasPrefix(name, "[") { // cutSlots has seen to the closing bracket
		h.Name = name[1 : len(name)-1]
		if !isIPv6(h.Name) {
			return nil, flawf(at+1, "%.60q is no IPv6 address", h.Name)
		}
		return []Host{h}, nil
	}
	names, bad := expandItem(name, most)
	if bad != nil {
		bad.at += at
		return nil, bad
	}
	entries := make([]Host, len(names))
	for i, name := range names {
		entries[i] = h
		entries[i].Name = name
	}
	return entries, nil
}

// cutSlots cuts the name that begins at a byte of s from the number behind it.
func cutSlots(s string, at int) (name, slots string, numbered bool, bad *flaw) {
	name = s[at:]
	if strings.HasPrefix(name, "[") {
		end := strings.IndexByte(name, ']')
		if end < 0 {
			return "", "", false, flawf(at, "this bracket is not closed")
		}
		rest := name[end+1:]
		name = name[:end+1]
		if rest == "" {
			return name, "", false, nil
		}
		if slots, numbered = strings.CutPrefix(rest, ":"); !numbered {
			return "", "", false, flawf(at+end+1, "%.60q after the bracket: want :slots, or nothing", rest)
		}
		return name, slots, true, nil
	}
	if strings.Count(name, ":") > 1 {
		return "", "", false, flawf(at, "%.60q: IPv6 addresses stand in brackets, [::1]:4", name)
	}
	name, slots, numbered = strings.Cut(name, ":")
	return name, slots, numbered, nil
}

// count reads a number of slots; why is "" if it is one.
func count(s string) (n int, why string) {
	n, ok := number(s)
	switch {
	case !ok || n < 1:
		return 0, fmt.Sprintf("%.60q: want a number of slots, 1 or more", s)
	case n > MaxSlots:
		return 0, fmt.Sprintf("%.60s slots: at most %d", s, MaxSlots)
	}
	return n, ""
}

// badWord says what is wrong with the name of a host, user or interface: "" for nothing. Names reach command lines
// of other programs, such as ssh's, so they look like no flag and hold nothing that a shell knows.
func badWord(s, what string) string {
	switch {
	case s == "":
		return "no name of " + what + " here"
	case len(s) > 255:
		return fmt.Sprintf("%.20q...: a name of %d characters, at most 255", s, len(s))
	case s[0] == '-':
		return fmt.Sprintf("%.60q: the name of %s does not begin with a dash", s, what)
	}
	for _, c := range s {
		if !isNameChar(c) {
			return fmt.Sprintf("%q is no character of the name of %s", c, what)
		}
	}
	return ""
}

func isNameChar(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_'
}

// isIPv6 reports whether s looks like an IPv6 address, with a zone or without. Whether it is one, whoever connects finds
// out.
func isIPv6(s string) bool {
	address, zone, zoned := strings.Cut(s, "%")
	if zoned && badWord(zone, "a zone") != "" || strings.Count(address, ":") < 2 || len(address) > 45 {
		return false
	}
	for _, c := range address {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.') {
			return false
		}
	}
	return true
}
