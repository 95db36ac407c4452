package kernel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

var opNames = [ops]string{"none", "sum", "prod", "min", "max", "and", "or", "xor"}

// each runs a test of every kernel in every form.
func each(t *testing.T, test func(t *testing.T, s subject, op Op, k Kernel)) {
	for form, kernels := range forms() {
		for _, s := range subjects() {
			for op := range s.ops {
				if k := kernels[s.kind][op]; k.Fold != nil {
					t.Run(fmt.Sprintf("%s/%s/%v", form, opNames[op], s.kind), func(t *testing.T) { test(t, s, op, k) })
				}
			}
		}
	}
}

const guard = 64

var guardBytes = []byte{0xA5}

// An array is n elements somewhere in a buffer, with guards before and behind.
type array struct {
	whole []byte
	body  []byte
}

func newArray(offset, size int) array {
	w := bytes.Repeat(guardBytes, guard+offset+size+guard)
	return array{w, w[guard+offset:][:size:size]}
}

func (a array) fill(r *rand.Rand, s subject) {
	var e [16]byte
	for i := 0; i < len(a.body); i += s.size {
		s.draw(r, unsafe.Pointer(&e))
		copy(a.body[i:i+s.size], e[:])
	}
}

func (a array) p() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(a.body)) }

func pointersTo(arrays []array) (p []unsafe.Pointer) {
	for _, a := range arrays {
		p = append(p, a.p())
	}
	return p
}

// intact reports whether the guards are.
func (a array) intact() bool {
	end := len(a.whole) - guard
	before, behind := a.whole[:end-len(a.body)], a.whole[end:]
	return bytes.Count(before, guardBytes) == len(before) && bytes.Count(behind, guardBytes) == guard
}

// expect folds operands one element and one operand at a time.
func expect(s subject, op Op, xs [][]byte) []byte {
	want := bytes.Clone(xs[0])
	var acc, x [16]byte
	for i := 0; i < len(want); i += s.size {
		copy(acc[:s.size], want[i:])
		for _, operand := range xs[1:] {
			copy(x[:s.size], operand[i:])
			s.ops[op](unsafe.Pointer(&acc), unsafe.Pointer(&x))
		}
		copy(want[i:i+s.size], acc[:])
	}
	return want
}

// compare gives an error at the first element that differs.
func compare(s subject, got, want []byte) error {
	var g, w [16]byte
	for i := 0; i < len(want); i += s.size {
		copy(g[:s.size], got[i:])
		copy(w[:s.size], want[i:])
		if !s.equal(unsafe.Pointer(&g), unsafe.Pointer(&w)) {
			return fmt.Errorf("element %d of %d: bytes %x, want %x", i/s.size, len(want)/s.size, g[:s.size], w[:s.size])
		}
	}
	return nil
}

// try folds k operands of n elements at the given offsets, and wants the oracle's
// result and nothing else changed. dst is operand number into, or apart if that is negative. FoldAll is
// asked, or Fold if pair is set, which takes 2 operands and folds into the first.
func try(s subject, op Op, kern Kernel, r *rand.Rand, n, k, into int, pair bool, offset func(i int) int) error {
	var xs []array
	var before [][]byte
	for i := range k {
		x := newArray(offset(i), n*s.size)
		x.fill(r, s)
		xs = append(xs, x)
		before = append(before, bytes.Clone(x.body))
	}
	want := expect(s, op, before)
	dst := newArray(offset(k), n*s.size)
	if into >= 0 {
		dst = xs[into]
	}
	pointers := pointersTo(xs)
	if pair {
		kern.Fold(pointers[0], pointers[1], n)
	} else {
		kern.FoldAll(dst.p(), pointers, n)
	}
	what := fmt.Sprintf("n %d, k %d, into %d, pair %v: ", n, k, into, pair)
	if err := compare(s, dst.body, want); err != nil {
		return fmt.Errorf("%s%w", what, err)
	}
	if !dst.intact() {
		return fmt.Errorf("%swrites outside of dst", what)
	}
	for i, x := range xs {
		if i != into && !bytes.Equal(x.body, before[i]) || !x.intact() {
			return fmt.Errorf("%soperand %d has changed", what, i)
		}
	}
	return nil
}

