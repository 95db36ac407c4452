package plan

import (
	"slices"
	"testing"
)

// A plan for Units stands for those of all lengths: it only has to be scaled. Where vectors are cut, scratch is one more vector,
// so that it can end where the others do.
func TestUnits(t *testing.T) {
	each(t, func(t *testing.T, op Op, a algorithm) {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 13, 64, 100} {
			const scale = 7
			u := Units(op, a.name, n)
			if u == 0 {
				u = 5
			}
			for r := range n {
				small, err := For(op, a.name, Args{Size: n, Rank: r, Root: n / 3, Count: u, Segment: 1})
				if err != nil {
					t.Fatal(err)
				}
				large, err := For(op, a.name, Args{Size: n, Rank: r, Root: n / 3, Count: scale * u, Segment: scale})
				if err != nil {
					t.Fatal(err)
				}
				if u > 1 && small.Scratch != 0 && small.Scratch != u {
					t.Fatalf("rank %d of %d: scratch of %d, want that of a vector, %d", r, n, small.Scratch, u)
				}
				small.Scratch *= scale
				for i := range small.Steps {
					s := &small.Steps[i]
					s.Off, s.Fro, s.Len = scale*s.Off, scale*s.Fro, scale*s.Len
				}
				if small.Scratch != large.Scratch || !slices.Equal(small.Steps, large.Steps) {
					t.Fatalf("rank %d of %d: %d times the plan for %d units is\n%v\nand not\n%v", r, n, scale, u, small, large)
				}
			}
		}
	})
}
