package topo

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// deal is the oracle of both placements: it hands out one slot after the other and
// returns the node of each rank.
func deal(n int, nodes []Node, cyclic bool) []int {
	var at []int
	free := make([]int, len(nodes))
	next := 0
	for len(at) < n {
		if slices.Max(free) == 0 {
			for i, nd := range nodes {
				free[i] = nd.Slots
			}
			next = 0
		}
		for free[next] == 0 {
			next = (next + 1) % len(nodes)
		}
		at = append(at, next)
		free[next]--
		if cyclic {
			next = (next + 1) % len(nodes)
		}
	}
	if !cyclic {
		slices.Sort(at) // a node's ranks form one row
	}
	return at
}

func nodesOf(m *Map) []int {
	at := make([]int, m.Size())
	for r := range at {
		at[r] = m.NodeOf(r)
	}
	return at
}

// checkMap compares everything that a map says with where its ranks are.
func checkMap(t *rapid.T, m *Map, nodes int, at []int) {
	if m.Size() != len(at) || m.NumNodes() != nodes {
		t.Fatalf("%d ranks on %d nodes, want %d on %d", m.Size(), m.NumNodes(), len(at), nodes)
	}
	if got := nodesOf(m); !slices.Equal(got, at) {
		t.Fatalf("ranks on nodes %v, want %v", got, at)
	}
	for n := range nodes {
		var here []int
		for r, on := range at {
			if on == n {
				if got := m.LocalRank(r); got != len(here) {
					t.Fatalf("rank %d of %v: local rank %d, want %d", r, at, got, len(here))
				}
				here = append(here, r)
			}
		}
		if got := m.LocalRanks(n); !slices.Equal(got, here) {
			t.Fatalf("node %d of %v: ranks %v, want %v", n, at, got, here)
		}
		if got := m.LocalSize(n); got != len(here) {
			t.Fatalf("node %d of %v: %d ranks, want %d", n, at, got, len(here))
		}
		want := -1
		if len(here) > 0 {
			want = here[0]
		}
		if got := m.Leader(n); got != want {
			t.Fatalf("node %d of %v: leader %d, want %d", n, at, got, want)
		}
	}
	for a := range at {
		for b := range at {
			if got := m.SameNode(a, b); got != (at[a] == at[b]) {
				t.Fatalf("ranks %d and %d of %v: same node %v", a, b, at, got)
			}
		}
	}
}

func TestPlacement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slotList := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 6).Draw(t, "slots")
		n := rapid.IntRange(1, 40).Draw(t, "ranks")
		var nodes []Node
		for _, s := range slotList {
			nodes = append(nodes, Node{Slots: s})
		}
		if slices.Max(slotList) == 0 {
			nodes[0].Slots = 1
		}
		block, err := Block(n, nodes)
		if err != nil {
			t.Fatal(err)
		}
		checkMap(t, block, len(nodes), deal(n, nodes, false))
		cyclic, err := Cyclic(n, nodes)
		if err != nil {
			t.Fatal(err)
		}
		checkMap(t, cyclic, len(nodes), deal(n, nodes, true))
		at := rapid.SliceOfN(rapid.IntRange(0, len(nodes)-1), n, n).Draw(t, "at")
		explicit, err := Explicit(nodes, at)
		if err != nil {
			t.Fatal(err)
		}
		checkMap(t, explicit, len(nodes), at)
		checkMap(t, Single(n), 1, make([]int, n))
	})
}

func TestPlacementByHand(t *testing.T) {
	nodes := []Node{{Name: "a", Slots: 2}, {Name: "b", Slots: 0}, {Name: "c", Slots: 3}}
	for _, c := range []struct {
		n             int
		block, cyclic string
	}{
		{1, "a: 0; b: none; c: none", "a: 0; b: none; c: none"},
		{3, "a: 0-1; b: none; c: 2", "a: 0,2; b: none; c: 1"},
		{5, "a: 0-1; b: none; c: 2-4", "a: 0,2; b: none; c: 1,3-4"},
		{6, "a: 0-2; b: none; c: 3-5", "a: 0,2,5; b: none; c: 1,3-4"},
		{8, "a: 0-3; b: none; c: 4-7", "a: 0,2,5,7; b: none; c: 1,3-4,6"},
	} {
		block, err := Block(c.n, nodes)
		if err != nil || block.String() != c.block {
			t.Errorf("Block(%d) = %v, %v, want %s", c.n, block, err, c.block)
		}
		cyclic, err := Cyclic(c.n, nodes)
		if err != nil || cyclic.String() != c.cyclic {
			t.Errorf("Cyclic(%d) = %v, %v, want %s", c.n, cyclic, err, c.cyclic)
		}
	}
	if got, want := Single(3).String(), "node 0: 0-2"; got != want {
		t.Errorf("Single(3) = %s, want %s", got, want)
	}
}

// The caller's slices stay his.
func TestMapKeepsItsOwn(t *testing.T) {
	nodes, at := []Node{{Name: "a", Slots: 1}, {Name: "b", Slots: 1}}, []int{1, 0}
	explicit, err := Explicit(nodes, at)
	if err != nil {
		t.Fatal(err)
	}
	block, err := Block(2, nodes)
	if err != nil {
		t.Fatal(err)
	}
	cyclic, err := Cyclic(2, nodes)
	if err != nil {
		t.Fatal(err)
	}
	nodes[0].Name, at[0] = "x", 0
	for _, m := range []*Map{explicit, block, cyclic} {
		if m.Node(0).Name != "a" {
			t.Errorf("a node was renamed from outside")
		}
	}
	if explicit.NodeOf(0) != 1 {
		t.Errorf("a rank was moved from outside")
	}
	_ = append(block.LocalRanks(0), 99)
	if block.LocalRanks(1)[0] != 1 {
		t.Errorf("appending to a node's ranks changed those of the next")
	}
}

func TestPlacementErrors(t *testing.T) {
	const most = int(^uint(0) >> 1)
	for _, c := range []struct {
		what, want string
		err        error
	}{
		{"no ranks", "0 ranks to place", second(Block(0, []Node{{Slots: 1}}))},
		{"no nodes", "none of 0 nodes", second(Block(1, nil))},
		{"no slots", "none of 2 nodes", second(Cyclic(1, []Node{{}, {}}))},
		{"negative", "node 1 (b) has -1 slots", second(Cyclic(1, []Node{{Slots: 3}, {Name: "b", Slots: -1}}))},
		{"too many", "node 1 (b) has", second(Block(1, []Node{{Slots: 1}, {Name: "b", Slots: most}}))},
		{"explicit nothing", "no ranks", second(Explicit([]Node{{}}, nil))},
		{"explicit outside", "rank 1 is placed on node 2 of 2", second(Explicit([]Node{{}, {}}, []int{0, 2}))},
		{"explicit negative", "rank 0 is placed on node -1 of 2", second(Explicit([]Node{{}, {}}, []int{-1, 1}))},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "topo: ") || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want topo: ... %s", c.what, c.err, c.want)
		}
	}
	defer func() {
		if got := recover(); got != panicNoRanks {
			t.Errorf("Single(0): panic %v", got)
		}
	}()
	Single(0)
}

func second(_ *Map, err error) error { return err }
