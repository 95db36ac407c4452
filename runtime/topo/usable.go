package topo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseCPUMax reads the contents of a cgroup's cpu.max (version 2): the processor
// time it may use in each period, both in microseconds. "200000 100000" is 2
// processors' worth; "max 100000" is no limit, +Inf. A limit holds for all cgroups
// below, so the quota of a process is the least along its path; where the file is missing (the
// root has none) there is no limit.
func ParseCPUMax(s string) (quota float64, err error) {
	f := strings.Fields(s)
	if len(f) != 2 {
		return 0, fmt.Errorf("topo: cpu.max %.60q: want a quota and a period", strings.TrimSpace(s))
	}
	period, err := strconv.ParseUint(f[1], 10, 63)
	if err != nil || period == 0 {
		return 0, fmt.Errorf("topo: cpu.max %.60q: period %.20q is not a positive number of microseconds", strings.TrimSpace(s), f[1])
	}
	if f[0] == "max" {
		return math.Inf(1), nil
	}
	time, err := strconv.ParseUint(f[0], 10, 63)
	if err != nil || time == 0 {
		return 0, fmt.Errorf("topo: cpu.max %.60q: quota %.20q is neither max nor a positive number of microseconds", strings.TrimSpace(s), f[0])
	}
	return float64(time) / float64(period), nil
}

// Usable returns how many ranks can run at the same time for a process that may run
// on affinity processors and use quota processors' worth of time (+Inf: no
// limit; 0 or less: not known, ignored). It is at least 1.
//
// A broken quota is rounded down. The Go runtime rounds it up for GOMAXPROCS, but a rank
// spins where a goroutine would sleep: two spinning ranks under a quota of 1.5 use it up
// early in each period, and the kernel then stops both for the rest of it, usually tens
// of milliseconds.
func Usable(affinity int, quota float64) int {
	n := affinity
	if quota > 0 && quota < float64(n) {
		n = int(quota)
	}
	return max(1, n)
}
