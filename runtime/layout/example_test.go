package layout_test

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/golaunch/golaunch/runtime/layout"
)

// A column of a matrix, as mpi.Send(c, a, right, tag, col) would put it on its way.
func ExampleVector() {
	a := []byte("abcdef" +
		"ghijkl" +
		"mnopqr")
	col := layout.Vector(3, 1, 6)
	packed := make([]byte, col.Bytes(1))
	col.At(5).Pack(packed, a, 1, 0) // the last column
	col.Unpack(a, 1, 0, packed)     // over the first
	fmt.Printf("%s\n%s\n%s %s %s\n", col, packed, a[:6], a[6:12], a[12:])
	// Output:
	// 3 every 6 of 1 elements
	// flr
	// fbcdef lhijkl rnopqr
}

// The inner part of a grid with a rim of one cell.
func ExampleSubarray() {
	inner := layout.Subarray([]int{4, 6}, []int{2, 4}, []int{1, 1})
	fmt.Println(inner)
	fmt.Println(inner.Size(), "elements; the slice needs", inner.Extent())
	// Output:
	// 2 every 6 of 4 elements, from 7
	// 8 elements; the slice needs 17
}

// One field of some structs.
func ExampleStruct() {
	type particle struct {
		ID  uint32
		Vel [2]uint16
		Age uint64
	}
	var p particle
	vel := layout.Struct(unsafe.Sizeof(p), layout.Field{Offset: unsafe.Offsetof(p.Vel), Size: unsafe.Sizeof(p.Vel)})
	some := layout.Nest(layout.IndexedBlock(1, []int{2, 0}), vel, 1)

	mem := make([]byte, 3*unsafe.Sizeof(p)) // the bytes of a []particle
	for i := range 3 {
		binary.LittleEndian.PutUint16(mem[16*i+4:], uint16(10*i))
		binary.LittleEndian.PutUint16(mem[16*i+6:], uint16(10*i+1))
	}
	packed := make([]byte, some.Bytes(16))
	some.Pack(packed, mem, 16, 0)
	for i := 0; i < len(packed); i += 2 {
		fmt.Print(binary.LittleEndian.Uint16(packed[i:]), " ")
	}
	// Output: 20 21 0 1
}
