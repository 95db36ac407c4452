package plan

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Plans of tens of thousands of ranks are not run, but those of some ranks are laid beside those of their peers:
// what one sends is what the other waits for, in the same order, and no step leaves its buffers.
func TestThousands(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		rnd := rand.New(rand.NewPCG(3, uint64(op)))
		for _, n := range []int{1000, 1023, 1024, 1025, 4097, 65535, 65536} {
			if brief && n > 1025 {
				continue
			}
			q := &problem{op: op, alg: a.name, n: n, root: rnd.IntN(n), count: 1 + rnd.IntN(3), segment: 1000, ordered: a.ordered}
			if vector(op) && rnd.IntN(2) == 0 {
				q.count = n + rnd.IntN(n)
			}
			if a.counts && op != Alltoall && n < 5000 {
				q.counts = uneven(rnd, n)
			}
			for _, r := range []int{0, n - 1, q.root, rnd.IntN(n)} {
				if n > 5000 && (r == 0 || r == n-1) && rnd.IntN(4) > 0 {
					continue
				}
				sampleRank(t, rnd, q, r)
			}
		}
	})
}

func (q *problem) plan(t *testing.T, r int) Plan {
	p, err := For(q.op, q.alg, q.args(r))
	if err != nil {
		t.Fatalf("%v: rank %d: %v", q, r, err)
	}
	return p
}

func sampleRank(t *testing.T, rnd *rand.Rand, q *problem, r int) {
	p := q.plan(t, r)
	m := machine{plans: make([]Plan, q.n), mem: make([]memory, q.n)}
	m.mem[r] = memory{q.src(r), make([]val, len(q.want(r))), make([]val, p.Scratch)}
	seen := make(map[int]bool)
	var peers []int
	for _, s := range p.Steps {
		if err := m.check(r, s); err != nil {
			t.Fatalf("%v: rank %d: %v: %v", q, r, s, err)
		}
		if s.Kind <= RecvFoldBefore && !seen[int(s.Peer)] {
			seen[int(s.Peer)] = true
			peers = append(peers, int(s.Peer))
		}
	}
	if q.n > 1 && q.op == Barrier && len(peers) == 0 {
		t.Fatalf("%v: rank %d talks to nobody", q, r)
	}
	rnd.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
	peers = append(peers[:min(len(peers), 3)], rnd.IntN(q.n)) // one that may be no peer at all
	for _, x := range peers {
		if x == r {
			continue
		}
		theirs := q.plan(t, x)
		if out, in := lengths(p, x, true), lengths(theirs, r, false); !slices.Equal(out, in) {
			t.Fatalf("%v: rank %d sends %v to %d, which waits for %v", q, r, out, x, in)
		}
		if out, in := lengths(theirs, r, true), lengths(p, x, false); !slices.Equal(out, in) {
			t.Fatalf("%v: rank %d sends %v to %d, which waits for %v", q, x, out, r, in)
		}
	}
}

// lengths returns those of the messages to peer, or from it.
func lengths(p Plan, peer int, sends bool) []int {
	var n []int
	for _, s := range p.Steps {
		if int(s.Peer) == peer && (sends && s.Kind == Send || !sends && s.Receives()) {
			n = append(n, s.Len)
		}
	}
	return n
}
