package arena

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/invariants"
)

func TestAllocGivesAlignedDisjointBlocks(t *testing.T) {
	h, v := newHeap(t, 64, 3, Config{})
	var all []Handle
	for i, n := range []int{1, 4095, 4096, 4097, 0, 20000} {
		x, b := mustAlloc(t, h, n)
		if len(b) != n || cap(b) != n {
			t.Fatalf("Alloc(%d): len %d cap %d", n, len(b), cap(b))
		}
		if n > 0 && uintptr(unsafe.Pointer(&b[0]))%PageSize != 0 {
			t.Fatalf("Alloc(%d) at %p is not page aligned", n, &b[0])
		}
		if x.Owner != 3 || x.Off != 0 || x.Len != uint64(n) {
			t.Fatalf("Alloc(%d) = %v", n, x)
		}
		fill(b, byte(i+1))
		all = append(all, x)
	}
	for i, x := range all {
		b, err := v.Bytes(x)
		must(t, err)
		wantFilled(t, b, byte(i+1))
	}
	s := h.Stats()
	if s.Blocks != 6 || s.Bytes != 1+4095+4096+4097+20000 || s.Capacity != (1+1+1+2+5)*PageSize || s.HighWater != s.Capacity {
		t.Fatalf("stats %+v", s)
	}
	for _, x := range all {
		must(t, h.Free(x))
		wantDead(t, h, v, x)
	}
	wantEmpty(t, h)
	if h.Stats().HighWater != s.Capacity {
		t.Fatal("the high water mark went down")
	}
}

