package loggp

import (
	"fmt"
	"strconv"
	"strings"
)

// Time is in picoseconds: whole numbers, so that symmetric ranks agree to the last digit.
type Time int64

// Units of Time.
const (
	Nanosecond  Time = 1000
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
)

// String has three digits and a unit: "12.3 us".
func (t Time) String() string {
	unit, name := Nanosecond, "ns"
	switch {
	case t >= Second:
		unit, name = Second, "s"
	case t >= Millisecond:
		unit, name = Millisecond, "ms"
	case t >= Microsecond:
		unit, name = Microsecond, "us"
	}
	f := float64(t) / float64(unit)
	digits := 0
	switch {
	case f < 9.995:
		digits = 2
	case f < 99.95:
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + name
}

// A Link is how messages travel.
type Link struct {
	L Time // latency, from port to port
	O Time // processor time for a message, at either end
	G Time // of a port, for a byte
	// Gap, g in the papers, is the least time between two messages in a port.
	Gap Time
}

// String is "L 10.0 us, o 2.00 us, g 2.00 us, 3.00 GB/s".
func (l Link) String() string {
	return fmt.Sprintf("L %v, o %v, g %v, %.3g GB/s", l.L, l.O, l.Gap, 1000/float64(l.G))
}

// occupy is how long a message is in a port.
func (l *Link) occupy(bytes int64) Time { return max(l.Gap, l.G*Time(bytes)) }

// A Machine is what jobs are priced on.
type Machine struct {
	Node, Net  Link // inside of a node, and between nodes
	Fold, Copy Time // for a byte
}

// Default is the machine of the table in package tune. Inside of a node: about what messages of package mpi take on the
// two processors of our benchmarks (0.2 us for a short one, 13 GB/s for a long one). Between nodes:
// assumed, for TCP over Ethernet of 25 Gbit/s.
var Default = Machine{
	Node: Link{L: 80 * Nanosecond, O: 50 * Nanosecond, Gap: 50 * Nanosecond, G: 75},
	Net:  Link{L: 10 * Microsecond, O: 2 * Microsecond, Gap: 1 * Microsecond, G: 333},
	Fold: 100,
	Copy: 100,
}

// ParseLink reads "L,o,g,B": three times in microseconds and a bandwidth in GB/s, such as "1.2,0.3,0.1,12.5".
func ParseLink(s string) (Link, error) {
	var v [4]float64
	words := strings.Split(s, ",")
	for i, w := range words {
		f, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
		if err != nil || len(words) != len(v) || !(f >= 0 && f <= 1e6) || i == 3 && f < 1e-3 {
			return Link{}, fmt.Errorf("%q: want latency, overhead and gap in microseconds and bandwidth in GB/s, such as 1.2,0.3,0.1,12.5", s)
		}
		v[i] = f
	}
	if len(words) != len(v) {
		return Link{}, fmt.Errorf("%q: want latency, overhead and gap in microseconds and bandwidth in GB/s, such as 1.2,0.3,0.1,12.5", s)
	}
	us := func(f float64) Time { return Time(f*float64(Microsecond) + 0.5) }
	return Link{L: us(v[0]), O: us(v[1]), Gap: us(v[2]), G: max(1, Time(1000/v[3]+0.5))}, nil
}
