package collective_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

var allOps = []collective.Op{collective.Sum, collective.Prod, collective.Min, collective.Max, collective.And, collective.Or, collective.Xor}

// naive maps the operations that T takes to what they mean.
type naive[T any] map[collective.Op]func(a, b T) T

func complexes[T interface{ ~complex64 | ~complex128 }]() naive[T] {
	return naive[T]{
		collective.Sum:  func(a, b T) T { return a + b },
		collective.Prod: func(a, b T) T { return a * b },
	}
}

func ordered[T interface {
	cmp.Ordered
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}]() naive[T] {
	return naive[T]{
		collective.Sum:  func(a, b T) T { return a + b },
		collective.Prod: func(a, b T) T { return a * b },
		collective.Min: func(a, b T) T {
			if b < a {
				return b
			}
			return a
		},
		collective.Max: func(a, b T) T {
			if b > a {
				return b
			}
			return a
		},
	}
}

func whole[T interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}]() naive[T] {
	m := ordered[T]()
	m[collective.And] = func(a, b T) T { return a & b }
	m[collective.Or] = func(a, b T) T { return a | b }
	m[collective.Xor] = func(a, b T) T { return a ^ b }
	return m
}

func logical[T ~bool]() naive[T] {
	return naive[T]{
		collective.And: func(a, b T) T { return a && b },
		collective.Or:  func(a, b T) T { return a || b },
		collective.Xor: func(a, b T) T { return a != b },
	}
}

// checkKind compares every operation on T with the oracle, and wants a panic
// from those that T can't take. make gives small values, so that floating-point results are exact.
func checkKind[T comparable](c *mpi.Comm, want naive[T], value func(x int) T) error {
	const k = 37
	data := func(rank int) []T {
		r := rand.New(rand.NewPCG(uint64(rank), 7))
		s := make([]T, k)
		for i := range s {
			s[i] = value(r.IntN(7) - 2)
		}
		return s
	}
	for _, op := range allOps {
		f := want[op]
		dst := make([]T, k)
		if f == nil {
			if err := wantPanic("collective: operation does not take this element type", func() {
				collective.Allreduce(c, dst, dst, op)
			}); err != nil {
				return fmt.Errorf("%v of %T: %w", op, dst, err)
			}
			continue
		}
		oracle := data(0)
		for r := 1; r < c.Size(); r++ {
			for i, x := range data(r) {
				oracle[i] = f(oracle[i], x)
			}
		}
		src := data(c.Rank())
		what := fmt.Sprintf("%v of %T", op, dst)
		if err := collective.Allreduce(c, dst, src, op); err != nil {
			return err
		}
		if err := differ(what, dst, oracle); err != nil {
			return err
		}
		root := int(op) % c.Size()
		clear(dst)
		if err := collective.Reduce(c, dst, src, op, root); err != nil {
			return err
		}
		if c.Rank() == root {
			if err := differ(what, dst, oracle); err != nil {
				return err
			}
		}
		if err := collective.AllreduceFunc(c, src, src, f); err != nil {
			return err
		}
		if err := differ(what+" by function", src, oracle); err != nil {
			return err
		}
	}
	return nil
}

func wantPanic(want string, f func()) (err error) {
	defer func() {
		if got := recover(); got != want {
			err = fmt.Errorf("panic %v, want %q", got, want)
		}
	}()
	f()
	return nil
}

type (
	celsius float32
	counter uint16
	flag    bool
	phase   complex128
)

