package collective_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golaunch/golaunch/collective"
	"github.com/golaunch/golaunch/runtime/mpi"
	"github.com/golaunch/golaunch/runtime/mpi/mpitest"
)

// exactly is the sum of xs without rounding.
func exactly(xs []float64) *big.Float {
	sum := new(big.Float).SetPrec(4096)
	for _, x := range xs {
		sum.Add(sum, new(big.Float).SetFloat64(x))
	}
	return sum
}

func accumulate(xs ...float64) *collective.Accumulator {
	var a collective.Accumulator
	a.Add(xs...)
	return &a
}

// float64s draws numbers whose bits lie between two exponents.
func float64s(lo, hi int) *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
		m := rapid.Uint64Range(0, 1<<53-1).Draw(t, "mantissa")
		e := rapid.IntRange(lo, max(lo, hi-53)).Draw(t, "exponent")
		x := math.Ldexp(float64(m), e)
		if rapid.Bool().Draw(t, "negative") {
			x = -x
		}
		return x
	}), 0, 60)
}

// TestAccumulatorExact adds numbers of which nothing is dropped: the result is the exact sum, rounded once.
func TestAccumulatorExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.OneOf(rapid.IntRange(-1074, 1024-80), rapid.Just(-1074), rapid.Just(1024-80)).Draw(t, "lowest bit")
		xs := float64s(lo, lo+80).Draw(t, "numbers")
		if len(xs) > 2 && rapid.Bool().Draw(t, "cancel") {
			x, _ := exactly(xs).Float64()
			if !math.IsInf(x, 0) && (x == 0 || math.Abs(x) >= math.Ldexp(1, min(lo+53, 1023))) {
				xs = append(xs, -x)
			}
		}
		sum := exactly(xs)
		want, _ := sum.Float64()
		if got := accumulate(xs...).Float64(); got != want {
			t.Fatalf("%v (%x), want %v (%x)", got, got, want, want)
		}
		single, _ := sum.Float32()
		if got := accumulate(xs...).Float32(); got != single && math.Abs(float64(single)) >= 0x1p-126 {
			t.Fatalf("%v, want %v", got, single)
		}
	})
}

// TestAccumulatorError adds any numbers: the error is as small as the documentation says.
func TestAccumulatorError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := float64s(-1074, 1000).Draw(t, "numbers")
		greatest := 0.0
		for _, x := range xs {
			greatest = max(greatest, math.Abs(x))
		}
		got := accumulate(xs...).Float64()
		diff := new(big.Float).SetPrec(4096).Sub(exactly(xs), new(big.Float).SetFloat64(got))
		allowed := new(big.Float).SetMantExp(big.NewFloat(greatest*float64(len(xs))), -84)
		allowed.Add(allowed, new(big.Float).SetMantExp(big.NewFloat(math.Abs(got)), -53))
		if diff.Abs(diff).Cmp(allowed) > 0 {
			t.Fatalf("%v is wrong by %v, at most %v allowed", got, diff, allowed)
		}
	})
}

// TestAccumulatorOrder adds numbers in any order and in any groups.
func TestAccumulatorOrder(t *testing.T) {
	special := rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, 5e-324})
	rapid.Check(t, func(t *rapid.T) {
		xs := float64s(-1074, 1024).Draw(t, "numbers")
		xs = append(xs, rapid.SliceOfN(special, 0, 3).Draw(t, "special")...)
		want := *accumulate(xs...)
		mixed := rapid.Permutation(xs).Draw(t, "order")
		groups := make([]collective.Accumulator, rapid.IntRange(1, 5).Draw(t, "groups"))
		for _, x := range mixed {
			groups[rapid.IntRange(0, len(groups)-1).Draw(t, "group")].Add(x)
		}
		for len(groups) > 1 {
			i := rapid.IntRange(1, len(groups)-1).Draw(t, "join")
			groups[0].Join(&groups[i])
			groups = slices.Delete(groups, i, i+1)
		}
		if groups[0] != want {
			t.Fatalf("%+v, want %+v", groups[0], want)
		}
		if math.Float64bits(groups[0].Float64()) != math.Float64bits(want.Float64()) {
			t.Fatalf("%v, want %v", groups[0].Float64(), want.Float64())
		}
	})
}