func TestNoSpaceNamesSizes(t *testing.T) {
	h, _ := newHeap(t, 10, 0, Config{Blocks: 64}) // 8 data pages
	a, _ := mustAlloc(t, h, 3*PageSize)
	b, _ := mustAlloc(t, h, 2*PageSize)
	must(t, h.Free(a)) // free: 3 pages, and 3 pages behind b
	_, _, err := h.Alloc(4 * PageSize)
	wantErr(t, "Alloc", err, ErrNoSpace)
	for _, want := range []string{"16384 bytes", "12288 bytes", "24576 of 32768", "rank 0"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	_, _, err = h.Alloc(math.MaxInt/2 + 1)
	wantErr(t, "Alloc of nearly everything", err, ErrNoSpace)
	must(t, h.Free(b))
	wantEmpty(t, h)
}

func TestDescriptorsRunOut(t *testing.T) {
	h, _ := newHeap(t, 64, 0, Config{Blocks: 3})
	var all []Handle
	for range 3 {
		x, _ := mustAlloc(t, h, 0)
		all = append(all, x)
	}
	_, _, err := h.Alloc(0)
	wantErr(t, "Alloc", err, ErrNoSpace)
	must(t, h.Free(all[1]))
	x, _ := mustAlloc(t, h, 1)
	if x.Block != all[1].Block || x.Gen == all[1].Gen {
		t.Fatalf("the block used again is %v, before it was %v", x, all[1])
	}
}

// Blocks that others freed are found by the next Alloc, without Reclaim.
func TestRemoteFreeComesBack(t *testing.T) {
	h, v := newHeap(t, 10, 0, Config{Blocks: 64})
	for range 100 {
		a, _ := mustAlloc(t, h, 4*PageSize)
		b, _ := mustAlloc(t, h, 4*PageSize)
		must(t, v.Free(a))
		must(t, v.Free(b))
		wantDead(t, h, v, a)
		if n := h.Stats().Blocks; n != 2 {
			t.Fatalf("%d blocks in use before the owner looked, want 2", n)
		}
	}
	if n, err := h.Reclaim(); n != 2 || err != nil {
		t.Fatalf("Reclaim() = %d, %v", n, err)
	}
	if n, err := h.Reclaim(); n != 0 || err != nil {
		t.Fatalf("second Reclaim() = %d, %v", n, err)
	}
	if s := h.Stats(); s.Reclaimed != 200 || s.Damaged != 0 {
		t.Fatalf("stats %+v", s)
	}
	wantEmpty(t, h)
}

func TestReclaimHolder(t *testing.T) {
	h, v := newHeap(t, 64, 0, Config{})
	move := func(from Handle, to int) Handle {
		m, err := v.Release(from, to)
		must(t, err)
		return m
	}
	accept := func(m Handle, by int) Handle {
		x, err := v.Accept(m, by)
		must(t, err)
		return x
	}
	alloc := func() Handle { x, _ := mustAlloc(t, h, 100); return x }

	own := alloc()
	alive := accept(move(alloc(), 1), 1)
	heldByDead := accept(move(alloc(), 2), 2)
	toDead := move(alloc(), 2)
	fromDead := move(accept(move(alloc(), 2), 2), 1)
	toAlive := move(alloc(), 1)
	freedByDead := accept(move(alloc(), 2), 2)
	must(t, v.Free(freedByDead))
	halfFreed := accept(move(alloc(), 2), 2)
	if _, f := v.giveBack(halfFreed, StateReturned); f != okay { // died before the push
		t.Fatal(f)
	}

	n, err := h.ReclaimHolder(2)
	if n != 4 || err != nil {
		t.Fatalf("ReclaimHolder(2) = %d, %v; want 4: held, to, from, half freed", n, err)
	}
	for _, x := range []Handle{heldByDead, toDead, fromDead, freedByDead, halfFreed} {
		wantDead(t, h, v, x)
	}
	if n, err := h.ReclaimHolder(2); n != 0 || err != nil {
		t.Fatalf("again: %d, %v", n, err)
	}
	for _, bad := range []int{-1, 0, MaxRank + 1} {
		_, err := h.ReclaimHolder(bad)
		wantErr(t, "ReclaimHolder", err, ErrRank)
	}

	want := []Block{
		{State: StateHeld, Holder: 0, Peer: -1},
		{State: StateHeld, Holder: 1, Peer: -1},
		{State: StateMoving, Holder: 0, Peer: 1},
	}
	for i, x := range []Handle{own, alive, toAlive} {
		want[i].Block, want[i].Gen, want[i].Bytes = int(x.Block), x.Gen, 100
	}
	live := h.Live()
	if !slices.Equal(live, want) {
		t.Fatalf("Live() = %v, want %v", live, want)
	}
	var lines []string
	for _, b := range live {
		lines = append(lines, b.String())
	}
	for i, want := range []string{"held by rank 0", "held by rank 1", "sent by rank 0 to rank 1 and not received"} {
		if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], "100 bytes") {
			t.Errorf("report %q does not say %q", lines[i], want)
		}
	}
	must(t, h.Free(own))
	must(t, v.Free(alive))
	must(t, v.Free(accept(toAlive, 1)))
	wantEmpty(t, h)
}

// The control word after each step is what the table in layout.go promises.
func TestControlWords(t *testing.T) {
	h, v := newHeap(t, 16, 3, Config{})
	x, _ := mustAlloc(t, h, 1)
	d := h.desc(x.Block)
	want := func(step string, gen uint32, s State, holder, peer uint32) {
		t.Helper()
		if c := d.ctl.Load(); ctlGen(c) != gen || ctlState(c) != s || ctlHolder(c) != holder || ctlPeer(c) != peer {
			t.Fatalf("after %s: generation %d, %v, holder %d, peer %d; want %d, %v, %d, %d",
				step, ctlGen(c), ctlState(c), ctlHolder(c), ctlPeer(c), gen, s, holder, peer)
		}
	}
	want("Alloc", 1, StateHeld, 3, 0)
	m, err := v.Release(x, MaxRank)
	must(t, err)
	want("Release", 2, StateMoving, 3, MaxRank)
	y, err := v.Accept(m, MaxRank)
	must(t, err)
	want("Accept", 3, StateHeld, MaxRank, 0)
	must(t, v.Free(y))
	want("View.Free", 4, StateReturned, MaxRank, 0)
	_, err = h.Reclaim()
	must(t, err)
	want("Reclaim", 4, StateFree, 0, 0)
	x, _ = mustAlloc(t, h, 1)
	want("Alloc", 5, StateHeld, 3, 0)
	must(t, h.Free(x))
	want("Heap.Free", 6, StateFree, 0, 0)
	if where, n := d.where.Load(), d.length.Load(); where != 1<<32|h.first || n != 1 {
		t.Fatalf("where %#x, length %d", where, n)
	}
}

