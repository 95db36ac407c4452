package explain

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
)

// ParseQuestion reads an operation, with or without bytes: "allreduce", "allreduce:1MiB". bytes is -1 without.
func ParseQuestion(s string) (op plan.Op, bytes int, err error) {
	name, size, sized := strings.Cut(s, ":")
	if op, err = tune.ParseOp(name); err != nil {
		return 0, 0, err
	}
	if !sized {
		return op, -1, nil
	}
	bytes, err = parseSize(size)
	return op, bytes, err
}

// parseSize reads 8, 64K, 64KiB, 1.5MiB. K, M and G are powers of 1024.
func parseSize(s string) (int, error) {
	number := strings.TrimRight(s, "KMGiB ")
	unit := map[string]float64{"": 1, "B": 1, "K": 1 << 10, "KiB": 1 << 10, "M": 1 << 20, "MiB": 1 << 20, "G": 1 << 30, "GiB": 1 << 30}[strings.TrimSpace(s[len(number):])]
	f, err := strconv.ParseFloat(number, 64)
	if b := f * unit; err != nil || unit == 0 || !(b >= 0 && b <= 1<<40) || b > math.MaxInt/8 || b != math.Trunc(b) {
		return 0, fmt.Errorf("%q: want a number of bytes such as 8, 64KiB or 1MiB", s)
	} else {
		return int(b), nil
	}
}