func TestAccumulatorSpecial(t *testing.T) {
	inf, nan, huge := math.Inf(1), math.NaN(), math.MaxFloat64
	for _, k := range []struct {
		xs   []float64
		want float64
	}{
		{nil, 0},
		{[]float64{math.Copysign(0, -1)}, 0},
		{[]float64{3, -3}, 0},
		{[]float64{huge, huge, -huge}, huge},
		{[]float64{huge, huge}, inf},
		{[]float64{-huge, -huge}, -inf},
		{[]float64{huge, math.Ldexp(1, 969)}, huge},         // less than half of a last bit
		{[]float64{huge, math.Ldexp(1, 970)}, inf},          // half: to even
		{[]float64{1, 0x1p-53}, 1},                          // half: to even
		{[]float64{1 + 0x1p-52, 0x1p-53}, 1 + 0x1p-51},      // half: to even
		{[]float64{1, 0x1p-53, 0x1p-80}, 1 + 0x1p-52},       // a little more
		{[]float64{-1, -0x1p-53, -0x1p-80}, -1 - 0x1p-52},   // a little more
		{[]float64{1, 0x1p-53, -0x1p-80}, 1},                // a little less
		{[]float64{5e-324, 5e-324, 5e-324}, 1.5e-323},       // subnormal
		{[]float64{0x1p-1022, -5e-324}, 0x1p-1022 - 5e-324}, // from normal to subnormal
		{[]float64{inf, 1, inf}, inf},
		{[]float64{-inf, 1}, -inf},
		{[]float64{inf, -inf}, nan},
		{[]float64{inf, nan}, nan},
		{[]float64{1, nan}, nan},
	} {
		got := accumulate(k.xs...).Float64()
		if math.Float64bits(got) != math.Float64bits(k.want) && !(math.IsNaN(got) && math.IsNaN(k.want)) {
			t.Errorf("%v: %v, want %v", k.xs, got, k.want)
		}
	}
	many := accumulate()
	for range 1 << 20 {
		many.Add(-0.1)
	}
	if got, want := many.Float64(), -0.1*(1<<20); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got := accumulate(1, 0x1p-24, 0x1p-60).Float32(); got != 1+0x1p-23 {
		t.Errorf("%v, want %v, once rounded", got, float32(1+0x1p-23))
	}
	if got := accumulate(math.MaxFloat32, math.MaxFloat32).Float32(); !math.IsInf(float64(got), 1) {
		t.Errorf("%v, want +Inf", got)
	}
}

// awkward are numbers whose plain sum depends on the order.
func awkward(n int) []float64 {
	r := rand.New(rand.NewPCG(3, 4))
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
	}
	return xs
}

// TestSumReproducible spreads the same numbers over different numbers of ranks.
func TestSumReproducible(t *testing.T) {
	xs := awkward(1000)
	want := *accumulate(xs...)
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9} {
		mpitest.Run(t, n, func(c *mpi.Comm) error {
			var mine collective.Accumulator
			for i := c.Rank(); i < len(xs); i += n {
				mine.Add(xs[i])
			}
			all := []collective.Accumulator{{}}
			if err := collective.Allreduce(c, all, []collective.Accumulator{mine}, collective.SumReproducible); err != nil {
				return err
			}
			if all[0] != want {
				return fmt.Errorf("%d ranks: %v (%+v), want %v (%+v)", n, all[0].Float64(), all[0], want.Float64(), want)
			}
			return nil
		})
	}
}

// TestSumReproducibleOrder gives the same numbers to the ranks in another order, in every reduction and type.
func TestSumReproducibleOrder(t *testing.T) {
	everywhere(t, func(c *mpi.Comm) error {
		n, me := c.Size(), c.Rank()
		xs := awkward(3 * n)
		sum := func(k, n int) float64 { // of the first n for element k
			return accumulate(xs[k*len(xs)/3 : k*len(xs)/3+n]...).Float64()
		}
		for turn := range n {
			who := (me + turn) % n
			src := []float64{xs[who], xs[n+who], xs[2*n+who]}
			want := []float64{sum(0, n), sum(1, n), sum(2, n)}
			dst := make([]float64, 3)
			if err := collective.Allreduce(c, dst, src, collective.SumReproducible); err != nil {
				return err
			}
			if err := differ("Allreduce", dst, want); err != nil {
				return err
			}
			if err := collective.Reduce(c, src, src, collective.SumReproducible, turn); err != nil {
				return err
			}
			if me == turn {
				if err := differ("Reduce", src, want); err != nil {
					return err
				}
			}
			pair := []complex128{complex(xs[who], xs[n+who])}
			if err := collective.Allreduce(c, pair, pair, collective.SumReproducible); err != nil {
				return err
			}
			if pair[0] != complex(want[0], want[1]) {
				return fmt.Errorf("complex: %v, want %v", pair[0], want[:2])
			}
			single := []float32{float32(xs[who])}
			if err := collective.Allreduce(c, single, single, collective.SumReproducible); err != nil {
				return err
			}
			var exact collective.Accumulator
			for _, x := range xs[:n] {
				exact.Add(float64(float32(x)))
			}
			if single[0] != exact.Float32() {
				return fmt.Errorf("float32: %v, want %v", single[0], exact.Float32())
			}
		}
		dst := make([]float64, 1)
		if err := collective.Scan(c, dst, []float64{xs[me]}, collective.SumReproducible); err != nil {
			return err
		}
		if dst[0] != sum(0, me+1) {
			return fmt.Errorf("Scan: %v, want %v", dst[0], sum(0, me+1))
		}
		if err := collective.ReduceScatterBlock(c, dst, slices.Repeat([]float64{xs[me]}, n), collective.SumReproducible); err != nil {
			return err
		}
		if dst[0] != sum(0, n) {
			return fmt.Errorf("ReduceScatterBlock: %v, want %v", dst[0], sum(0, n))
		}
		return nil
	})
}

func BenchmarkAccumulator(b *testing.B) {
	xs := awkward(1024)
	b.SetBytes(8 * 1024)
	var sum collective.Accumulator
	for b.Loop() {
		sum.Add(xs...)
	}
}