func TestKinds(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		return errors.Join(
			checkKind(c, whole[int](), func(x int) int { return x }),
			checkKind(c, whole[int8](), func(x int) int8 { return int8(x) }),
			checkKind(c, whole[int16](), func(x int) int16 { return int16(x) }),
			checkKind(c, whole[int32](), func(x int) int32 { return int32(x) }),
			checkKind(c, whole[int64](), func(x int) int64 { return int64(x) }),
			checkKind(c, whole[uint](), func(x int) uint { return uint(x) }),
			checkKind(c, whole[uint8](), func(x int) uint8 { return uint8(x) }),
			checkKind(c, whole[uint16](), func(x int) uint16 { return uint16(x) }),
			checkKind(c, whole[uint32](), func(x int) uint32 { return uint32(x) }),
			checkKind(c, whole[uint64](), func(x int) uint64 { return uint64(x) }),
			checkKind(c, whole[uintptr](), func(x int) uintptr { return uintptr(x) }),
			checkKind(c, ordered[float32](), func(x int) float32 { return float32(x) / 4 }),
			checkKind(c, ordered[float64](), func(x int) float64 { return float64(x) / 4 }),
			checkKind(c, complexes[complex64](), func(x int) complex64 { return complex(float32(x), float32(x*x%3)) }),
			checkKind(c, complexes[complex128](), func(x int) complex128 { return complex(float64(x), float64(x*x%3)) }),
			checkKind(c, logical[bool](), func(x int) bool { return x > 0 }),
			checkKind(c, whole[counter](), func(x int) counter { return counter(x) }),
			checkKind(c, ordered[celsius](), func(x int) celsius { return celsius(x) / 2 }),
			checkKind(c, logical[flag](), func(x int) flag { return x > 0 }),
			checkKind(c, complexes[phase](), func(x int) phase { return phase(complex(float64(x), 1)) }),
			checkKind(c, naive[[2]int]{}, func(x int) [2]int { return [2]int{x} }),
		)
	})
}

func TestNotANumber(t *testing.T) {
	mpitest.Run(t, 3, func(c *mpi.Comm) error {
		x := []float64{1, float64(c.Rank()), math.Copysign(0, float64(c.Rank())-1)}
		if c.Rank() == 1 {
			x[0] = math.NaN()
		}
		lo, hi := make([]float64, 3), make([]float64, 3)
		if err := collective.Allreduce(c, lo, x, collective.Min); err != nil {
			return err
		}
		if err := collective.Allreduce(c, hi, x, collective.Max); err != nil {
			return err
		}
		if !math.IsNaN(lo[0]) || !math.IsNaN(hi[0]) || lo[1] != 0 || hi[1] != 2 || !math.Signbit(lo[2]) || math.Signbit(hi[2]) {
			return fmt.Errorf("min %v, max %v", lo, hi)
		}
		return nil
	})
}

// tree sums the values of ranks lo to lo+n-1 in the order that the
// documentation fixes: the largest power of two of them first.
func tree(x []float64) float64 {
	if len(x) == 1 {
		return x[0]
	}
	half := 1
	for half*2 < len(x) {
		half *= 2
	}
	return tree(x[:half]) + tree(x[half:])
}

