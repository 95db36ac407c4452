package plan

import (
	"strings"
	"testing"
)

// The machine sees every kind of broken plan.
func TestMachine(t *testing.T) {
	send := func(peer, off, n int) Step { return Step{Kind: Send, Peer: int32(peer), Off: off, Len: n} }
	recv := func(peer, off, n int) Step { return Step{Kind: Recv, Buf: Dst, Peer: int32(peer), Off: off, Len: n} }
	end := func(s Step) Step { s.End = true; return s }
	good := [2][]Step{{send(1, 0, 2), end(recv(1, 0, 2))}, {send(0, 0, 2), end(recv(0, 0, 2))}}
	for _, c := range []struct {
		name  string
		plans [2][]Step
		eager bool
		want  string // in the error; "" is none
	}{
		{"good", good, false, ""},
		{"good eager", good, true, ""},
		{"sends first", [2][]Step{{end(send(1, 0, 2)), end(recv(1, 0, 2))}, {end(send(0, 0, 2)), end(recv(0, 0, 2))}}, false, "deadlock: ranks 0 1"},
		{"sends first eager", [2][]Step{{end(send(1, 0, 2)), end(recv(1, 0, 2))}, {end(send(0, 0, 2)), end(recv(0, 0, 2))}}, true, ""},
		{"receives first", [2][]Step{{end(recv(1, 0, 2)), end(send(1, 0, 2))}, {end(recv(0, 0, 2)), end(send(0, 0, 2))}}, true, "deadlock: ranks 0 1"},
		{"one waits", [2][]Step{{end(recv(1, 0, 2))}, nil}, false, "deadlock: ranks 0"},
		{"one sends", [2][]Step{{end(send(1, 0, 2))}, nil}, false, "deadlock: ranks 0"},
		{"one sends eager", [2][]Step{{end(send(1, 0, 2))}, nil}, true, "unread data: 1 messages from 0 to 1"},
		{"length", [2][]Step{{end(send(1, 0, 2))}, {end(recv(0, 0, 1))}}, false, "2 units from 0 for a receive of 1"},
		{"beyond", [2][]Step{{end(send(1, 1, 4))}, {end(recv(0, 0, 4))}}, false, "leaves a buffer of 4"},
		{"peer", [2][]Step{{end(send(2, 0, 1))}, nil}, false, "peer out of range"},
		{"self", [2][]Step{{end(send(0, 0, 1))}, nil}, false, "peer out of range"},
		{"input", [2][]Step{{end(Step{Kind: Copy, Buf: Src, From: Src, Fro: 2, Len: 1})}, nil}, false, "writes its input"},
		{"unwritten", [2][]Step{{end(Step{Kind: Send, Buf: Tmp, Peer: 1, Len: 1})}, {end(recv(0, 0, 1))}}, false, "never written"},
		{"unwritten copy", [2][]Step{{end(Step{Kind: Copy, Buf: Dst, From: Tmp, Len: 1})}, nil}, false, "never written"},
		{"unwritten fold", [2][]Step{{end(Step{Kind: Fold, Buf: Dst, From: Src, Len: 1})}, nil}, false, "never written"},
		{"other element", [2][]Step{{end(send(1, 1, 1))}, {end(Step{Kind: RecvFold, Buf: Dst, From: Src, Len: 1})}}, false, "folds element 0 with element 1"},
		{"no end", [2][]Step{{send(1, 0, 1)}, {end(recv(0, 0, 1))}}, false, "no end"},
		{"two writers", [2][]Step{{end(send(1, 0, 2)), end(send(1, 0, 2))}, {recv(0, 0, 2), end(recv(0, 1, 2))}}, false, "in one group"},
		{"read and write", [2][]Step{{end(recv(1, 0, 2))}, {end(send(0, 0, 2)),
			{Kind: Copy, Buf: Dst, From: Src, Len: 2}, end(Step{Kind: Send, Buf: Dst, Off: 1, Len: 1})}}, false, "in one group"},
		{"onto itself", [2][]Step{{end(Step{Kind: Copy, Buf: Dst, From: Dst, Fro: 1, Len: 2})}, nil}, false, "overlaps itself"},
	} {
		m := &machine{eager: c.eager}
		for r, steps := range c.plans {
			m.plans = append(m.plans, Plan{Steps: steps, Scratch: 4})
			m.mem = append(m.mem, memory{{leaf(r, 0), leaf(r, 1), leaf(r, 2), leaf(r, 3)}, make([]val, 4), make([]val, 4)})
		}
		switch err := m.run(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Folds are told apart by who is in them, how often and in which order.
func TestVal(t *testing.T) {
	fold := func(ranks ...int) val {
		v := leaf(ranks[0], 0)
		for _, r := range ranks[1:] {
			var err error
			if v, err = join(v, leaf(r, 0)); err != nil {
				t.Fatal(err)
			}
		}
		return v
	}
	in, out, twice, other := fold(0, 1, 2), fold(0, 2, 1), fold(0, 1, 1), fold(0, 1, 3)
	if in.lo != 0 || in.hi != 3 || out.hi != -1 {
		t.Errorf("order: %+v, %+v", in, out)
	}
	if in.sum != out.sum || in.sum == twice.sum || in.sum == other.sum {
		t.Errorf("sets: %v %v %v %v", in.sum, out.sum, twice.sum, other.sum)
	}
	right, err := join(leaf(0, 0), fold(1, 2))
	if err != nil || right.sum != in.sum || right.lo != 0 || right.hi != 3 || right.tree == in.tree {
		t.Errorf("tree: %+v, %+v, %v", in, right, err)
	}
}
