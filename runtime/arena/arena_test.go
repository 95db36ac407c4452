package arena

import (
	"errors"

	"unsafe"

	"pgregory.net/rapid"
)

// region is page-aligned zeroed memory of the Go heap, where the race detector
// sees it.
func region(t rapid.TB, pages int) []byte {
	t.Helper()
	b := make([]byte, (pages+1)*PageSize)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % PageSize
	return b[skip : int(skip)+pages*PageSize : int(skip)+pages*PageSize]
}

// newHeap makes a heap in a fresh region and the view a peer has of it.
func newHeap(t rapid.TB, pages, owner int, cfg Config) (*Heap, *View) {
	t.Helper()
	mem := region(t, pages)
	h, err := New(mem, owner, cfg)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Open(mem, owner)
	if err != nil {
		t.Fatal(err)
	}
	return h, v
}

func mustAlloc(t rapid.TB, h *Heap, n int) (Handle, []byte) {
	t.Helper()
	x, b, err := h.Alloc(n)
	if err != nil {
		t.Fatal(err)
	}
	return x, b
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t rapid.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

// wantDead checks that no operation accepts x.
func wantDead(t rapid.TB, h *Heap, v *View, x Handle) {
	t.Helper()
	_, err := v.Bytes(x)
	wantErr(t, "Bytes", err, ErrDead)
	_, err = v.Release(x, 0)
	wantErr(t, "Release", err, ErrDead)
	for rank := range 4 {
		_, err = v.Accept(x, rank)
		wantErr(t, "Accept", err, ErrDead)
	}
	wantErr(t, "View.Free", v.Free(x), ErrDead)
	wantErr(t, "Heap.Free", h.Free(x), ErrDead)
}

// wantEmpty checks that nothing is in use and that coalescing has made one run
// of the whole region again.
func wantEmpty(t rapid.TB, h *Heap) {
	t.Helper()
	if live := h.Live(); len(live) != 0 {
		t.Fatalf("still in use: %v", live)
	}
	s := h.Stats()
	if s.Blocks != 0 || s.Bytes != 0 || s.Capacity != 0 || s.Longest != s.Size {
		t.Fatalf("an empty heap has %+v", s)
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}

func wantFilled(t rapid.TB, b []byte, with byte) {
	t.Helper()
	for i, x := range b {
		if x != with {
			t.Fatalf("byte %d of %d is %#x, want %#x", i, len(b), x, with)
		}
	}
}
