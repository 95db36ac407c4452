package hosts

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseFile reads a file of hosts in the syntax of Open MPI (host slots=4 max_slots=8 user=me) or of
// MPICH's Hydra (host:4 ifname=eth1). name is the file's, for messages. The error is an *Error.
func ParseFile(name, text string) ([]Host, error) {
	var entries []Host
	n := 0
	text = strings.TrimPrefix(text, "\ufeff") // some editors begin files with it
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		more, bad := parseLine(line, MaxHosts-len(entries))
		if bad != nil {
			return nil, &Error{name, n, column(line, bad.at), bad.why}
		}
		for i := range more {
			more[i].Line = n
		}
		entries = append(entries, more...)
	}
	if len(entries) == 0 {
		return nil, &Error{name, max(n, 1), 1, "no host in this file"}
	}
	return entries, nil
}

// A word of a line and where it begins.
type word struct {
	at   int
	text string
}

// words cuts a line at white space, and what is around it at "=", up to a comment.
func words(line string) []word {
	var ws []word
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			i++
		case c == '#' || strings.HasPrefix(line[i:], "//"):
			return ws
		case c == '=':
			ws = append(ws, word{i, "="})
			i++
		default:
			end := i + 1
			for end < len(line) && !strings.ContainsRune(" \t\v\f=#", rune(line[end])) {
				end++
			}
			ws = append(ws, word{i, line[i:end]})
			i = end
		}
	}
	return ws
}

// parseLine reads a line: a host and what is said of it, or nothing.
func parseLine(line string, most int) ([]Host, *flaw) {
	if !utf8.ValidString(line) {
		return nil, flawf(0, "not UTF-8 text")
	}
	ws := words(line)
	if len(ws) == 0 {
		return nil, nil
	}
	first := ws[0]
	switch first.text[0] {
	case '^':
		return nil, flawf(first.at, "leaving out hosts (^) is not supported")
	case '+':
		return nil, flawf(first.at, "relative hosts (+n1, +e) are not supported: want names")
	}
	if i := comma(first.text); i < len(first.text) {
		return nil, flawf(first.at+i, "a comma: in a file each host has a line of its own")
	}
	entries, bad := parseEntry(first.text, most)
	if bad != nil {
		bad.at += first.at
		return nil, bad
	}
	h := entries[0]
	seen := map[string]bool{"slots": h.Said, "user": h.User != ""}
	maxAt := 0
	for ws = ws[1:]; len(ws) > 0; ws = ws[3:] {
		key := ws[0]
		if len(ws) < 2 || ws[1].text != "=" || key.text == "=" {
			return nil, flawf(key.at, "%.60q: want key=value after the host", key.text)
		}
		if len(ws) < 3 || ws[2].text == "=" {
			return nil, flawf(ws[1].at+1, "no value after %.60s=", key.text)
		}
		what := keyOf(key.text)
		if what == "" {
			return nil, flawf(key.at, "unknown key %.60q, there are slots, max_slots, user, ifname and port", key.text)
		}
		if seen[what] {
			return nil, flawf(key.at, "%s is said twice", what)
		}
		seen[what] = true
		if what == "max_slots" {
			maxAt = key.at
		}
		if why := set(&h, what, ws[2].text); why != "" {
			return nil, flawf(ws[2].at, "%s", why)
		}
	}
	if h.Max > 0 && !h.Said {
		h.Slots, h.Said = h.Max, true // as Open MPI does
	}
	if h.Max > 0 && h.Max < h.Slots {
		return nil, flawf(maxAt, "max_slots=%d is below slots=%d", h.Max, h.Slots)
	}
	for i := range entries {
		name := entries[i].Name
		entries[i] = h
		entries[i].Name, entries[i].Column = name, column(line, first.at)
	}
	return entries, nil
}

// keyOf gives the many spellings of a key one name, "" to what is none.
func keyOf(s string) string {
	switch strings.ReplaceAll(strings.ToLower(s), "-", "_") {
	case "slots", "slot", "cpu", "cpus", "count":
		return "slots"
	case "max_slots", "slots_max", "cpu_max", "count_max":
		return "max_slots"
	case "user", "username", "user_name":
		return "user"
	case "ifname":
		return "ifname"
	case "port":
		return "port"
	}
	return ""
}

// set takes a value into h and says what is wrong with it, "" for nothing.
func set(h *Host, key, value string) (why string) {
	switch key {
	case "slots":
		h.Slots, why = count(value)
		h.Said = true
	case "max_slots":
		h.Max, why = count(value)
	case "user":
		h.User, why = value, badWord(value, "a user")
	case "ifname":
		h.Interface, why = value, badWord(value, "an interface")
	case "port":
		n, ok := number(value)
		if !ok || n < 1 || n > 65535 {
			return strconv.Quote(value) + ": want a port, 1 to 65535"
		}
		h.Port = n
	}
	return why
}