// An empty slice never points one past the end of the region.
func TestEmptyBytesPointInside(t *testing.T) {
	h, v := newHeap(t, 8, 0, Config{Blocks: 64})
	x, _ := mustAlloc(t, h, 6*PageSize) // all there is
	end, err := x.Sub(x.Len, 0)
	must(t, err)
	b, err := v.Bytes(end)
	must(t, err)
	w, err := v.Window(h.size, 0)
	must(t, err)
	for _, b := range [][]byte{b, w} {
		if b == nil || len(b) != 0 || cap(b) != 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b))) >= uintptr(h.base)+uintptr(h.size) {
			t.Fatalf("len %d cap %d at %p", len(b), cap(b), unsafe.SliceData(b))
		}
	}
}

func TestClose(t *testing.T) {
	h, v := newHeap(t, 16, 0, Config{})
	a, _ := mustAlloc(t, h, 5)
	b, _ := mustAlloc(t, h, 5)
	must(t, h.Close())
	_, _, err := h.Alloc(1)
	wantErr(t, "Alloc", err, ErrClosed)
	wantErr(t, "Close", h.Close(), ErrClosed)
	if _, err := v.Bytes(a); err != nil {
		t.Fatalf("a block that is left: %v", err)
	}
	must(t, h.Free(a))
	must(t, v.Free(b))
	wantEmpty(t, h)
}

func TestNewRefuses(t *testing.T) {
	mem := region(t, 64)
	for _, c := range []struct {
		name  string
		mem   []byte
		owner int
		cfg   Config
		want  error
	}{
		{"nothing", nil, 0, Config{}, ErrRegion},
		{"two pages", mem[:2*PageSize], 0, Config{}, ErrRegion},
		{"part of a page", mem[:3*PageSize+1], 0, Config{}, ErrRegion},
		{"crooked address", mem[8 : 8+8*PageSize], 0, Config{}, ErrRegion},
		{"negative owner", mem, -1, Config{}, ErrRank},
		{"owner too large", mem, MaxRank + 1, Config{}, ErrRank},
		{"negative blocks", mem, 0, Config{Blocks: -1}, ErrRegion},
		{"table leaves no page", mem, 0, Config{Blocks: 63 * 64}, ErrRegion},
		{"table is enormous", mem, 0, Config{Blocks: 1 << (bits.UintSize * 5 / 8)}, ErrRegion},
	} {
		if _, err := New(c.mem, c.owner, c.cfg); err == nil {
			t.Errorf("%s: no error", c.name)
		} else {
			wantErr(t, c.name, err, c.want)
		}
	}
	if !bytes.Equal(mem, make([]byte, len(mem))) {
		t.Fatal("a refused New wrote to the memory")
	}
	if _, err := New(mem, 0, Config{Blocks: 62 * 64}); err != nil {
		t.Errorf("one data page: %v", err)
	}
	_, err := New(mem, 0, Config{})
	wantErr(t, "New twice", err, ErrRegion)
	clear(mem[:8]) // the magic is gone, the rest is as it was
	(*header)(unsafe.Pointer(&mem[0])).freed.Store(1)
	_, err = New(mem, 0, Config{})
	wantErr(t, "an old list", err, ErrRegion)
}

