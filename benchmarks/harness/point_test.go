package harness

import (
	"slices"
	"strings"
	"testing"
)

func TestParsePoints(t *testing.T) {
	const list = "latency:0,bw_arena:64K,barrier,move:64M"
	want := []Point{{"latency", 0}, {"bw_arena", 64 << 10}, {"barrier", 0}, {"move", 64 << 20}}
	got, err := ParsePoints(list)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("ParsePoints(%q) = %v, %v; want %v", list, got, err, want)
	}
	if back := FormatPoints(got); back != list {
		t.Errorf("FormatPoints = %q, want %q", back, list)
	}
	bad := map[string]string{
		"":                 "unknown case",
		"latency":          "wants a size",
		"barrier:8":        "takes no size",
		"latency:x":        `point "latency:x": size "x"`,
		"latency:8,,bw:8":  `point ""`,
		"latancy:8":        "there are latency ",
		"bcast:8,reduce:6": `point "reduce:6": this case wants a multiple of 4`,
	}
	for in, say := range bad {
		if _, err := ParsePoints(in); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("ParsePoints(%q): error %v, want one that says %q", in, err, say)
		}
	}
}

func TestDefaultPoints(t *testing.T) {
	for _, c := range Cases {
		points, err := DefaultPoints(c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParsePoints(FormatPoints(points)); err != nil || !slices.Equal(back, points) {
			t.Errorf("%s: default points do not survive: %v, %v", c.Name, back, err)
		}
		last := map[bool]Size{false: 4 << 20, true: 1 << 20}[c.Collective]
		if c.Sized && (points[len(points)-1].Bytes != last || (points[0].Bytes == 0) != c.Zero) {
			t.Errorf("%s: default points %v", c.Name, points)
		}
	}
	if _, err := DefaultPoints("nothing"); err == nil {
		t.Error("an unknown case has default points")
	}
}

// A row of ours that names a peer's case must find one that the C twin can have: with the same unit and direction.
func TestCasesAgreeWithTheirPeers(t *testing.T) {
	for _, c := range Cases {
		if c.Peer == "" {
			continue
		}
		p, ok := CaseNamed(c.Peer)
		if !ok || p.Peer != p.Name || p.Unit != c.Unit || p.Rate != c.Rate || p.Sized != c.Sized {
			t.Errorf("case %s is compared with %+v", c.Name, p)
		}
	}
}
