package topo_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/runtime/topo"
)

func TestParseNodes(t *testing.T) {
	for _, k := range []struct {
		text, want string
		contiguous bool
	}{
		{"1", "node 0: 0", true},
		{"4", "node 0: 0-3", true},
		{"1x4", "node 0: 0-3", true},
		{"2x4", "node 0: 0-3; node 1: 4-7", true},
		{"3x2", "node 0: 0-1; node 1: 2-3; node 2: 4-5", true},
		{"4+2+1", "node 0: 0-3; node 1: 4-5; node 2: 6", true},
		{"2x3+1", "node 0: 0-2; node 1: 3-5; node 2: 6", true},
		{"0,1,0,1", "node 0: 0,2; node 1: 1,3", false},
		{"7,7,2,2,2", "node 0: 0-1; node 1: 2-4", true},
		{"1,0,0,1", "node 0: 0,3; node 1: 1-2", false},
	} {
		m, err := topo.ParseNodes(k.text)
		if err != nil {
			t.Errorf("%s: %v", k.text, err)
			continue
		}
		if m.String() != k.want || m.Contiguous() != k.contiguous {
			t.Errorf("%s: %q, contiguous %v; want %q, %v", k.text, m, m.Contiguous(), k.want, k.contiguous)
		}
	}
	for _, text := range []string{"", "x", "0", "2x", "x4", "2x0", "0x2", "4+", "+4", "-1", "1,", ",", "1,-1", "0,x", "2x4,1", "2X4", "1048577", "1048576x1048576",
		"1048576+1", "9999999999999999999999"} {
		if m, err := topo.ParseNodes(text); err == nil || !strings.HasPrefix(err.Error(), "topo: ") {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
}

// TestAmong compares the map of some ranks of a job with what the job's map says of them.
func TestAmong(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, nodes := 1+rng.IntN(12), make([]topo.Node, 1+rng.IntN(4))
		at := make([]int, n)
		for i := range at {
			at[i] = rng.IntN(len(nodes))
		}
		for i := range nodes {
			nodes[i] = topo.Node{Name: fmt.Sprint("host", i), Slots: i}
		}
		job, err := topo.Explicit(nodes, at)
		if err != nil {
			t.Fatal(err)
		}
		var members []int32
		for _, r := range rng.Perm(n)[:1+rng.IntN(n)] {
			members = append(members, int32(r))
		}
		m := job.Among(members)
		if m.Size() != len(members) {
			t.Fatalf("%d ranks, want %d", m.Size(), len(members))
		}
		gaps, leaders := false, []int{}
		for node := range m.NumNodes() {
			leaders = append(leaders, m.Leader(node))
		}
		if !slices.IsSorted(leaders) || leaders[0] != 0 {
			t.Fatalf("%v: nodes are not numbered by their lowest ranks", m)
		}
		for a, ra := range members {
			if m.Node(m.NodeOf(a)).Name != nodes[at[ra]].Name {
				t.Fatalf("rank %d is on %s, want %s", a, m.Node(m.NodeOf(a)).Name, nodes[at[ra]].Name)
			}
			for b, rb := range members {
				if m.SameNode(a, b) != job.SameNode(int(ra), int(rb)) {
					t.Fatalf("%v of %v: ranks %d and %d together: %v", members, job, a, b, m.SameNode(a, b))
				}
				for c := a; c < b; c++ {
					gaps = gaps || m.SameNode(a, b) && !m.SameNode(a, c)
				}
			}
		}
		if m.Contiguous() == gaps {
			t.Fatalf("%v: contiguous %v", m, m.Contiguous())
		}
	}
	if got := (*topo.Map)(nil).Among([]int32{3, 1}).String(); got != "node 0: 0-1" {
		t.Errorf("two ranks of one node are %q", got)
	}
}
