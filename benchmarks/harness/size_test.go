package harness

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseSize(t *testing.T) {
	good := map[string]Size{"0": 0, "8": 8, "4K": 4096, "4k": 4096, "64M": 64 << 20, "1024M": MaxSize, "1536": 1536}
	for in, want := range good {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "K", "-1", "+1", "4KB", "1.5K", "1025M", "1073741825", "4 K", "99999999999999999999"} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		}
	}
}

func TestSizeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Size(rapid.Int64Range(0, MaxSize).Draw(t, "size")) >> rapid.IntRange(0, 30).Draw(t, "shift")
		s <<= rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(t, "up")
		s = min(s, MaxSize)
		if got, err := ParseSize(s.String()); err != nil || got != s {
			t.Fatalf("ParseSize(%q) = %d, %v; want %d", s.String(), got, err, s)
		}
	})
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"0", "4K", "64M", "-1", "K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseSize(s)
		if err == nil && (v < 0 || v > MaxSize) {
			t.Fatalf("ParseSize(%q) = %d: out of range", s, v)
		}
	})
}
