package match

import "testing"

// After the first round of each pattern nothing allocates, short or long,
// exact or wildcard.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, backlog := range []int32{0, 4, 100, 3000} {
		q := New[*int, *int](8)
		v := new(int)
		for i := range backlog { // other contexts' entries, which nothing below matches
			q.Post(8, i%8, i, v)
			q.Post(8, AnySource, i, v)
			q.AddUnexpected(9, i%8, i, v)
		}
		patterns := map[string]func(){
			"post, arrive": func() {
				for i := range int32(20) {
					q.Post(1, i%8, i, v)
				}
				for i := range int32(20) {
					if _, ok := q.Arrive(1, i%8, i); !ok {
						t.Error("no match")
					}
				}
			},
			"unexpected, post": func() {
				for i := range int32(40) {
					q.AddUnexpected(1, i%8, i, v)
				}
				for i := int32(39); i >= 0; i-- {
					src, tag := i%8, i
					switch i % 4 {
					case 1:
						src = AnySource
					case 2:
						tag = AnyTag
					case 3:
						src, tag = AnySource, AnyTag
					}
					if _, ok, _ := q.Post(1, src, tag, v); !ok {
						q.Take(1, AnySource, AnyTag)
					}
				}
				q.RemoveUnexpected(func(ctx uint32, _, _ int32, _ *int) bool { return ctx == 1 }, func(*int) {})
				q.RemovePosted(func(ctx uint32, _, _ int32, _ *int) bool { return ctx == 1 }, func(*int) {})
			},
			"post, cancel": func() {
				_, _, a := q.Post(1, 1, 1, v)
				_, _, b := q.Post(1, AnySource, AnyTag, v)
				q.Cancel(a)
				q.Cancel(a)
				q.Cancel(b)
			},
		}
		for name, f := range patterns {
			f() // warm-up
			if n := min(testing.AllocsPerRun(5, f), testing.AllocsPerRun(5, f)); n != 0 {
				t.Errorf("%s on a backlog of %d: %v allocations a round", name, backlog, n)
			}
		}
		if err := audit(q); err != nil {
			t.Error(err)
		}
	}
}