func TestOpenRefuses(t *testing.T) {
	fresh := region(t, 8)
	_, err := Open(fresh, 0)
	wantErr(t, "no heap yet", err, ErrRegion)

	for name, damage := range map[string]func(h *header){
		"magic":     func(h *header) { h.magic.Store(magic + 1) },
		"version":   func(h *header) { h.shape.Add(1 << 32) },
		"size":      func(h *header) { h.size.Add(PageSize) },
		"owner":     func(h *header) { h.owner.Store(4) },
		"owner<<32": func(h *header) { h.owner.Store(1<<32 + 5) },
		"no blocks": func(h *header) { h.shape.Store(version << 32) },
		"blocks":    func(h *header) { h.shape.Store(version<<32 | maxPages) },
	} {
		mem := region(t, 8)
		if _, err := New(mem, 5, Config{}); err != nil {
			t.Fatal(err)
		}
		if v, err := Open(mem, 5); err != nil || v.Owner() != 5 {
			t.Fatal(v, err)
		}
		damage((*header)(unsafe.Pointer(&mem[0])))
		_, err := Open(mem, 5)
		wantErr(t, name, err, ErrRegion)
	}

	mem := region(t, 8)
	if _, err := New(mem, 5, Config{}); err != nil {
		t.Fatal(err)
	}
	_, err = Open(mem, 6)
	wantErr(t, "another rank's", err, ErrRegion)
	_, err = Open(mem[:7*PageSize], 5)
	wantErr(t, "a part of it", err, ErrRegion)
}

func TestFreedBlocksArePoisoned(t *testing.T) {
	if !invariants.Enabled {
		t.Skip("this build does not poison; run with -tags invariants or -race")
	}
	h, v := newHeap(t, 16, 0, Config{})
	a, b := mustAlloc(t, h, 5000)
	fill(b, 1)
	must(t, h.Free(a))
	wantFilled(t, b, poisonByte)

	a, b = mustAlloc(t, h, 5000)
	fill(b, 1)
	must(t, v.Free(a))
	wantFilled(t, b, 1) // not before the owner takes it back
	if _, err := h.Reclaim(); err != nil {
		t.Fatal(err)
	}
	wantFilled(t, b, poisonByte)
}

func TestMisusePanics(t *testing.T) {
	h, _ := newHeap(t, 16, 0, Config{})
	for want, f := range map[string]func(){
		"arena: Alloc of a negative size":               func() { _, _, _ = h.Alloc(-1) },
		"arena: Encode into less than HandleSize bytes": func() { Handle{}.Encode(make([]byte, HandleSize-1)) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
	mustAlloc(t, h, 1) // the mutex is not left locked
}

// Held counts what a rank holds, whoever looks: neither blocks on their way nor free ones.
func TestHeld(t *testing.T) {
	h, v := newHeap(t, 64, 0, Config{})
	want := func(what string, rank, blocks int, bytes uint64) {
		t.Helper()
		for _, view := range []*View{&h.View, v} {
			if n, b := view.Held(rank); n != blocks || b != bytes {
				t.Errorf("%s: rank %d holds %d blocks with %d bytes, want %d with %d", what, rank, n, b, blocks, bytes)
			}
		}
	}
	want("new", 0, 0, 0)
	a, _ := mustAlloc(t, h, 100)
	b, _ := mustAlloc(t, h, 5000)
	c, _ := mustAlloc(t, h, 0)
	want("three", 0, 3, 5100)
	m, err := h.Release(b, 1)
	must(t, err)
	want("one on its way", 0, 2, 100)
	want("one on its way", 1, 0, 0)
	b, err = v.Accept(m, 1)
	must(t, err)
	must(t, h.Free(a)) // the first of the table: those behind it count
	want("one moved, one freed", 0, 1, 0)
	want("one moved, one freed", 1, 1, 5000)
	must(t, v.Free(b))
	must(t, h.Free(c))
	want("all freed", 0, 0, 0)
	want("all freed", 1, 0, 0)
}
