package main

import (
	"math"
	"math/rand/v2"
)

// The units are those usual for star clusters: the constant of gravity and the mass
// of the whole cluster are 1, and its size is about 1 too.

type vector struct{ X, Y, Z float64 }

func (a vector) plus(b vector) vector        { return vector{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }
func (a vector) minus(b vector) vector       { return vector{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }
func (a vector) times(factor float64) vector { return vector{factor * a.X, factor * a.Y, factor * a.Z} }
func (a vector) dot(b vector) float64        { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }
func (a vector) length() float64             { return math.Sqrt(a.dot(a)) }

// star is what a rank keeps of its own stars.
type star struct {
	Position, Velocity vector
	Mass               float64
}

// source is what others have to know of a star to be pulled by it.
type source struct {
	Position vector
	Mass     float64
}

// pull is what all other stars together do to one.
type pull struct {
	acceleration vector
	potential    float64 // energy per mass
}

// softening is the distance below which stars pull less than Newton says, as if
// they were clouds. Without it two stars that nearly meet would need much shorter
// steps.
const softening = 0.05

// addPulls adds the pulls of sources to those on own. A star's pull at itself is
// none, so it does no harm if it is among the sources.
func addPulls(pulls []pull, own []star, sources []source) {
	for i := range own {
		at, sum := own[i].Position, pulls[i]
		for _, s := range sources {
			to := s.Position.minus(at)
			square := to.dot(to)
			if square == 0 {
				continue
			}
			near := 1 / math.Sqrt(square+softening*softening)
			potential := s.Mass * near
			sum.potential -= potential
			sum.acceleration = sum.acceleration.plus(to.times(potential * near * near))
		}
		pulls[i] = sum
	}
}

// A step of the leapfrog method is kick, drift, new pulls, kick, with half the time
// for each kick. It errs by dt squared, but to and fro, so that energy does not
// leak away with time.

// kick changes the velocities by what the pulls do in time dt.
func kick(own []star, pulls []pull, dt float64) {
	for i := range own {
		own[i].Velocity = own[i].Velocity.plus(pulls[i].acceleration.times(dt))
	}
}

// drift moves the stars for time dt.
func drift(own []star, dt float64) {
	for i := range own {
		own[i].Position = own[i].Position.plus(own[i].Velocity.times(dt))
	}
}

// newStar makes star i of n. The cluster is a Plummer sphere in equilibrium: dense
// in the middle, thin outside, and it stays so (Aarseth, Henon, Wielen, Astronomy
// and Astrophysics 37, 1974). Star i has random numbers of its own, so nobody has
// to make the stars before it.
func newStar(seed uint64, i, n int) star {
	random := rand.New(rand.NewPCG(seed, uint64(i)))
	radius := math.Inf(1)
	for radius > 10 { // the sphere has no end; this one has
		radius = 1 / math.Sqrt(math.Pow(random.Float64(), -2./3)-1)
	}
	// The speed as part of the speed of escape, by rejection from q^2
	// (1-q^2)^(7/2).
	q, y := 0., 1.
	for y > q*q*math.Pow(1-q*q, 3.5) {
		q, y = random.Float64(), 0.1*random.Float64()
	}
	escape := math.Sqrt2 / math.Sqrt(math.Sqrt(1+radius*radius))
	return star{
		Position: direction(random, radius),
		Velocity: direction(random, q*escape),
		Mass:     1 / float64(n),
	}
}

// direction is a vector of the given length that points anywhere.
func direction(random *rand.Rand, length float64) vector {
	z := 2*random.Float64() - 1
	angle := 2 * math.Pi * random.Float64()
	xy := math.Sqrt(1 - z*z)
	return vector{length * xy * math.Cos(angle), length * xy * math.Sin(angle), length * z}
}
