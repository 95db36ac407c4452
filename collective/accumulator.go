package collective

import (
	"math"
	"math/bits"
)

// Accumulator is a sum of floating-point numbers that doesn't depend on the order in which they were added: the element of
// SumReproducible. The zero Accumulator is the empty sum.
//
// SumReproducible on float32 and float64 adds one number per rank and element. If these numbers are sums themselves, which
// change when the data are spread over another number of ranks, then the result changes with them. To have the same bits
// in that case too, sum up in an Accumulator from the start:
//
//	var sum collective.Accumulator
//	sum.Add(mine...)
//	all := []collective.Accumulator{sum}
//	err := collective.Allreduce(world, all, all, collective.SumReproducible)
//	fmt.Println(all[0].Float64())
//
// # What it holds
//
// The exponents of float64 are cut into bins of 28 bits. An Accumulator has 4 of them: the one that the
// highest bit of the largest number fell into, and the 3 below. A number is cut into at most 3 parts, one per
// bin, and each part is added to the integer that counts its bin; parts below the lowest bin are dropped. These integers are exact, they don't
// carry into one another, and a bin is given up only when the largest number is so large that in any order nothing of it would have
// counted. So what is in the bins depends on what was added and on nothing else. In the end it is rounded, once.
//
// At least 85 bits count, from the highest bit of the largest number on: the sum of n numbers is wrong by less than n * 2^-84 times the largest
// of them in magnitude, before it is rounded. (A plain sum may be wrong by n * 2^-53 times the sum of the magnitudes.) Sums that
// overflow on the way, but not in the end, are right. At most 2^34 numbers may go into one sum.
//
// The sum is NaN if a number is NaN or if +Inf and -Inf are among them. A sum that is zero is +0.
//
// Cost: some 10 instructions per number; 40 bytes, in messages too.
//
// Source: J. Demmel, H. D. Nguyen, "Parallel reproducible summation", IEEE Transactions on Computers 64 (2015), and
// P. Ahrens, J. Demmel, H. D. Nguyen, "Algorithms for efficient reproducible floating point summation", ACM Transactions on
// Mathematical Software 46 (2020): the bins, and that the highest few are enough. Their bins are floating-point numbers, as
// ReproBLAS has them; those here are integers, as in R. M. Neal, "Fast exact summation using small and large
// superaccumulators", arXiv:1505.05571 (2015), who keeps all of them.
type Accumulator struct {
	bins  [accBins]int64 // bins[k]: multiples of 2^((top-k)*binBits + lowest)
	top   int32          // the highest bin; that of the least numbers is 0
	found uint32         // what else was added: bits below
}

const (
	accBins = 4
	binBits = 28
	binMask = 1<<binBits - 1
	lowest  = -1074 // exponent of the lowest bit of bin 0: that of the least float64

	foundNaN      = 1 << 0
	foundPosInf   = 1 << 1
	foundNegInf   = 1 << 2
	doubleBits    = 53
	singleBits    = 24
	fractionBits  = doubleBits - 1
	exponentMask  = 1<<11 - 1
	fractionMask  = 1<<fractionBits - 1
	hiddenBit     = 1 << fractionBits
	negativeShift = 63
)

// Add adds numbers to the sum.
func (a *Accumulator) Add(xs ...float64) {
	for _, x := range xs {
		a.add(x)
	}
}

func (a *Accumulator) add(x float64) {
	word := math.Float64bits(x)
	exp, m := word>>fractionBits&exponentMask, word&fractionMask
	switch {
	case exp == exponentMask:
		switch {
		case m != 0:
			a.found |= foundNaN
		case x > 0:
			a.found |= foundPosInf
		default:
			a.found |= foundNegInf
		}
		return
	case exp > 0:
		m |= hiddenBit
		exp--
	case m == 0:
		return
	}
	// x is m times 2^(exp+lowest): three parts, from bin low on.
	low, shift := int32(exp/binBits), exp%binBits
	hi, lo := m>>(64-shift), m<<shift
	parts := [3]int64{int64(lo & binMask), int64(lo >> binBits & binMask), int64((lo>>(2*binBits) | hi<<(64-2*binBits)) & binMask)}
	n := int32(3)
	for parts[n-1] == 0 {
		n--
	}
	a.raise(low + n - 1)
	sign := int64(word) >> negativeShift // 0 or -1
	at := a.top - low
	for _, p := range parts[:n] {
		if at < accBins {
			a.bins[at] += p ^ sign - sign
		}
		at--
	}
}

// raise makes bin top one of those that are kept, if it is above them.
func (a *Accumulator) raise(top int32) {
	up := top - a.top
	if up <= 0 {
		return
	}
	for k := int32(accBins - 1); k >= 0; k-- {
		if k >= up {
			a.bins[k] = a.bins[k-up]
		} else {
			a.bins[k] = 0
		}
	}
	a.top = top
}

// Join adds another sum.
func (a *Accumulator) Join(b *Accumulator) {
	a.found |= b.found
	a.raise(b.top)
	down := a.top - b.top
	for k := down; k < accBins; k++ {
		a.bins[k] += b.bins[k-down]
	}
}

// Float64 is the sum, rounded to the nearest float64 (of two, the even one).
func (a *Accumulator) Float64() float64 { return a.round(doubleBits) }

// Float32 is the sum, rounded to the nearest float32 (of two, the even one). Below the least normal float32 it is
// rounded twice, if numbers that are not float32 were added.
func (a *Accumulator) Float32() float32 { return float32(a.round(singleBits)) }

// round is the sum rounded to so many bits.
func (a *Accumulator) round(prec int) float64 {
	switch a.found {
	case 0:
	case foundPosInf:
		return math.Inf(1)
	case foundNegInf:
		return math.Inf(-1)
	default:
		return math.NaN()
	}
	b := a.bins
	negative := carry(&b)
	if negative {
		b = a.bins
		for k := range b {
			b[k] = -b[k]
		}
		carry(&b)
	}
	// Now the lower three are digits, and the sum is an integer of three words.
	first := uint64(b[0])
	words := [3]uint64{
		first >> (128 - 3*binBits),
		first<<(3*binBits-64) | uint64(b[1])>>(64-2*binBits),
		uint64(b[1])<<(2*binBits) | uint64(b[2])<<binBits | uint64(b[3]),
	}
	exp := (int(a.top)-accBins+1)*binBits + lowest
	for i := 2; i > 0; i-- { // to the top
		if words[0] != 0 {
			break
		}
		words = [3]uint64{words[1], words[2], 0}
		exp -= 64
	}
	if words[0] == 0 {
		return 0
	}
	up := bits.LeadingZeros64(words[0])
	m := words[0]<<up | words[1]>>(64-up)
	rest := words[1]<<up | words[2]
	exp += 128 - up
	drop := 64 - prec
	half := uint64(1) << (drop - 1)
	tail := m & (half<<1 - 1)
	m >>= drop
	if tail > half || tail == half && (rest != 0 || m&1 != 0) {
		m++
	}
	sum := math.Ldexp(float64(m), exp+drop)
	if negative {
		return -sum
	}
	return sum
}

// carry leaves the lower bins with digits, and reports whether the sum is negative.
func carry(b *[accBins]int64) bool {
	for k := accBins - 1; k > 0; k-- {
		b[k-1] += b[k] >> binBits
		b[k] &= binMask
	}
	return b[0] < 0
}
