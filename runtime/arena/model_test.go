package arena

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// nodeModel is a node of ranks as plain Go data: which blocks live, who has
// them, what is in them, and which handles must never work again.
type nodeModel struct {
	heaps []*Heap
	views [][]*View // [rank][owner]
	live  []*modelBlock
	dead  []Handle
	next  byte
}

type modelBlock struct {
	h            Handle
	holder, peer int // peer >= 0: moving
	returned     bool
	mem          []byte // as Alloc gave it
	byte         byte
}

func newNode(t rapid.TB, ranks, pages int) *nodeModel {
	m := &nodeModel{views: make([][]*View, ranks)}
	for owner := range ranks {
		mem := region(t, pages)
		h, err := New(mem, owner, Config{Blocks: 64, Keep: 16 * PageSize, Punch: func(off, n uint64) {
			fill(mem[off:off+n], 0xEE) // worse than the zeros of a real hole
		}})
		must(t, err)
		m.heaps = append(m.heaps, h)
		for rank := range ranks {
			v, err := Open(mem, owner)
			must(t, err)
			m.views[rank] = append(m.views[rank], v)
		}
	}
	return m
}

// pick draws a live block that has not been freed, of those that ok accepts.
func (m *nodeModel) pick(t *rapid.T, ok func(b *modelBlock) bool) *modelBlock {
	var of []*modelBlock
	for _, b := range m.live {
		if !b.returned && ok(b) {
			of = append(of, b)
		}
	}
	if len(of) == 0 {
		t.Skip("no such block")
	}
	return of[rapid.IntRange(0, len(of)-1).Draw(t, "block")]
}

func held(b *modelBlock) bool   { return b.peer < 0 }
func moving(b *modelBlock) bool { return b.peer >= 0 }

// drop forgets blocks: their pages may be used again.
func (m *nodeModel) drop(gone func(b *modelBlock) bool) (n int) {
	var left []*modelBlock
	for _, b := range m.live {
		if gone(b) {
			n++
			if !b.returned {
				m.dead = append(m.dead, b.h)
			}
		} else {
			left = append(left, b)
		}
	}
	m.live = left
	return n
}

func (m *nodeModel) returnedTo(owner int) func(*modelBlock) bool {
	return func(b *modelBlock) bool { return b.returned && int(b.h.Owner) == owner }
}

func (m *nodeModel) verify(t *rapid.T) {
	taken := map[uintptr]*modelBlock{}
	for owner, h := range m.heaps {
		if err := h.runs.verify(uint32(h.first), uint32(h.pages-h.first)); err != nil {
			t.Fatalf("rank %d: %v", owner, err)
		}
	}
	var count, bytes, capacity [8]uint64
	for _, b := range m.live {
		pages := (len(b.mem) + PageSize - 1) / PageSize
		count[b.h.Owner]++
		bytes[b.h.Owner] += uint64(len(b.mem))
		capacity[b.h.Owner] += uint64(pages) * PageSize
		for i := range pages {
			at := uintptr(unsafe.Pointer(&b.mem[0])) + uintptr(i)*PageSize
			if at%PageSize != 0 || taken[at] != nil {
				t.Fatalf("page %#x of %v: not aligned, or also in %v", at, b.h, taken[at])
			}
			taken[at] = b
		}
		for i, x := range b.mem {
			if x != b.byte {
				t.Fatalf("byte %d of %v is %#x, want %#x", i, b.h, x, b.byte)
			}
		}
		if b.returned {
			continue
		}
		for rank := range m.views {
			p, err := m.views[rank][b.h.Owner].Bytes(b.h)
			if held(b) {
				if err != nil || len(p) != len(b.mem) || len(p) > 0 && &p[0] != &b.mem[0] {
					t.Fatalf("rank %d: %v: %d bytes, %v", rank, b.h, len(p), err)
				}
			} else if !errors.Is(err, ErrDead) {
				t.Fatalf("rank %d: %v is moving and has bytes: %v", rank, b.h, err)
			}
		}
	}
	for owner, h := range m.heaps {
		s := h.Stats()
		if s.Damaged != 0 || s.Blocks != int(count[owner]) || s.Bytes != bytes[owner] || s.Capacity != capacity[owner] {
			t.Fatalf("rank %d: %+v, want %d blocks, %d bytes, %d capacity", owner, s, count[owner], bytes[owner], capacity[owner])
		}
	}
	for _, x := range m.dead {
		if _, err := m.views[0][x.Owner].Bytes(x); !errors.Is(err, ErrDead) {
			t.Fatalf("%v came back to life: %v", x, err)
		}
	}
}

func TestNodeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ranks := rapid.IntRange(1, 3).Draw(t, "ranks")
		m := newNode(t, ranks, 2+rapid.SampledFrom([]int{3, 30, 600}).Draw(t, "pages"))
		rank := rapid.IntRange(0, ranks-1)
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				r := rank.Draw(t, "rank")
				n := rapid.OneOf(rapid.IntRange(0, 3*PageSize), rapid.IntRange(0, 300*PageSize)).Draw(t, "n")
				m.drop(m.returnedTo(r)) // Alloc takes them back, whether it succeeds or not
				x, mem, err := m.heaps[r].Alloc(n)
				if err != nil {
					if !errors.Is(err, ErrNoSpace) || uint64(n) <= m.heaps[r].Stats().Longest && m.heaps[r].Stats().Blocks < 64 {
						t.Fatalf("Alloc(%d): %v with %+v", n, err, m.heaps[r].Stats())
					}
					return
				}
				m.next++
				fill(mem, m.next)
				m.live = append(m.live, &modelBlock{h: x, holder: r, peer: -1, mem: mem, byte: m.next})
			},
			"free": func(t *rapid.T) {
				b := m.pick(t, held)
				if int(b.h.Owner) == b.holder {
					if err := m.heaps[b.holder].Free(b.h); err != nil {
						t.Fatal(err)
					}
					m.drop(func(c *modelBlock) bool { return c == b })
					return
				}
				if err := m.views[b.holder][b.h.Owner].Free(b.h); err != nil {
					t.Fatal(err)
				}
				m.dead = append(m.dead, b.h)
				b.returned = true
			},
			"release": func(t *rapid.T) {
				b, to := m.pick(t, held), rank.Draw(t, "to")
				x, err := m.views[b.holder][b.h.Owner].Release(b.h, to)
				if err != nil {
					t.Fatal(err)
				}
				m.dead = append(m.dead, b.h)
				b.h, b.peer = x, to
			},
			"accept": func(t *rapid.T) {
				b := m.pick(t, moving)
				if rapid.Bool().Draw(t, "take back") {
					b.peer = b.holder
				}
				x, err := m.views[b.peer][b.h.Owner].Accept(b.h, b.peer)
				if err != nil {
					t.Fatal(err)
				}
				m.dead = append(m.dead, b.h)
				b.h, b.holder, b.peer = x, b.peer, -1
			},
			"use a dead handle": func(t *rapid.T) {
				if len(m.dead) == 0 {
					t.Skip("none yet")
				}
				x := rapid.SampledFrom(m.dead).Draw(t, "handle")
				wantDead(t, m.heaps[x.Owner], m.views[rank.Draw(t, "rank")][x.Owner], x)
			},
			"reclaim": func(t *rapid.T) {
				r := rank.Draw(t, "rank")
				want := m.drop(m.returnedTo(r))
				if n, err := m.heaps[r].Reclaim(); n != want || err != nil {
					t.Fatalf("Reclaim() = %d, %v; want %d", n, err, want)
				}
			},
			"rank dies": func(t *rapid.T) { // and is replaced by one with the same number
				r := rank.Draw(t, "rank")
				for owner, h := range m.heaps {
					if owner == r {
						continue
					}
					m.drop(m.returnedTo(owner))
					want := m.drop(func(b *modelBlock) bool {
						return int(b.h.Owner) == owner && (b.holder == r || b.peer == r)
					})
					if n, err := h.ReclaimHolder(r); n != want || err != nil {
						t.Fatalf("ReclaimHolder(%d) = %d, %v; want %d", r, n, err, want)
					}
				}
			},
			"": m.verify,
		})
		for _, b := range m.live {
			if b.returned {
				continue
			}
			x := b.h
			if moving(b) {
				var err error
				if x, err = m.views[b.peer][x.Owner].Accept(x, b.peer); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.views[0][x.Owner].Free(x); err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range m.heaps {
			wantEmpty(t, h)
		}
	})
}

// Generations wrap and leave out 0.
func TestGenerationWraps(t *testing.T) {
	h, v := newHeap(t, 16, 0, Config{})
	x, _ := mustAlloc(t, h, 1)
	must(t, h.Free(x))
	h.recs[x.Block].gen = 1<<32 - 3
	var gens []uint32
	for range 3 {
		x, _ := mustAlloc(t, h, 1)
		m, err := v.Release(x, 0)
		must(t, err)
		y, err := v.Accept(m, 0)
		must(t, err)
		gens = append(gens, x.Gen, m.Gen, y.Gen)
		must(t, h.Free(y))
		for _, z := range []Handle{x, m, y} {
			wantDead(t, h, v, z)
		}
	}
	if got, want := fmt.Sprint(gens), "[4294967294 4294967295 1 3 4 5 7 8 9]"; got != want {
		t.Fatalf("generations %v, want %v", got, want)
	}
	wantEmpty(t, h)
}
