package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/golaunch/golaunch/benchmarks/harness"
)

// describe says what was measured on what.
func describe(sides map[harness.Side]*side) string {
	var b strings.Builder
	model := "unknown processor"
	if m := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindStringSubmatch(readFile("/proc/cpuinfo")); m != nil {
		model = m[1]
	}
	fmt.Fprintf(&b, "machine   %s, %d usable processors, %s/%s, kernel %s\n", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, readFile("/proc/sys/kernel/osrelease"))
	fmt.Fprintf(&b, "go        %s\n", strings.TrimPrefix(runtime.Version(), "go"))
	for _, name := range []harness.Side{harness.Ours, harness.OpenMPI, harness.MPICH} {
		s := sides[name]
		label := string(name)
		if name == harness.Ours {
			label = "golaunch"
		}
		if s.missing != "" {
			fmt.Fprintf(&b, "%-9s missing: %s\n", label, s.missing)
		} else {
			fmt.Fprintf(&b, "%-9s %s\n", label, s.version)
		}
	}
	fmt.Fprintf(&b, "tuned     Open MPI, a row counts the best of these; one rank on each core also %s, more ranks than processors also %s\n", settings(collTuned), settings(yielding))
	for _, v := range variants {
		but := ""
		if v.msgs {
			but = ", never " + settings(collTuned)
		}
		fmt.Fprintf(&b, "          %-13s %s%s\n", v.name, settings(v.flags), but)
	}
	if load := strings.Fields(readFile("/proc/loadavg")); len(load) > 0 {
		fmt.Fprintf(&b, "load      %s at the start; figures of a busy machine mean little\n", load[0])
	}
	return b.String()
}

// settings writes "--mca a b" as "a=b".
func settings(flags []string) string {
	var words []string
	for i := 0; i+2 < len(flags); i += 3 {
		words = append(words, flags[i+1]+"="+flags[i+2])
	}
	return strings.Join(words, " ")
}

func readFile(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
