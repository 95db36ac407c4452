package launcher

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/golaunch/golaunch/runtime/bootstrap"
	"github.com/golaunch/golaunch/runtime/segment"
	"github.com/golaunch/golaunch/runtime/topo"
)

// Info writes what golaunch knows about itself and this machine. boards tells for a number of ranks, which may be more than there are
// processors, how many bytes of shared memory the collectives of one communicator take at most.
func Info(w io.Writer, boards func(ranks int, crowded bool) int) {
	fmt.Fprintf(w, "golaunch      %s (%s, %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(w, "segment       version %d\n", segment.Version)
	fmt.Fprintf(w, "protocol      version %d\n", bootstrap.Version)
	host, _ := os.Hostname()
	fmt.Fprintf(w, "machine       %s, %s\n", host, machine())
	cpus, quota := processors()
	usable := topo.Usable(len(cpus), quota)
	limit := "no limit"
	if !math.IsInf(quota, 1) {
		limit = fmt.Sprintf("%.4g", quota)
	}
	fmt.Fprintf(w, "processors    %d usable (affinity %s of %d; cgroup quota: %s)\n", usable, topo.FormatCPUList(cpus), runtime.NumCPU(), limit)
	if total, free, max := memory(); total > 0 {
		limit := "no limit"
		if max > 0 {
			limit = size(max)
		}
		fmt.Fprintf(w, "memory        %s, %s available (cgroup limit: %s)\n", size(total), size(free), limit)
	}
	fmt.Fprintf(w, "collectives   shared memory of a communicator: at most %s of 2 ranks, %s of 16, %s of 64\n",
		size(int64(boards(2, usable < 2))), size(int64(boards(16, usable < 16))), size(int64(boards(64, usable < 64))))
	if cache, err := os.UserCacheDir(); err == nil {
		fmt.Fprintf(w, "cache         %s/golaunch\n", cache)
	}
	fmt.Fprint(w, `variables     that golaunch sets for each rank:
              GOLAUNCH_RANK, GOLAUNCH_SIZE              this rank, ranks in all
              GOLAUNCH_LOCAL_RANK, GOLAUNCH_LOCAL_SIZE  the same on this machine
              GOLAUNCH_SEGMENT_FD, GOLAUNCH_CONTROL_FD  inherited descriptors
              GOLAUNCH_JOB, GOLAUNCH_VERSION            name of the job, version of all this
              GOMAXPROCS                                the rank's share of the processors, unless set
              that ranks read:
              GOLAUNCH_COLL=allreduce:ring,bcast:chain  algorithms for some collectives, see golaunch explain
              GOLAUNCH_TRACE=calls                      reports say where each operation was begun; costs a microsecond each
              GOLAUNCH_CHECK=calls                      what golaunch -check sets: collective calls are compared
              that golaunch itself reads:
              CGO_ENABLED                               for building Go programs; 0 unless they use cgo
              HYDRA_HOST_FILE                           the file of hosts, without -host and -hostfile
              PATH, XDG_CACHE_HOME, HOME                to find programs, the go command and the cache
              XDG_CONFIG_HOME, HOME                     to find the user's golaunch.toml
`)
}

func buildVersion() string {
	b, ok := debug.ReadBuildInfo()
	if !ok || b.Main.Version == "" || b.Main.Version == "(devel)" {
		return "development version"
	}
	return b.Main.Version
}

// size writes bytes for people.
func size(n int64) string {
	const unit = "KMGTP"
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(unit)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.3g %ciB", f, unit[i])
}
