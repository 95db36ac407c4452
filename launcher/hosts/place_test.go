package hosts

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// show writes a map in one line: the host of each rank.
func show(m *Map) string {
	var names []string
	for r := range m.Size() {
		names = append(names, m.HostOf(r).Name)
	}
	return strings.Join(names, " ")
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		n       int
		list    string
		order   Order
		perHost int
		want    string
		lines   string
		over    string
	}{
		{4, "a:2,b:2", Block, 0, "a a b b", "ranks 0-1 on a; ranks 2-3 on b", ""},
		{4, "a:2,b:2", Cyclic, 0, "a b a b", "ranks 0,2 on a; ranks 1,3 on b", ""},
		{4, "a,b,A:2", Block, 0, "a a a b", "ranks 0-2 on a; rank 3 on b", ""},
		{4, "a,b,A:2", List, 0, "a b a a", "ranks 0,2-3 on a; rank 1 on b", ""},
		{3, "a,b,A:2", Cyclic, 0, "a b a", "ranks 0,2 on a; rank 1 on b", ""},
		{1, "a:2,b:2", Block, 0, "a", "rank 0 on a", ""},
		{6, "a:2,b:1", Block, 0, "a a a a b b", "ranks 0-3 on a; ranks 4-5 on b", "4 ranks on the 2 slots of a, 2 ranks on the 1 slot of b"},
		{5, "a:2,b:1", List, 0, "a a b a a", "ranks 0-1,3-4 on a; rank 2 on b", "4 ranks on the 2 slots of a"},
		{4, "a,b", Block, 0, "a a b b", "ranks 0-1 on a; ranks 2-3 on b", ""},
		{4, "a:9,b", Block, 2, "a a b b", "ranks 0-1 on a; ranks 2-3 on b", ""},
		{3, "a:9,b", Cyclic, 1, "a b a", "ranks 0,2 on a; rank 1 on b", "2 ranks on the 1 slot of a"},
		{10, "a:5,b:5", Cyclic, 0, "a b a b a b a b a b", "ranks 0,2,...,8 on a; ranks 1,3,...,9 on b", ""},
		{10, "n[1-5]:1", Block, 0, "n1 n1 n2 n2 n3 n3 n4 n4 n5 n5",
			"ranks 0-1 on n1; ranks 2-3 on n2; ranks 4-5 on n3; ranks 6-7 on n4; ranks 8-9 on n5",
			"2 ranks on the 1 slot of n1, 2 ranks on the 1 slot of n2, 2 ranks on the 1 slot of n3, the same on 2 other hosts"},
	} {
		name := fmt.Sprintf("%d on %s, %v, -ppn %d", c.n, c.list, c.order, c.perHost)
		entries, err := ParseList(c.list)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Place(c.n, "", entries, c.order, c.perHost)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := show(m); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := strings.Join(m.Lines(), "; "); got != c.lines {
			t.Errorf("%s: %s, want %s", name, got, c.lines)
		}
		if got := m.Over(); got != c.over {
			t.Errorf("%s: %q, want %q", name, got, c.over)
		}
	}
}

func TestPlaceMaxSlots(t *testing.T) {
	entries, err := ParseFile("f", "a slots=1 max_slots=2\na slots=1 max_slots=1\nb slots=8\n")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Place(14, "f", entries, Block, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Over(), "4 ranks on the 2 slots of a (max_slots=3), 10 ranks on the 8 slots of b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPlaceRefuses(t *testing.T) {
	for _, c := range []struct {
		text    string
		n       int
		order   Order
		perHost int
		says    string
	}{
		{"a user=x\n\na user=y", 1, Block, 0, "f:3:1: host a: user x before, y here"},
		{"a ifname=x\na\na ifname=y", 1, Block, 0, "f:3:1: host a: ifname x before, y here"},
		{"a\na port=1\na port=2", 1, List, 0, "host a: port 1 before, 2 here"},
		{"a", 1, List, 2, "-ppn and -map list don't go together"},
		{"a", 0, Block, 0, "0 ranks to place"},
	} {
		entries, err := ParseFile("f", c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Place(c.n, "f", entries, c.order, c.perHost); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.text, err, c.says)
		}
	}
	for _, order := range []Order{Block, Cyclic, List} {
		if _, err := Place(1, "", nil, order, 0); err == nil {
			t.Errorf("%v: placed on no host", order)
		}
	}
}

func TestParseOrder(t *testing.T) {
	for _, o := range []Order{Block, Cyclic, List} {
		if got, err := ParseOrder(o.String()); err != nil || got != o {
			t.Errorf("%v: %v, %v", o, got, err)
		}
	}
	if _, err := ParseOrder("scatter"); err == nil {
		t.Error("scatter is an order")
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		v    []int
		want string
	}{
		{nil, ""}, {[]int{3}, "3"}, {[]int{3, 4}, "3-4"}, {[]int{3, 5}, "3,5"}, {[]int{0, 2, 3, 4, 9}, "0,2-4,9"},
		{[]int{1, 3, 5}, "1,3,5"}, {[]int{1, 3, 5, 7}, "1,3,...,7"}, {[]int{0, 1, 4, 8, 12, 16, 17}, "0-1,4,8,...,16,17"},
		{[]int{0, 10, 20, 30, 31, 32}, "0,10,...,30,31-32"},
	} {
		if got := Fold(c.v); got != c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
}

// Whatever the list, no rank is lost, nobody has a second round before everybody's first is full, and block keeps a
// host's ranks together.
func TestPlaceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Host {
			return Host{Name: rapid.StringMatching("[a-d]").Draw(t, "name"), Slots: rapid.IntRange(1, 4).Draw(t, "slots"), Said: true}
		}), 1, 8).Draw(t, "entries")
		n := rapid.IntRange(1, 60).Draw(t, "ranks")
		order := Order(rapid.IntRange(0, 2).Draw(t, "order"))
		m, err := Place(n, "", entries, order, 0)
		if err != nil {
			t.Fatal(err)
		}
		total, ranks := Slots(entries), 0
		if got := Slots(m.Hosts); got != total {
			t.Fatalf("%d slots in all, the list has %d", got, total)
		}
		over := false
		for i, h := range m.Hosts {
			k := m.LocalSize(i)
			ranks += k
			if low, high := n/total*h.Slots, (n+total-1)/total*h.Slots; k < low || k > high {
				t.Fatalf("%d ranks on %s, want %d to %d", k, h.Name, low, high)
			}
			over = over || k > h.Slots
			if local := m.LocalRanks(i); order == Block && k > 0 && local[k-1]-local[0] != k-1 {
				t.Fatalf("block: %v on %s", local, h.Name)
			}
		}
		if ranks != n {
			t.Fatalf("%d ranks placed, want %d", ranks, n)
		}
		if over != (m.Over() != "") || over != (n > total) {
			t.Fatalf("%d ranks on %d slots: %q", n, total, m.Over())
		}
		if order == List { // the oracle writes the list out
			var all []string
			for _, h := range entries {
				for range h.Slots {
					all = append(all, h.Name)
				}
			}
			for r := range n {
				if got := m.HostOf(r).Name; got != all[r%total] {
					t.Fatalf("rank %d on %s, want %s", r, got, all[r%total])
				}
			}
		}
	})
}
