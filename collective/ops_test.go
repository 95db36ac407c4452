package collective_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

var allOps = []collective.Op{
	collective.Sum, collective.Prod, collective.Min, collective.Max, collective.And, collective.Or, collective.Xor,
	collective.LAnd, collective.LOr, collective.LXor, collective.MinLoc, collective.MaxLoc, collective.SumReproducible,
}

// naive maps the operations that T takes to what they mean.
type naive[T any] map[collective.Op]func(a, b T) T

// numbers are the operations that all numbers take.
func numbers[T interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64 |
		~complex64 | ~complex128
}]() naive[T] {
	truth := func(yes bool) T {
		if yes {
			return 1
		}
		return 0
	}
	return naive[T]{
		collective.Sum:             func(a, b T) T { return a + b },
		collective.Prod:            func(a, b T) T { return a * b },
		collective.LAnd:            func(a, b T) T { return truth(a != 0 && b != 0) },
		collective.LOr:             func(a, b T) T { return truth(a != 0 || b != 0) },
		collective.LXor:            func(a, b T) T { return truth((a != 0) != (b != 0)) },
		collective.SumReproducible: func(a, b T) T { return a + b },
	}
}

func ordered[T interface {
	cmp.Ordered
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}]() naive[T] {
	m := numbers[T]()
	m[collective.Min] = func(a, b T) T {
		if b < a {
			return b
		}
		return a
	}
	m[collective.Max] = func(a, b T) T {
		if b > a {
			return b
		}
		return a
	}
	return m
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

		collective.LAnd: func(a, b T) T { return a && b },
		collective.LOr:  func(a, b T) T { return a || b },
		collective.LXor: func(a, b T) T { return a != b },
	}
}

func locs[T collective.Real]() naive[collective.Loc[T]] {
	pick := func(better func(a, b T) bool) func(a, b collective.Loc[T]) collective.Loc[T] {
		return func(a, b collective.Loc[T]) collective.Loc[T] {
			if better(b.Value, a.Value) || b.Value == a.Value && b.Index < a.Index {
				return b
			}
			return a
		}
	}
	return naive[collective.Loc[T]]{
		collective.MinLoc: pick(func(a, b T) bool { return a < b }),
		collective.MaxLoc: pick(func(a, b T) bool { return a > b }),
	}
}

