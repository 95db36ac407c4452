package arena_test

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/arena"
)

// Rank 0 gives a block to rank 1, which frees it.
func Example() {
	mem := pages(64) // in production a memfd that both ranks have mapped
	heap, err := arena.New(mem, 0, arena.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	view, err := arena.Open(mem, 0) // rank 1's view of it
	if err != nil {
		fmt.Println(err)
		return
	}

	// Rank 0.
	h, buf, _ := heap.Alloc(5)
	copy(buf, "hello")
	travel, _ := heap.Release(h, 1)
	buf = nil // it still points at the block, which is not ours any more
	_, err = heap.Bytes(h)
	fmt.Println(buf, errors.Is(err, arena.ErrDead))

	// The message.
	var wire [arena.HandleSize]byte
	travel.Encode(wire[:])

	// Rank 1.
	got, _ := arena.Decode(wire[:])
	mine, _ := view.Accept(got, 1)
	buf, _ = view.Bytes(mine)
	fmt.Printf("%s\n", buf)
	fmt.Println(heap.Live())
	_ = view.Free(mine)
	fmt.Println(heap.Live())
	// Output:
	// [] true
	// hello
	// [block 0.3 of rank 0's heap, 5 bytes, held by rank 1]
	// []
}

// pages makes n pages of aligned memory.
func pages(n int) []byte {
	b := make([]byte, (n+1)*arena.PageSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % arena.PageSize)
	return b[skip : skip+n*arena.PageSize]
}
