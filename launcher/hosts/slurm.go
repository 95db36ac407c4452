package hosts

import (
	"fmt"
	"strconv"
	"strings"
)

// ExpandNodes reads a list of nodes as Slurm writes it, such as "node[01-04,07],x[1-2]-y", as it stands in
// SLURM_JOB_NODELIST. Numbers are as wide as the first of their range; of several brackets the last runs fastest. The
// error is an *Error without a file.
func ExpandNodes(s string) ([]string, error) {
	var names []string
	for at := 0; ; {
		end := at + comma(s[at:])
		more, bad := expandItem(s[at:end], MaxHosts-len(names))
		if bad != nil {
			return nil, &Error{Column: column(s, at+bad.at), Why: bad.why}
		}
		names = append(names, more...)
		if end == len(s) {
			return names, nil
		}
		at = end + 1
	}
}

// expandItem expands one name with brackets, to at most most names.
func expandItem(s string, most int) ([]string, *flaw) {
	names := []string{""}
	for at := 0; at < len(s); {
		open := strings.IndexByte(s[at:], '[')
		if open < 0 {
			open = len(s) - at
		}
		if i := strings.IndexByte(s[at:at+open], ']'); i >= 0 {
			return nil, flawf(at+i, "a closing bracket without its opening one")
		}
		var parts []string
		end := at + open
		if end < len(s) {
			shut := strings.IndexByte(s[end:], ']')
			if shut < 0 {
				return nil, flawf(end, "this bracket is not closed")
			}
			var bad *flaw
			if parts, bad = expandRanges(s[end+1:end+shut], most/len(names)); bad != nil {
				bad.at += end + 1
				return nil, bad
			}
			end += shut + 1
		} else {
			parts = []string{""}
		}
		text := s[at : at+open]
		next := make([]string, 0, len(names)*len(parts))
		for _, name := range names {
			for _, p := range parts {
				next = append(next, name+text+p)
			}
		}
		if len(next[0]) > 255 {
			return nil, flawf(0, "a name of more than 255 characters")
		}
		names, at = next, end
	}
	if len(names) > most {
		return nil, flawf(0, "more than %d hosts", MaxHosts)
	}
	if why := badWord(names[0], "a host"); why != "" {
		return nil, flawf(badAt(s), "%s", why)
	}
	return names, nil
}

// badAt finds the first character that no name has.
func badAt(s string) int {
	for i, c := range s {
		if !isNameChar(c) && !strings.ContainsRune("[],", c) {
			return i
		}
	}
	return 0
}

// expandRanges reads what stands in brackets: "01-04,07".
func expandRanges(s string, most int) ([]string, *flaw) {
	var parts []string
	at := 0
	for item := range strings.SplitSeq(s, ",") {
		a, b, isRange := strings.Cut(item, "-")
		if !isRange {
			b = a
		}
		first, ok1 := number(a)
		last, ok2 := number(b)
		switch {
		case !ok1 || !ok2:
			return nil, flawf(at, "%.60q: want a number or a range such as 01-04", item)
		case first >= 1<<27 || last >= 1<<27 || len(a) > 18:
			return nil, flawf(at, "%.60q: the number is too large", item)
		case last < first:
			return nil, flawf(at, "the range %.60s runs backwards", item)
		case last-first >= most-len(parts):
			return nil, flawf(at, "more than %d hosts", MaxHosts)
		}
		for n := first; n <= last; n++ {
			parts = append(parts, fmt.Sprintf("%0*d", len(a), n))
		}
		at += len(item) + 1
	}
	return parts, nil
}

// ParseTasks reads Slurm's numbers of tasks, node by node, such as "4(x2),3" for 4, 4, 3, as they stand in
// SLURM_TASKS_PER_NODE. The error is an *Error without a file.
func ParseTasks(s string) ([]int, error) {
	var tasks []int
	at := 0
	for item := range strings.SplitSeq(s, ",") {
		fail := func(format string, args ...any) ([]int, error) {
			return nil, &Error{Column: column(s, at), Why: fmt.Sprintf(format, args...)}
		}
		num, rest, repeated := strings.Cut(item, "(x")
		n, ok := number(num)
		times := 1
		if repeated {
			digits, closed := strings.CutSuffix(rest, ")")
			var ok2 bool
			times, ok2 = number(digits)
			ok = ok && closed && ok2 && times > 0
		}
		switch {
		case !ok || n < 1:
			return fail("%s: want a number of tasks such as 4, or 4(x2) for two nodes", strconv.Quote(cut(item, 60)))
		case n > MaxSlots:
			return fail("%d tasks on a node: at most %d", n, MaxSlots)
		case times > MaxHosts-len(tasks):
			return fail("more than %d nodes", MaxHosts)
		}
		for range times {
			tasks = append(tasks, n)
		}
		at += len(item) + 1
	}
	return tasks, nil
}

func cut(s string, n int) string { return s[:min(n, len(s))] }
