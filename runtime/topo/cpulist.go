package topo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxCPU is the highest processor number that ParseCPUList takes. Linux is built for at
// most 8192; the bound keeps a damaged list from asking for the whole memory.
const MaxCPU = 1<<16 - 1

// ParseCPUList reads the kernel's list of processors, such as "0-3,8", as it stands in
// Cpus_allowed_list of /proc/self/status, in cpuset.cpus.effective, and in
// /sys/devices/system/cpu/online. White space around it is ignored, an empty list
// is nil. The result ascends and has each processor once, whatever the order
// of the text.
func ParseCPUList(s string) ([]int, error) {
	list := strings.TrimSpace(s)
	if list == "" {
		return nil, nil
	}
	type span struct{ first, last int }
	var spans []span
	for item := range strings.SplitSeq(list, ",") {
		a, b, isRange := strings.Cut(item, "-")
		if !isRange {
			b = a
		}
		first, ok1 := parseCPU(a)
		last, ok2 := parseCPU(b)
		switch {
		case !ok1 || !ok2:
			return nil, fmt.Errorf("topo: cpu list %.60q: %.20q is neither a number nor a range", list, item)
		case first > MaxCPU || last > MaxCPU:
			return nil, fmt.Errorf("topo: cpu list %.60q: %.20q is above %d", list, item, MaxCPU)
		case first > last:
			return nil, fmt.Errorf("topo: cpu list %.60q: range %.20q runs backwards", list, item)
		}
		spans = append(spans, span{first, last})
	}
	// Sorted, so that overlapping ranges cost no more than the processors they name.
	slices.SortFunc(spans, func(a, b span) int { return a.first - b.first })
	var cpus []int
	next := 0
	for _, sp := range spans {
		for c := max(next, sp.first); c <= sp.last; c++ {
			cpus = append(cpus, c)
		}
		next = max(next, sp.last+1)
	}
	return cpus, nil
}

// parseCPU reads one number; anything above MaxCPU becomes MaxCPU+1. ok is false if
// it is no number: digits only, no sign.
func parseCPU(s string) (cpu int, ok bool) {
	u, err := strconv.ParseUint(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return int(min(u, MaxCPU+1)), true
}

// FormatCPUList writes numbers, in any order, as the kernel would: ascending, each once, rows
// as ranges. It serves for ranks as well as for processors.
func FormatCPUList(cpus []int) string {
	v := slices.Compact(slices.Sorted(slices.Values(cpus)))
	var b []byte
	for i := 0; i < len(v); {
		j := i
		for j+1 < len(v) && v[j+1] == v[j]+1 {
			j++
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v[i]), 10)
		if j > i {
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(v[j]), 10)
		}
		i = j + 1
	}
	return string(b)
}
