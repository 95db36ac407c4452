package launcher

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/topo"
)

// count says "1 rank", "3 ranks", "2 processes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "process" {
		what = "processe"
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// countWere says "1 rank was", "3 ranks were".
func countWere(n int, what string) string {
	if n == 1 {
		return count(n, what) + " was"
	}
	return count(n, what) + " were"
}

// rankList says "rank 3", "ranks 0-2,5".
func rankList(ranks []int) string {
	if len(ranks) == 1 {
		return fmt.Sprintf("rank %d", ranks[0])
	}
	return "ranks " + topo.FormatCPUList(ranks)
}
