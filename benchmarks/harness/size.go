package harness

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxSize is the largest message that a point may ask for, in bytes. The C twin has the same limit (its counts are ints).
const MaxSize = 1 << 30

// A Size is a number of bytes, written as 0, 64, 4K or 16M (K = 1024, M = 1024 * 1024).
type Size int64

// ParseSize reads "0", "64", "4K" or "16M". Sizes above MaxSize are errors.
func ParseSize(s string) (Size, error) {
	digits, shift := s, 0
	switch {
	case strings.HasSuffix(s, "K"), strings.HasSuffix(s, "k"):
		digits, shift = s[:len(s)-1], 10
	case strings.HasSuffix(s, "M"), strings.HasSuffix(s, "m"):
		digits, shift = s[:len(s)-1], 20
	}
	v, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("size %q: want a number of bytes such as 0, 64, 4K or 16M", s)
	}
	if v > MaxSize>>shift {
		return 0, fmt.Errorf("size %q: more than %s bytes", s, Size(MaxSize))
	}
	return Size(v << shift), nil
}

// String writes the size as ParseSize reads it, in the largest unit that divides it.
func (s Size) String() string {
	switch {
	case s != 0 && s%(1<<20) == 0:
		return strconv.FormatInt(int64(s>>20), 10) + "M"
	case s != 0 && s%(1<<10) == 0:
		return strconv.FormatInt(int64(s>>10), 10) + "K"
	}
	return strconv.FormatInt(int64(s), 10)
}
