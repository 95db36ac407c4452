// Package layout describes data that does not lie in one piece: a column of a
// matrix, the face of a grid, the particles named by an index list, one field
// of an array of structs.
//
// # Model
//
// A [Layout] is an ordered list of indices into a slice []T, written as a rule
// instead of as a list. Packing walks the list and puts the elements one after
// the other; unpacking walks the same list the other way. The order of the list
// is the order of the data: two sides of a message may use different layouts
// as long as both select the same number of elements.
//
//	a := make([]float64, 4*6)        // a 4 x 6 matrix, row-major
//	col := layout.Vector(4, 1, 6)    // indices 0 6 12 18: column 0
//	mpi.Send(c, a, right, tag, col.At(5))  // the last column
//	mpi.Recv(c, a, left, tag, col)         // into the first
//
// The zero Layout is "the whole slice, as it lies". It knows no length before it
// meets a slice, so Size and Bytes answer -1 for it; [Layout.Measure] answers
// for a given slice, whatever the layout.
//
// # Choosing one
//
//	Contiguous(n)                       0 1 2 ... n-1 (as a slice expression would; useful inside Nest)
//	Vector(count, blocklen, stride)     count blocks of blocklen, their starts stride apart
//	Indexed(blocklens, displs)          blocks of any length anywhere
//	IndexedBlock(blocklen, displs)      blocks of one length anywhere
//	Subarray(sizes, subsizes, starts)   a box out of a row-major array of any dimension
//	Struct(elemSize, fields...)         some fields of one struct
//	l.At(k)                             l, moved up by k elements
//	l.Repeat(n, pitch)                  n copies of l, pitch elements apart
//	Nest(outer, inner, pitch)           a layout of layouts: inner at i*pitch for every index i of outer
//
// All numbers count elements of T, never bytes; Struct alone speaks of bytes,
// inside one element. To select a field of many structs, put the Struct inside:
//
//	vel := layout.Struct(unsafe.Sizeof(p), layout.Field{Offset: unsafe.Offsetof(p.Vel), Size: unsafe.Sizeof(p.Vel)})
//	all := vel.Repeat(n, 1)                                  // of every particle
//	some := layout.Nest(layout.IndexedBlock(1, ids), vel, 1) // of these
//
// # Traps
//
//   - Extent is the highest index + 1, not the length of the slice the layout was
//     thought for. Subarray of a 4 x 6 matrix has the extent of its last element.
//     MPI's "extent" of a type is the pitch argument of Repeat and Nest here, so
//     nothing ever needs to be resized.
//   - The order of a box is row-major; the order of Indexed is the order of the
//     arguments, which need not ascend.
//   - A layout may select an element twice (a Vector whose stride is less than
//     its blocklen). That is fine to send from and refused to receive into: see
//     [Layout.Overlaps].
//   - A Struct layout remembers the element size it was made for, and panics
//     when used with a slice of another.
//   - The arguments are copied: changing an index list afterwards changes nothing.
//
// # Cost
//
// Making a layout costs what its arguments cost to read (an unsorted index list
// is sorted once). After that a Layout is one pointer to a compiled form that
// never changes: copy it, share it between goroutines, keep it for the life of
// the program. Make layouts outside of loops.
//
// Pack and Unpack start anywhere in the packed stream, so an engine may move a
// layout in fragments of any size: finding the place costs one division per
// level (a vector has one level, a box as many as it has ragged dimensions) and
// a binary search per level of Indexed. Neither allocates. Neighbouring blocks
// are merged when the layout is made: a box that takes whole rows moves
// like one block, and [Layout.IsContiguous] tells when no packing is needed at all.
//
// # Misuse
//
// Negative numbers, lists of different lengths, a box that leaves its array, and
// layouts too large for an int panic with a constant that begins "layout: ". So
// do Pack and Unpack when memory is shorter than the layout reaches, before any
// byte is touched; Measure asks the same question without a panic.
//
// # Rejected
//
//   - Negative strides, as MPI has them: indices would have to be moved up again
//     before they mean anything in a slice. Indexed says the same.
//   - A tree of arbitrary types (MPI's datatypes): each node would need its own
//     prefix sums and the walk a stack. A chain of levels over one block covers
//     all of the above, and its overlaps can be settled exactly.
//   - Iterators over (offset, length) pairs as the way in: a column is a million
//     blocks of eight bytes, and a call for each costs more than the copy.
package layout