// TestLengths: every kernel, all lengths from 0 to 130, at offsets that are aligned to nothing.
func TestLengths(t *testing.T) {
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		r := rand.New(rand.NewPCG(uint64(op), uint64(s.kind)))
		offset := func(int) int { return r.IntN(33) }
		step := 1
		if raceDetector {
			step = 13 // it sees nothing in assembly, and the oracle is slow under it
		}
		for n := 0; n <= 130; n += step {
			if err := try(s, op, k, r, n, 2, 0, true, offset); err != nil {
				t.Fatal("Fold: ", err)
			}
			for _, operands := range []int{1, 2, 3, 8, 9, 17} {
				into := (n+operands/2)%(operands+1) - 1
				if err := try(s, op, k, r, n, operands, into, false, offset); err != nil {
					t.Fatal("FoldAll: ", err)
				}
			}
		}
	})
}

// TestOffsets: each offset of both sides within a vector.
func TestOffsets(t *testing.T) {
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		r := rand.New(rand.NewPCG(uint64(op), uint64(s.kind)))
		for o := range 33 * 33 {
			if raceDetector && o%17 > 0 {
				continue
			}
			n := 1 + (o%97+32)/s.size
			offset := func(i int) int { return [...]int{o % 33, o / 33, 7}[i] }
			if err := try(s, op, k, r, n, 2, 0, true, offset); err != nil {
				t.Fatal(err)
			}
			if err := try(s, op, k, r, n, 2, -1, false, offset); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestSelf: x may be acc.
func TestSelf(t *testing.T) {
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		r := rand.New(rand.NewPCG(1, 1))
		x := newArray(3, 41*s.size)
		x.fill(r, s)
		want := expect(s, op, [][]byte{x.body, bytes.Clone(x.body)})
		k.Fold(x.p(), x.p(), 41)
		if err := compare(s, x.body, want); err != nil || !x.intact() {
			t.Fatal(err, x.intact())
		}
	})
}

// TestNothing: no elements or no operands, nothing touched, not even looked at.
func TestNothing(t *testing.T) {
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		k.Fold(nil, nil, 0)
		k.FoldAll(nil, nil, 3)
		k.FoldAll(nil, []unsafe.Pointer{nil, nil}, 0)
	})
}

// pairs tests all pairs of the given elements, in every lane.
func pairs[T any](t *testing.T, kind reflect.Kind, values []T) {
	each(t, func(t *testing.T, s subject, op Op, k Kernel) {
		if s.kind != kind {
			return
		}
		var left, right []T
		for _, a := range values {
			for _, b := range values {
				left, right = append(left, a), append(right, b)
			}
		}
		raw := func(x []T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*s.size) }
		want := expect(s, op, [][]byte{raw(left), raw(right)})
		for shift := range 3 { // the last elements of an odd number go another way
			n := len(left) - shift
			acc := append([]T(nil), left[shift:]...)
			both := []unsafe.Pointer{unsafe.Pointer(&left[shift]), unsafe.Pointer(&right[shift])}
			k.Fold(unsafe.Pointer(&acc[0]), both[1], n)
			if err := compare(s, raw(acc), want[shift*s.size:]); err != nil {
				t.Fatal("Fold: ", err)
			}
			clear(acc)
			k.FoldAll(unsafe.Pointer(&acc[0]), both, n)
			if err := compare(s, raw(acc), want[shift*s.size:]); err != nil {
				t.Fatal("FoldAll: ", err)
			}
		}
	})
}

func TestPairs(t *testing.T) {
	pairs(t, reflect.Float32, specials32)
	pairs(t, reflect.Float64, specials64)
	var c64 []complex64
	for _, re := range specials32 {
		for _, im := range specials32 {
			c64 = append(c64, complex(re, im))
		}
	}
	pairs(t, reflect.Complex64, c64[:120])
	var c128 []complex128
	for _, re := range specials64 {
		for _, im := range specials64 {
			c128 = append(c128, complex(re, im))
		}
	}
	pairs(t, reflect.Complex128, c128[:120])
	var u8 []uint8
	var i8 []int8
	for x := range 256 {
		u8, i8 = append(u8, uint8(x)), append(i8, int8(x))
	}
	pairs(t, reflect.Uint8, u8)
	pairs(t, reflect.Int8, i8)
}

