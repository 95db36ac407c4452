package layout

// Contiguous selects the first n elements: 0, 1, ... n-1.
func Contiguous(n int) Layout {
	natural(n)
	return compile(nil, n, 0, 0, n)
}

// Vector selects count blocks of blocklen elements whose starts are stride
// elements apart. A column of a row-major matrix of r rows and c columns is
// Vector(r, 1, c). A stride below blocklen makes blocks overlap.
func Vector(count, blocklen, stride int) Layout {
	natural(count, blocklen, stride)
	lv := level{kind: regular, count: count, stride: stride}
	return compile([]level{lv}, blocklen, 0, 0, mul(count, blocklen))
}

// Indexed selects, for each i in turn, the blocklens[i] elements from displs[i]
// on. Blocks may stand in any order; blocks of length 0 select nothing.
func Indexed(blocklens, displs []int) Layout {
	if len(blocklens) != len(displs) {
		panic(panicLengths)
	}
	return indexed(blocklens, displs, 0)
}

// IndexedBlock selects, for each i in turn, the blocklen elements from
// displs[i] on. With blocklen 1, displs is the list of indices.
func IndexedBlock(blocklen int, displs []int) Layout {
	natural(blocklen) // also when the list is empty
	lens := make([]int, len(displs))
	for i := range lens {
		lens[i] = blocklen
	}
	return indexed(lens, displs, 0)
}

// Subarray selects a box out of an array that is stored row-major (the last
// index varies fastest): in dimension k, of sizes[k] elements, the subsizes[k]
// from starts[k] on. All three have the array's number of dimensions.
func Subarray(sizes, subsizes, starts []int) Layout {
	d := len(sizes)
	if d == 0 || len(subsizes) != d || len(starts) != d {
		panic(panicDims)
	}
	levels := make([]level, d)
	off, pitch, elems := 0, 1, 1
	for k := d - 1; k >= 0; k-- {
		natural(sizes[k], subsizes[k], starts[k])
		if add(starts[k], subsizes[k]) > sizes[k] {
			panic(panicBox)
		}
		levels[k] = level{kind: regular, count: subsizes[k], stride: pitch}
		off = add(off, mul(starts[k], pitch))
		pitch = mul(pitch, sizes[k])
		elems = mul(elems, subsizes[k])
	}
	return compile(levels, 1, off, 0, elems)
}

// A Field is a range of bytes inside one element, as unsafe.Offsetof and
// unsafe.Sizeof give them.
type Field struct {
	Offset uintptr // bytes from the start of the element
	Size   uintptr // bytes
}

// Struct selects the given bytes of one element of elemSize bytes, in the order
// of the fields. Bytes between them (other fields, padding) are neither read
// nor written. For many elements use Repeat, or Nest with a Struct inside. The result
// works only on slices whose elements have elemSize bytes.
func Struct(elemSize uintptr, fields ...Field) Layout {
	if elemSize == 0 {
		panic(panicZeroElem)
	}
	if int(elemSize) < 0 {
		panic(panicOverflow)
	}
	lens, displs := make([]int, len(fields)), make([]int, len(fields))
	for i, f := range fields {
		if f.Offset > elemSize || f.Size > elemSize-f.Offset {
			panic(panicField)
		}
		lens[i], displs[i] = int(f.Size), int(f.Offset)
	}
	return indexed(lens, displs, int(elemSize))
}

// At returns l with all indices moved up by offset elements.
func (l Layout) At(offset int) Layout {
	natural(offset)
	if l.c == nil {
		panic(panicWhole)
	}
	if l.c.size == 0 {
		return l
	}
	c := *l.c
	c.extent = add(c.extent, offset)
	c.off = add(c.off, mul(offset, max(1, c.unit)))
	if c.unit > 0 {
		mul(c.extent, c.unit)
	}
	return Layout{&c}
}

// Repeat selects n copies of l, their starts pitch elements apart.
func (l Layout) Repeat(n, pitch int) Layout {
	return Nest(Contiguous(n), l, pitch)
}

// Nest replaces every index i that outer selects with a copy of inner that
// starts at element i*pitch. With pitch = the length of a row, outer counts rows
// and inner selects within one. Outer must not hold a Struct; inner may.
func Nest(outer, inner Layout, pitch int) Layout {
	natural(pitch)
	if outer.c == nil || inner.c == nil {
		panic(panicWhole)
	}
	o, in := outer.c, inner.c
	if o.unit > 0 {
		panic(panicOuter)
	}
	if o.size == 0 || in.size == 0 {
		return Contiguous(0)
	}
	p := mul(pitch, max(1, in.unit))
	levels := make([]level, 0, len(o.levels)+1+len(in.levels))
	for _, lv := range o.levels {
		levels = append(levels, lv.times(p))
	}
	levels = append(levels, level{kind: regular, count: o.block, stride: p})
	levels = append(levels, in.levels...)
	return compile(levels, in.block, add(mul(o.off, p), in.off), in.unit, mul(o.elems, in.elems))
}

// indexed compiles blocks at displacements, both in units: elements, or bytes of
// one element of unit bytes.
func indexed(lens, displs []int, unit int) Layout {
	natural(lens...)
	natural(displs...)
	lens, displs = join(lens, displs)
	total := 0
	uniform := true
	for i, n := range lens {
		total = add(total, n)
		add(displs[i], n)
		uniform = uniform && n == lens[0]
	}
	if total == 0 {
		return Contiguous(0)
	}
	elems := total
	if unit > 0 {
		elems = 1
	}
	if uniform {
		if stride, ok := progression(displs); ok {
			lv := level{kind: regular, count: len(displs), stride: stride}
			return compile([]level{lv}, lens[0], displs[0], unit, elems)
		}
		lv := level{kind: listed, count: len(displs), displs: displs}
		return compile([]level{lv}, lens[0], 0, unit, elems)
	}
	sum := 0
	for i, n := range lens { // lens is ours since join: it becomes the prefix sums
		sum += n
		lens[i] = sum
	}
	lv := level{kind: ragged, count: total, stride: 1, displs: displs, ends: lens}
	return compile([]level{lv}, 1, 0, unit, elems)
}

// join returns a copy of the blocks without the empty ones, and with neighbours
// merged where that pays. Blocks that are all of one length are worth more than
// somewhat fewer of different lengths: they need no search and run in one loop.
// So they are merged only if at most half of them remain.
func join(lens, displs []int) (newLens, newDispls []int) {
	kept, runs, uniform := 0, 0, true
	first, next := 0, -1
	for i, n := range lens {
		if n == 0 {
			continue
		}
		if kept == 0 {
			first = n
		}
		uniform = uniform && n == first
		kept++
		if displs[i] != next {
			runs++
		}
		next = add(displs[i], n)
	}
	merge := !uniform || runs <= kept/2
	if !merge {
		runs = kept
	}
	newLens, newDispls = make([]int, 0, runs), make([]int, 0, runs)
	next = -1
	for i, n := range lens {
		if n == 0 {
			continue
		}
		if merge && displs[i] == next {
			newLens[len(newLens)-1] += n
		} else {
			newLens, newDispls = append(newLens, n), append(newDispls, displs[i])
		}
		next = displs[i] + n
	}
	return newLens, newDispls
}

// progression reports whether the displacements ascend in equal steps (or all
// stand in one place).
func progression(displs []int) (stride int, ok bool) {
	if len(displs) < 2 {
		return 0, true
	}
	stride = displs[1] - displs[0]
	for i := 1; i < len(displs); i++ {
		if displs[i]-displs[i-1] != stride {
			return 0, false
		}
	}
	return stride, stride >= 0
}
