package hosts

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of what a text may ask for: a damaged list must not take the whole memory.
const (
	MaxHosts = 1 << 16 // entries of a list
	MaxSlots = 1 << 16 // slots of an entry

	maxSum = 1 << 30 // sums of slots end here, where int has 32 bits, too
)

// A Host is an entry of a list.
type Host struct {
	Name      string // name or address, IPv6 without brackets
	Slots     int    // ranks that it takes, at least 1
	Said      bool   // the list has the number of slots; else it is 1
	Max       int    // max_slots, 0 for none; at least Slots
	User      string // to log in as, "" for whoever we are
	Interface string // Hydra's ifname, the network interface to use there; "" for any
	Port      int    // of its ssh, 0 for the usual one

	Line, Column int // where it stands, from 1; for messages
}

// Error is what is wrong with a list, and where. Lines and columns count from 1,
// columns in characters.
type Error struct {
	File         string // "" for text that is no file; then Line is 0
	Line, Column int
	Why          string
}

// Error says "hosts:3:7: why", or "column 7: why".
func (e *Error) Error() string {
	if e.File == "" {
		return fmt.Sprintf("column %d: %s", e.Column, e.Why)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
}

// String writes the host as a line of a file that ParseFile reads.
func (h Host) String() string {
	var b strings.Builder
	if strings.Contains(h.Name, ":") {
		b.WriteString("[" + h.Name + "]")
	} else {
		b.WriteString(h.Name)
	}
	number := func(key string, n int) {
		b.WriteString(" " + key + "=" + strconv.Itoa(n))
	}
	if h.Said {
		number("slots", h.Slots)
	}
	if h.Max > 0 {
		number("max_slots", h.Max)
	}
	if h.User != "" {
		b.WriteString(" user=" + h.User)
	}
	if h.Interface != "" {
		b.WriteString(" ifname=" + h.Interface)
	}
	if h.Port > 0 {
		number("port", h.Port)
	}
	return b.String()
}

// Slots adds up the slots of hosts.
func Slots(hosts []Host) int {
	n := 0
	for _, h := range hosts {
		n = min(n+h.Slots, maxSum)
	}
	return n
}

// Merge makes one host of all entries with the same name, in the order in which names
// come first. Slots add up; a limit (max_slots) holds if all entries have one, and adds up,
// too. file is for messages. The error is an *Error: entries of a host that differ in user, interface or port.
func Merge(file string, entries []Host) ([]Host, error) {
	var merged []Host
	at := map[string]int{}
	for _, h := range entries {
		key := strings.ToLower(h.Name)
		i, known := at[key]
		if !known {
			at[key] = len(merged)
			merged = append(merged, h)
			continue
		}
		m := &merged[i]
		if what := differ(m, &h); what != "" {
			return nil, &Error{file, h.Line, h.Column, "host " + h.Name + ": " + what}
		}
		m.Slots = min(m.Slots+h.Slots, maxSum)
		m.Said = m.Said || h.Said
		if m.Max > 0 && h.Max > 0 {
			m.Max = min(m.Max+h.Max, maxSum)
		} else {
			m.Max = 0
		}
	}
	return merged, nil
}

// differ says what an entry has otherwise than an earlier one of the same host, which takes over what
// only the later one has.
func differ(m, h *Host) string {
	return cmp.Or(agree("user", &m.User, h.User), agree("ifname", &m.Interface, h.Interface), agree("port", &m.Port, h.Port))
}

func agree[T comparable](what string, have *T, more T) string {
	var none T
	switch {
	case *have == none:
		*have = more
	case more != none && *have != more:
		return fmt.Sprintf("%s %v before, %v here", what, *have, more)
	}
	return ""
}

// IsLocal reports whether name means this machine: localhost, an address of the loopback interface, or own,
// which is what the machine calls itself, with or without its domain.
func IsLocal(name, own string) bool {
	name, own = strings.TrimSuffix(strings.ToLower(name), "."), strings.ToLower(own)
	short, _, _ := strings.Cut(own, ".")
	switch name {
	case "":
		return false
	case "localhost", "localhost.localdomain", "::1", "0:0:0:0:0:0:0:1", own, short:
		return true
	}
	return isLoopback4(name)
}

// isLoopback4 reports whether name is an address in 127.0.0.0/8.
func isLoopback4(name string) bool {
	parts := strings.Split(name, ".")
	if len(parts) != 4 || parts[0] != "127" {
		return false
	}
	for _, p := range parts {
		if n, ok := number(p); !ok || n > 255 {
			return false
		}
	}
	return true
}

// number reads digits, nothing else. Numbers above what any list may ask for become 1<<30.
func number(s string) (n int, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(s[i]-'0'), 1<<30)
		if n >= 1<<27 { // times ten stays below 1<<31
			n = 1 << 30
			for _, c := range s[i:] {
				if c < '0' || c > '9' {
					return 0, false
				}
			}
			return n, true
		}
	}
	return n, true
}
