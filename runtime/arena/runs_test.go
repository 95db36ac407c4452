package arena

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// verify checks every invariant of the allocator: the runs tile the pages, no two
// free ones touch, the tree holds the free ones in order and as a heap, and all
// counters are right.
func (r *runs) verify(page, pages uint32) error {
	var free, used, warmBig uint64
	inList := map[int32]bool{}
	at, prev := uint64(page), int32(0)
	for i := r.head; i != 0; prev, i = i, r.node[i].next {
		a := r.node[i]
		switch {
		case inList[i]:
			return fmt.Errorf("node %d is in the list twice", i)
		case a.prev != prev:
			return fmt.Errorf("node %d has prev %d, want %d", i, a.prev, prev)
		case uint64(a.page) != at || a.pages == 0:
			return fmt.Errorf("node %d has pages %d+%d, the one before ends at %d", i, a.page, a.pages, at)
		case a.free && prev != 0 && r.node[prev].free:
			return fmt.Errorf("nodes %d and %d are free neighbours", prev, i)
		case a.warm != r.warm.count(uint64(a.page), uint64(a.pages)):
			return fmt.Errorf("node %d counts %d warm pages, the bits say %d", i, a.warm, r.warm.count(uint64(a.page), uint64(a.pages)))
		case !a.free && a.warm != 0:
			return fmt.Errorf("node %d is used and warm", i)
		}
		inList[i] = true
		if a.free {
			free += uint64(a.pages)
			if a.pages >= bigRun {
				warmBig += uint64(a.warm)
			}
		} else {
			used++
		}
		at += uint64(a.pages)
	}
	if at != uint64(page)+uint64(pages) {
		return fmt.Errorf("the runs end at page %d, the region at %d", at, page+pages)
	}
	if free != r.free || warmBig != r.warmBig {
		return fmt.Errorf("free %d, warmBig %d; counted %d, %d", r.free, r.warmBig, free, warmBig)
	}
	var tree []int32
	var err error
	r.longestFirst(r.root, func(i int32) bool {
		for _, c := range []int32{r.node[i].left, r.node[i].right} {
			if c != 0 && r.priority(c) > r.priority(i) {
				err = fmt.Errorf("node %d has less priority than its child %d", i, c)
			}
		}
		if !inList[i] || !r.node[i].free {
			err = fmt.Errorf("node %d is in the tree and not free", i)
		}
		if n := len(tree); n > 0 && !r.less(i, tree[n-1]) {
			err = fmt.Errorf("nodes %d and %d are in the wrong order", tree[n-1], i)
		}
		tree = append(tree, i)
		return err == nil
	})
	if err != nil {
		return err
	}
	if n := len(inList) - int(used); n != len(tree) {
		return fmt.Errorf("%d free runs, %d in the tree", n, len(tree))
	}
	if n := len(r.node) - 1 - len(inList); n != len(r.spare) {
		return fmt.Errorf("%d slots are not in use, %d are spare", n, len(r.spare))
	}
	return nil
}

// pageMap is the dumb allocator: one entry for each page.
type pageMap []struct{ used, warm bool }

// fit looks at every free run: the shortest that is long enough, then the lowest.
func (m pageMap) fit(n int) (page int, ok bool) {
	best := len(m) + 1
	for i := 0; i < len(m); i++ {
		j := i
		for j < len(m) && !m[j].used {
			j++
		}
		if j-i >= n && j-i < best {
			page, best, ok = i, j-i, true
		}
		i = j
	}
	return page, ok
}

// bigWarm counts the warm pages of free runs of at least bigRun pages.
func (m pageMap) bigWarm() (n int) {
	for i := 0; i < len(m); i++ {
		j, w := i, 0
		for ; j < len(m) && !m[j].used; j++ {
			if m[j].warm {
				w++
			}
		}
		if j-i >= bigRun {
			n += w
		}
		i = j
	}
	return n
}

func TestRunsAgainstPageMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint32Range(1, 200).Draw(t, "first")
		total := rapid.SampledFrom([]uint32{1, 7, 64, 300, 2000}).Draw(t, "pages")
		keep := rapid.SampledFrom([]uint64{0, 10, 300, 1 << 30}).Draw(t, "keep")
		r, m := newRuns(first, total), make(pageMap, total)
		type block struct{ run, page, n int }
		var live []block

		free := func(k int) {
			b := live[k]
			live = slices.Delete(live, k, k+1)
			r.release(int32(b.run))
			for i := range b.n {
				m[b.page+i].used, m[b.page+i].warm = false, true
			}
			before := m.bigWarm()
			punched := 0
			given := r.trim(keep, func(off, n uint64) {
				for p := off / PageSize; p < (off+n)/PageSize; p++ {
					if p < uint64(first) || m[p-uint64(first)].used {
						t.Fatalf("punched page %d, which is in use", p)
					}
					if m[p-uint64(first)].warm {
						punched++
					}
					m[p-uint64(first)].warm = false
				}
			})
			want := 0
			if uint64(before) > keep {
				want = before - int(keep/2)
			}
			if punched != want || given != uint64(punched)*PageSize {
				t.Fatalf("gave back %d pages and said %d bytes; want %d of %d warm ones, keep is %d", punched, given, want, before, keep)
			}
		}

		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				n := rapid.Uint32Range(1, total+1).Draw(t, "n")
				if rapid.Bool().Draw(t, "small") {
					n = 1 + n%16
				}
				page, ok := m.fit(int(n))
				run := r.alloc(n)
				if (run != 0) != ok {
					t.Fatalf("alloc(%d) = %d, want success %v", n, run, ok)
				}
				if !ok {
					return
				}
				a := r.node[run]
				if a.free || a.pages != n || a.page != first+uint32(page) {
					t.Fatalf("alloc(%d) = %+v, want page %d", n, a, first+uint32(page))
				}
				for i := range int(n) {
					m[page+i].used, m[page+i].warm = true, false
				}
				live = append(live, block{int(run), page, int(n)})
			},
			"free": func(t *rapid.T) {
				if len(live) > 0 {
					free(rapid.IntRange(0, len(live)-1).Draw(t, "which"))
				}
			},
			"": func(t *rapid.T) {
				if err := r.verify(first, total); err != nil {
					t.Fatal(err)
				}
				for i := range m {
					if m[i].warm != (r.warm.count(uint64(first)+uint64(i), 1) == 1) {
						t.Fatalf("page %d: warm bit is wrong, want %v", i, m[i].warm)
					}
				}
			},
		})
		for len(live) > 0 {
			free(len(live) - 1)
		}
		if err := r.verify(first, total); err != nil {
			t.Fatal(err)
		}
		if a := r.node[r.root]; a.page != first || a.pages != total || a.next != 0 {
			t.Fatalf("all is free and the longest run is %+v", a)
		}
	})
}