// checkKind compares every operation on T with the oracle, in every reduction, and wants a panic
// from those that T can't take. value gives small values, so that floating-point results are exact.
func checkKind[T comparable](c *mpi.Comm, want naive[T], value func(x int) T) error {
	n, me := c.Size(), c.Rank()
	const k = 5
	data := func(rank int) []T {
		r := rand.New(rand.NewPCG(uint64(rank), 7))
		s := make([]T, k*n)
		for i := range s {
			s[i] = value(r.IntN(7) - 2)
		}
		return s
	}
	for _, op := range allOps {
		f := want[op]
		dst := make([]T, k*n)
		if f == nil {
			if err := wantPanic("collective: operation does not take this element type", func() {
				collective.Allreduce(c, dst, dst, op)
			}); err != nil {
				return fmt.Errorf("%v of %T: %w", op, dst, err)
			}
			continue
		}
		// over is the oracle: ranks 0 to last.
		over := func(last int) []T {
			s := data(0)
			for i, x := range s {
				if op == collective.LAnd || op == collective.LOr || op == collective.LXor {
					s[i] = want[collective.LOr](x, x)
				}
			}
			for r := 1; r <= last; r++ {
				for i, x := range data(r) {
					s[i] = f(s[i], x)
				}
			}
			return s
		}
		oracle, src := over(n-1), data(me)
		root := int(op) % n
		counts := make([]int, n)
		for i := range counts {
			counts[i] = k
		}
		counts[0] += 3
		counts[n-1] -= 3
		first := min(me, 1)*3 + me*k
		for _, t := range []struct {
			name string
			call func(dst, src []T) error
			want []T // in dst
		}{
			{"Allreduce", func(dst, src []T) error { return collective.Allreduce(c, dst, src, op) }, oracle},
			{"AllreduceFunc", func(dst, src []T) error { return collective.AllreduceFunc(c, dst, src, f) }, oracle},
			{"Reduce", func(dst, src []T) error { return collective.Reduce(c, dst, src, op, root) }, only(me == root, oracle)},
			{"ReduceFunc", func(dst, src []T) error { return collective.ReduceFunc(c, dst, src, f, root) }, only(me == root, oracle)},
			{"ReduceScatterBlock", func(dst, src []T) error {
				return collective.ReduceScatterBlock(c, dst[:k], src, op)
			}, oracle[me*k : (me+1)*k]},
			{"ReduceScatterBlockFunc", func(dst, src []T) error {
				return collective.ReduceScatterBlockFunc(c, dst[:k], src, f, collective.Commutative)
			}, oracle[me*k : (me+1)*k]},
			{"ReduceScatter", func(dst, src []T) error {
				return collective.ReduceScatter(c, dst[:counts[me]], src, counts, op)
			}, oracle[first : first+counts[me]]},
			{"ReduceScatterFunc", func(dst, src []T) error {
				return collective.ReduceScatterFunc(c, dst[:counts[me]], src, counts, f)
			}, oracle[first : first+counts[me]]},
			{"Scan", func(dst, src []T) error { return collective.Scan(c, dst, src, op) }, over(me)},
			{"ScanFunc", func(dst, src []T) error { return collective.ScanFunc(c, dst, src, f) }, over(me)},
			{"Exscan", func(dst, src []T) error { return collective.Exscan(c, dst, src, op) }, only(me > 0, over(max(me-1, 0)))},
			{"ExscanFunc", func(dst, src []T) error { return collective.ExscanFunc(c, dst, src, f) }, only(me > 0, over(max(me-1, 0)))},
		} {
			w := t.want
			if n == 1 && strings.HasSuffix(t.name, "Func") && t.want != nil {
				w = src // the function is not called
			} else if me == 0 && t.name == "ScanFunc" {
				w = src
			} else if me == 1 && t.name == "ExscanFunc" {
				w = data(0)
			}
			what := fmt.Sprintf("%s: %v of %T", t.name, op, dst)
			clear(dst)
			if err := t.call(dst, src); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			if err := differ(what, dst[:len(w)], w); err != nil {
				return err
			}
			if err := differ(what+", beyond the result", dst[len(w):], make([]T, len(dst)-len(w))); err != nil {
				return err
			}
			if err := differ(what+", src", src, data(me)); err != nil {
				return err
			}
			if strings.HasPrefix(t.name, "ReduceScatter") {
				continue // in place is elsewhere
			}
			copy(dst, src)
			if err := t.call(dst, dst); err != nil {
				return fmt.Errorf("%s in place: %w", what, err)
			}
			if len(w) == 0 {
				w = src
			}
			if err := differ(what+" in place", dst, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// only is s if yes, else nothing.
func only[T any](yes bool, s []T) []T {
	if yes {
		return s
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
	embeds  struct{ collective.Loc[float64] }
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
			checkKind(c, numbers[complex64](), func(x int) complex64 { return complex(float32(x), float32(x*x%3)) }),
			checkKind(c, numbers[complex128](), func(x int) complex128 { return complex(float64(x), float64(x*x%3)) }),
			checkKind(c, logical[bool](), func(x int) bool { return x > 0 }),
			checkKind(c, whole[counter](), func(x int) counter { return counter(x) }),
			checkKind(c, ordered[celsius](), func(x int) celsius { return celsius(x) / 2 }),
			checkKind(c, logical[flag](), func(x int) flag { return x > 0 }),
			checkKind(c, numbers[phase](), func(x int) phase { return phase(complex(float64(x), 1)) }),
			checkKind(c, locs[float64](), func(x int) collective.Loc[float64] {
				return collective.Loc[float64]{Value: float64(x / 2), Index: x + 9}
			}),
			checkKind(c, locs[celsius](), func(x int) collective.Loc[celsius] { return collective.Loc[celsius]{Value: celsius(x / 2), Index: -x} }),
			checkKind(c, locs[uint8](), func(x int) collective.Loc[uint8] { return collective.Loc[uint8]{Value: uint8(x), Index: x * x % 5} }),
			checkKind(c, locs[int64](), func(x int) collective.Loc[int64] { return collective.Loc[int64]{Value: int64(-x), Index: x} }),
			checkKind(c, naive[[2]int]{}, func(x int) [2]int { return [2]int{x} }),
			checkKind(c, naive[embeds]{}, func(x int) embeds { return embeds{} }),
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

// inOrder sums the values of the ranks in the order that the documentation fixes: from rank 0 on.
func inOrder(x []float64) float64 {
	var sum float64
	for i, v := range x {
		if i == 0 {
			sum = v
		} else {
			sum += v
		}
	}
	return sum
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
			want[i] = math.Float64bits(inOrder(column))
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
	const p = 46337 // a sum of two products fits
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
		var opts []mpi.Option
		if rapid.Bool().Draw(t, "checked") {
			opts = append(opts, mpi.WithCheck())
		}
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
		}, opts...)
		if err != nil {
			t.Fatal(err)
		}
	})
}
