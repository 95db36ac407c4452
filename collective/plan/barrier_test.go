package plan

import "testing"

// After a barrier's last round everybody has heard, maybe through others, that everybody has come; before it, not. A
// rank hears only from those whose messages it has, not from those who took its own.
func TestBarrierHears(t *testing.T) {
	for _, a := range algorithms(Barrier) {
		for n := 1; n <= 64; n++ {
			plans, at := make([]Plan, n), make([]int, n)
			heard := make([]uint64, n)
			for r := range n {
				var err error
				if plans[r], err = For(Barrier, a.name, Args{Size: n, Rank: r}); err != nil {
					t.Fatal(err)
				}
				heard[r] = 1 << r
			}
			all := ^uint64(0) >> (64 - n)
			for at[0] < len(plans[0].Steps) {
				next := make([]uint64, n)
				for r, p := range plans {
					if heard[r] == all {
						t.Fatalf("%d ranks: rank %d goes on though it has heard of all", n, r)
					}
					next[r] = heard[r]
					for _, s := range p.Group(at[r]) {
						if s.Receives() {
							next[r] |= heard[s.Peer]
						}
					}
				}
				for r, p := range plans {
					at[r] += len(p.Group(at[r]))
				}
				heard = next
			}
			for r, h := range heard {
				if h != all || at[r] != len(plans[r].Steps) {
					t.Fatalf("%d ranks: rank %d has heard of %b", n, r, h)
				}
			}
		}
	}
}