// The tree stays shallow when runs come in the order that ruins a plain one.
func TestTreeDepth(t *testing.T) {
	const n = 1 << 12
	r := newRuns(1, n*(n+3)/2)
	var gaps []int32
	for i := range n { // free runs of 1, 2, 3 ... pages, each followed by a used page
		gaps = append(gaps, r.alloc(uint32(i+1)))
		r.alloc(1)
	}
	for _, g := range gaps {
		r.release(g)
	}
	must(t, r.verify(1, n*(n+3)/2))
	var depth func(i int32) int
	depth = func(i int32) int {
		if i == 0 {
			return 0
		}
		return 1 + max(depth(r.node[i].left), depth(r.node[i].right))
	}
	if d := depth(r.root); d > 4*12 { // expected about 2 ln n = 17, far from n
		t.Fatalf("%d free runs make a tree of depth %d", n, d)
	}
}

// A program that frees and allocates less than Keep never pays for giving back,
// and a heap gives back from the upper end.
func TestKeep(t *testing.T) {
	type hole struct{ off, n uint64 }
	var holes []hole
	const mib = 1 << 20
	h, _ := newHeap(t, 1+1+64*256, 0, Config{
		Blocks: 64, Keep: 8 * mib,
		Punch: func(off, n uint64) { holes = append(holes, hole{off, n}) },
	})
	for range 20 {
		a, _ := mustAlloc(t, h, 5*mib)
		b, _ := mustAlloc(t, h, 3*mib)
		must(t, h.Free(a))
		must(t, h.Free(b))
	}
	if len(holes) != 0 {
		t.Fatalf("gave back %v, though no more than Keep was ever free", holes)
	}
	a, _ := mustAlloc(t, h, 9*mib) // 9 MiB warm when it is freed
	must(t, h.Free(a))
	data := h.first * PageSize
	if want := (hole{data + 4*mib, 5 * mib}); len(holes) != 1 || holes[0] != want {
		t.Fatalf("gave back %v, want %v", holes, want)
	}
	if s := h.Stats(); s.Punched != 5*mib {
		t.Fatalf("stats %+v", s)
	}

	// Runs of less than 1 MiB stay, however much they are together.
	holes = nil
	var odd, even []Handle
	for i := range 60 {
		x, _ := mustAlloc(t, h, mib-PageSize)
		if i%2 == 0 {
			even = append(even, x)
		} else {
			odd = append(odd, x)
		}
	}
	for _, x := range odd {
		must(t, h.Free(x))
	}
	if len(holes) != 0 {
		t.Fatalf("gave back %v", holes)
	}
	for _, x := range even {
		must(t, h.Free(x))
	}
	if len(holes) == 0 || h.runs.warmBig > 8*256 {
		t.Fatalf("all is free, %d pages are kept, gave back %v", h.runs.warmBig, holes)
	}
	wantEmpty(t, h)
}

func TestBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 300
		b, model := newBitmap(size), make([]bool, size)
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			page := rapid.Uint64Range(0, size).Draw(t, "page")
			n := rapid.Uint64Range(0, size-page).Draw(t, "n")
			on := rapid.Bool().Draw(t, "on")
			b.set(page, n, on)
			for i := page; i < page+n; i++ {
				model[i] = on
			}
		}
		page := rapid.Uint64Range(0, size).Draw(t, "page")
		n := rapid.Uint64Range(0, size-page).Draw(t, "n")
		var marked []uint64
		for i := page; i < page+n; i++ {
			if model[i] {
				marked = append(marked, i)
			}
		}
		if got := b.count(page, n); int(got) != len(marked) {
			t.Fatalf("count(%d, %d) = %d, want %d", page, n, got, len(marked))
		}
		if len(marked) == 0 {
			return
		}
		c := rapid.IntRange(1, len(marked)).Draw(t, "c")
		from, to := b.top(page, n, uint32(c))
		if from != marked[len(marked)-c] || to != marked[len(marked)-1]+1 {
			t.Fatalf("top(%d, %d, %d) = [%d, %d); marked: %v", page, n, c, from, to, marked)
		}
	})
}
