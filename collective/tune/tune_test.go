package tune

import (
	"slices"
	"strings"
	"testing"

	"github.com/golaunch/golaunch/collective/plan"
)

func TestParseForce(t *testing.T) {
	for _, c := range []struct {
		text string
		want map[plan.Op]string
		err  string // part of it
	}{
		{"", nil, ""},
		{" ", nil, ""},
		{"allreduce:ring", map[plan.Op]string{plan.Allreduce: "ring"}, ""},
		{"allreduce:ring, bcast:board,reduce_scatter:simple", map[plan.Op]string{plan.Allreduce: "ring", plan.Bcast: Board, plan.ReduceScatter: Simple}, ""},
		{"allreduce", nil, `GOLAUNCH_COLL: "allreduce" is not of the form operation:algorithm`},
		{"allreduce:ring,", nil, `GOLAUNCH_COLL: "" is not of the form operation:algorithm`},
		{"allredcue:ring", nil, `GOLAUNCH_COLL: there is no collective "allredcue", only barrier, bcast, reduce, allreduce, `},
		{"bcast:ring", nil, `GOLAUNCH_COLL: bcast has no algorithm "ring", only binomial, scatter-allgather, chain, simple, board, leaders, slices`},
		{"bcast:chain,bcast:simple", nil, "GOLAUNCH_COLL: bcast is there twice"},
	} {
		f, err := ParseForce(c.text)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, want %s", c.text, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		for op, alg := range f {
			if alg != c.want[plan.Op(op)] {
				t.Errorf("%q: %v by %q, want %q", c.text, plan.Op(op), alg, c.want[plan.Op(op)])
			}
		}
	}
}

// Every algorithm of package plan can be forced by the name that it prints.
func TestForceAll(t *testing.T) {
	for op := range plan.Op(ops) {
		for _, alg := range Algorithms(op) {
			f, err := ParseForce(op.String() + ":" + alg)
			if err != nil || f[op] != alg {
				t.Errorf("%v:%s: %q, %v", op, alg, f[op], err)
			}
		}
	}
	if plan.Algorithms(plan.Op(ops)) != nil || ops == 0 || plan.Algorithms(plan.Op(ops-1)) == nil {
		t.Error("there are more operations than this package knows, or fewer")
	}
}

// What can't do a call is left to the table.
func TestForceUnfit(t *testing.T) {
	f, err := ParseForce("allreduce:ring,barrier:board")
	if err != nil {
		t.Fatal(err)
	}
	c := Case{Op: plan.Allreduce, Bytes: 100, Ranks: 5, Nodes: 5}
	if got := f.Choose(c); got.Algorithm != "ring" || got.Row != nil {
		t.Errorf("%+v, want the ring", got)
	}
	c.Ordered = true
	if got := f.Choose(c); got != Choose(c) || got.Algorithm == "ring" {
		t.Errorf("ordered: %+v, want the table's choice", got)
	}
	c = Case{Op: plan.Barrier, Ranks: 5}
	if got := f.Choose(c); got.Algorithm == Board {
		t.Errorf("%+v without a board", got)
	}
	if c.Board = true; f.Choose(c).Algorithm != Board {
		t.Error("no board, though there is one")
	}
}

// What is chosen can do the call, and is a name that package plan knows.
func TestChoose(t *testing.T) {
	for op := range plan.Op(ops) {
		for _, n := range []int{1, 2, 3, 8, 100, 1024, 10000} {
			for bytes := 0; bytes >= 0; bytes = 2*bytes + 1 {
				for mask := range 32 {
					c := Case{Op: op, Bytes: bytes, Ranks: n, Nodes: 1 + mask&1*(n-1), Lanes: 1, Ordered: mask&2 != 0, Board: mask&4 != 0, Mixed: mask&8 != 0}
					if mask&17 == 17 && n > 3 {
						c.Nodes, c.Lanes = n/2, 1+n%2
					}
					got := Choose(c)
					if !slices.Contains(Algorithms(op), got.Algorithm) || !fits(got.Algorithm, &c) {
						t.Fatalf("%+v: %+v", c, got)
					}
					if chain := op == plan.Bcast && got.Algorithm == "chain"; chain != (got.Segments > 0) {
						t.Fatalf("%+v: %+v", c, got)
					}
				}
			}
		}
	}
}

func TestSegments(t *testing.T) {
	last := 0
	for bytes := 1; bytes > 0; bytes *= 2 {
		s := segments(&Case{Bytes: bytes, Ranks: 1 << 20, Nodes: 2})
		if s < 1 || s > 4096 || s&(s-1) != 0 || s < last {
			t.Errorf("%d bytes: %d segments, after %d", bytes, s, last)
		}
		last = s
	}
	if last != 4096 {
		t.Errorf("%d segments at most", last)
	}
}

// A board's size says what its cells are.
func TestBoardOf(t *testing.T) {
	for ranks := 2; ranks <= 1024; ranks++ {
		for cell := MinCell; cell <= 1<<20; cell *= 2 {
			cells, total := BoardSize(ranks, cell)
			if c, at, ok := BoardOf(ranks, total); c != cell || at != cells || !ok {
				t.Fatalf("%d ranks, %d bytes: cells of %d from %d on, %v; want %d from %d on", ranks, total, c, at, ok, cell, cells)
			}
			for _, n := range []int{0, total - 1, total + 1, 1 << 30} {
				if _, _, ok := BoardOf(ranks, n); ok {
					t.Fatalf("%d ranks: %d bytes are a board", ranks, n)
				}
			}
		}
	}
}