// TestComplex64 is the language's product.
func TestComplex64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for form, kernels := range forms() {
		x, y, got := make([]complex64, 1000), make([]complex64, 1000), make([]complex64, 1000)
		for i := range x {
			x[i] = complex(float32(r.NormFloat64()), float32(r.NormFloat64()))
			y[i] = complex(float32(r.NormFloat64()), float32(r.NormFloat64()))
		}
		copy(got, x)
		kernels[reflect.Complex64][Prod].Fold(unsafe.Pointer(&got[0]), unsafe.Pointer(&y[0]), len(x))
		for i, g := range got {
			if g != x[i]*y[i] {
				t.Fatalf("%s: %v * %v = %v, want %v", form, x[i], y[i], g, x[i]*y[i])
			}
		}
	}
}

// TestRapid: any kernel, length, number of operands and place.
func TestRapid(t *testing.T) {
	all := subjects()
	for form, kernels := range forms() {
		t.Run(form, rapid.MakeCheck(func(t *rapid.T) {
			s := rapid.SampledFrom(all).Draw(t, "kind")
			op := Op(rapid.IntRange(1, int(ops)-1).Draw(t, "op"))
			kern := kernels[s.kind][op]
			if kern.Fold == nil {
				t.SkipNow()
			}
			n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 5000)).Draw(t, "n")
			k := rapid.IntRange(1, 12).Draw(t, "k")
			into := rapid.IntRange(-1, k-1).Draw(t, "into")
			pair := rapid.Bool().Draw(t, "pair")
			if pair {
				k, into = 2, 0
			}
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			if err := try(s, op, kern, r, n, k, into, pair, func(int) int { return r.IntN(70) }); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

// TestLong: arrays that are cut into pieces, against the twin.
func TestLong(t *testing.T) {
	twin := twins()
	for form, kernels := range forms() {
		for _, c := range []struct {
			kind reflect.Kind
			op   Op
			size int
		}{{reflect.Uint8, Sum, 1}, {reflect.Uint16, Xor, 2}, {reflect.Uint64, And, 8}, {reflect.Complex128, Sum, 16}} {
			bytes := 2<<20 + 2000
			n := bytes / c.size
			words := func(r *rand.Rand) []uint64 {
				x := make([]uint64, bytes/8)
				for i := range x {
					x[i] = r.Uint64() &^ (1 << 62) // never NaN
				}
				return x
			}
			r := rand.New(rand.NewPCG(5, 5))
			x, y, dst := words(r), words(r), make([]uint64, bytes/8)
			xs := []unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0])}
			kernels[c.kind][c.op].FoldAll(unsafe.Pointer(&dst[0]), xs, n)
			got := slices.Clone(x)
			many := slices.Repeat(xs, 9)
			all, want := make([]uint64, bytes/8), make([]uint64, bytes/8)
			kernels[c.kind][c.op].FoldAll(unsafe.Pointer(&all[0]), many, n)
			twin[c.kind][c.op].FoldAll(unsafe.Pointer(&want[0]), many, n)
			if !slices.Equal(all, want) {
				t.Errorf("%s: FoldAll of %d times %d bytes, %s of %v", form, len(many), bytes, opNames[c.op], c.kind)
			}
			kernels[c.kind][c.op].Fold(unsafe.Pointer(&got[0]), xs[1], n)
			twin[c.kind][c.op].Fold(xs[0], xs[1], n)
			if !slices.Equal(got, x) {
				t.Errorf("%s: Fold of %d bytes, %s of %v", form, bytes, opNames[c.op], c.kind)
			}
			if !slices.Equal(dst, x) {
				t.Errorf("%s: FoldAll of %d bytes, %s of %v", form, bytes, opNames[c.op], c.kind)
			}
		}
	}
}