// TestSameBits adds up numbers whose sum depends on the order: all ranks, roots and runs agree.
func TestSameBits(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		const k = 100
		byRank := make([][]float64, c.Size())
		for r := range byRank {
			g := rand.New(rand.NewPCG(uint64(r), 1))
			for range k {
				byRank[r] = append(byRank[r], g.NormFloat64()*math.Pow(10, float64(g.IntN(20)-10)))
			}
		}
		want := make([]uint64, k)
		for i := range want {
			var column []float64
			for _, x := range byRank {
				column = append(column, x[i])
			}
			want[i] = math.Float64bits(tree(column))
		}
		bits := func(x []float64) []uint64 {
			out := make([]uint64, len(x))
			for i, v := range x {
				out[i] = math.Float64bits(v)
			}
			return out
		}
		dst := make([]float64, k)
		for root := range c.Size() {
			if err := collective.Allreduce(c, dst, byRank[c.Rank()], collective.Sum); err != nil {
				return err
			}
			if err := differ("Allreduce", bits(dst), want); err != nil {
				return err
			}
			clear(dst)
			if err := collective.Reduce(c, dst, byRank[c.Rank()], collective.Sum, root); err != nil {
				return err
			}
			if c.Rank() == root {
				if err := differ("Reduce", bits(dst), want); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// A matrix of 2x2 remainders: multiplication is associative and not commutative.
type matrix [4]uint32

func (a matrix) times(b matrix) matrix {
	const p = 65521
	return matrix{
		(a[0]*b[0] + a[1]*b[2]) % p, (a[0]*b[1] + a[1]*b[3]) % p,
		(a[2]*b[0] + a[3]*b[2]) % p, (a[2]*b[1] + a[3]*b[3]) % p,
	}
}

func TestOrder(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		of := func(r int) matrix { return matrix{uint32(r + 1), uint32(r*r + 2), 1, uint32(r)} }
		want := of(0)
		for r := 1; r < c.Size(); r++ {
			want = want.times(of(r))
		}
		for root := range c.Size() {
			dst := make([]matrix, 1)
			if err := collective.ReduceFunc(c, dst, []matrix{of(c.Rank())}, matrix.times, root); err != nil {
				return err
			}
			if c.Rank() == root && dst[0] != want {
				return fmt.Errorf("ReduceFunc to %d: %v, want %v", root, dst[0], want)
			}
		}
		dst := []matrix{of(c.Rank())}
		if err := collective.AllreduceFunc(c, dst, dst, matrix.times); err != nil {
			return err
		}
		if dst[0] != want {
			return fmt.Errorf("AllreduceFunc: %v, want %v", dst[0], want)
		}
		return nil
	})
}

// TestRandomPrograms runs sequences of collectives, large and small, any root, without
// anything between them, against what they mean.
func TestRandomPrograms(t *testing.T) {
	type step struct{ what, root, k, seed int }
	value := func(s step, rank, i int) int32 { return int32(s.seed + rank*1009 + i*i*13) }
	piece := func(s step, rank int) []int32 {
		x := make([]int32, s.k)
		for i := range x {
			x[i] = value(s, rank, i)
		}
		return x
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "ranks")
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			return step{
				rapid.IntRange(0, 6).Draw(t, "what"), rapid.IntRange(0, n-1).Draw(t, "root"),
				rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(1015, 1030), rapid.IntRange(8180, 8200), rapid.IntRange(20000, 40000)).Draw(t, "length"),
				rapid.IntRange(0, 1000).Draw(t, "seed"),
			}
		}), 1, 12).Draw(t, "steps")
		err := mpi.RunLocal(n, func(c *mpi.Comm) error {
			for i, s := range steps {
				var got, want []int32
				var err error
				switch s.what {
				case 0:
					err = collective.Barrier(c)
				case 1:
					got, want = make([]int32, s.k), piece(s, s.root)
					if c.Rank() == s.root {
						copy(got, want)
					}
					err = collective.Bcast(c, got, s.root)
				case 2, 3:
					got, want = make([]int32, s.k), make([]int32, s.k)
					for r := range n {
						for i, x := range piece(s, r) {
							want[i] += x
						}
					}
					if s.what == 2 {
						err = collective.Reduce(c, got, piece(s, c.Rank()), collective.Sum, s.root)
						if c.Rank() != s.root {
							want = make([]int32, s.k)
						}
					} else {
						err = collective.Allreduce(c, got, piece(s, c.Rank()), collective.Sum)
					}
				case 4, 5:
					got, want = make([]int32, n*s.k), nil
					for r := range n {
						want = append(want, piece(s, r)...)
					}
					if s.what == 4 {
						err = collective.Gather(c, got, piece(s, c.Rank()), s.root)
						if c.Rank() != s.root {
							want = make([]int32, n*s.k)
						}
					} else {
						err = collective.Allgather(c, got, piece(s, c.Rank()))
					}
				case 6:
					got, want = make([]int32, s.k), piece(s, c.Rank())
					var src []int32
					if c.Rank() == s.root {
						for r := range n {
							src = append(src, piece(s, r)...)
						}
					}
					err = collective.Scatter(c, got, src, s.root)
				}
				if err != nil {
					return err
				}
				if err := differ(fmt.Sprintf("rank %d, step %d %+v", c.Rank(), i, s), got, want); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
