package harness

import (
	"fmt"
	"slices"
	"strings"
)

// A Case is one question that a benchmark answers at any number of sizes.
type Case struct {
	Name  string
	Unit  string // us, ms, MB/s, Mmsg/s, %, MiB, mallocs
	Title string // heading of its column in mpibench's own table
	Rate  bool   // more is better
	Peer  string // the peers' case that a row is compared with; "" when the peers have no such thing
	Sized bool   // takes a message size
	Zero  bool   // size 0 makes sense

	Collective bool // of all ranks; the size is that of OSU: a rank's data, or a block of it where ranks have several
	Floats     bool // of float32: sizes are multiples of 4

	Nonblocking bool // begun, and waited for at once
	Overlap     bool // begun, and waited for after a computation
	Persistent  bool // prepared once, then begun and waited for again and again
	Neighbor    bool // with the two neighbours on a ring: the size is that of a block for one of them

	Arena bool // ours with buffers from mpi.Alloc, beside what the peers do with theirs
}

// ArenaSuffix makes the name of a case that of the same with buffers from mpi.Alloc.
const ArenaSuffix = "_arena"

// OverlapSuffix makes the name of a nonblocking case that of its overlap.
const OverlapSuffix = "_overlap"

// Cases lists every case by name. Those with an empty Peer are ours alone: they have absolute bars.
var Cases = slices.Concat([]Case{
	{Name: "latency", Unit: "us", Title: "Latency (us)", Peer: "latency", Sized: true, Zero: true},
	{Name: "latency_arena", Unit: "us", Title: "Latency (us)", Peer: "latency", Sized: true, Arena: true},
	{Name: "move", Unit: "us", Title: "Latency (us)", Sized: true},
	{Name: "bw", Unit: "MB/s", Title: "Bandwidth (MB/s)", Rate: true, Peer: "bw", Sized: true},
	{Name: "bw_arena", Unit: "MB/s", Title: "Bandwidth (MB/s)", Rate: true, Peer: "bw", Sized: true, Arena: true},
	{Name: "bibw", Unit: "MB/s", Title: "Bandwidth (MB/s)", Rate: true, Peer: "bibw", Sized: true},
	{Name: "mbw_mr", Unit: "Mmsg/s", Title: "Mmsg/s", Rate: true, Peer: "mbw_mr", Sized: true},
	{Name: "multi_lat", Unit: "us", Title: "Latency (us)", Peer: "multi_lat", Sized: true, Zero: true},
	{Name: "barrier", Unit: "us", Title: "Avg Latency(us)", Peer: "barrier", Collective: true},
	{Name: "dup", Unit: "us", Title: "Avg Latency(us)", Peer: "dup", Collective: true},
	{Name: "dup_barrier", Unit: "us", Title: "Avg Latency(us)", Peer: "dup_barrier", Collective: true},
	{Name: "split", Unit: "us", Title: "Avg Latency(us)", Peer: "split", Collective: true},
	{Name: "split_barrier", Unit: "us", Title: "Avg Latency(us)", Peer: "split_barrier", Collective: true},
	{Name: "allocs", Unit: "mallocs", Title: "Mallocs in 100000", Sized: true, Zero: true},
	{Name: "allocs_nb", Unit: "mallocs", Title: "Mallocs in 100000", Sized: true, Zero: true},
	{Name: "idle", Unit: "%", Title: "CPU (%)", Peer: "idle"},
	{Name: "memory", Unit: "MiB", Title: "MiB per rank", Peer: "memory"},
	{Name: "hello", Unit: "ms", Title: "Start to end (ms)", Peer: "hello"},
},
	collectives, inArenas(collectives), nonblocking(collectives), persistent, neighbors)

// collectives are the blocking ones with a size, in the order of the report.
var collectives = []Case{
	ofBytes("bcast"), ofFloats("reduce"), ofFloats("allreduce"), ofFloats("reduce_scatter"), ofFloats("reduce_scatter_block"),
	ofFloats("scan"), ofFloats("exscan"),
	ofBytes("allgather"), ofBytes("alltoall"), ofBytes("gather"), ofBytes("scatter"),
	ofBytes("allgatherv"), ofBytes("alltoallv"), ofBytes("alltoallw"), ofBytes("gatherv"), ofBytes("scatterv"),
}

// persistent are persistent forms, with OSU's names.
var persistent = []Case{
	{Name: "barrier_persistent", Unit: "us", Title: "Avg Latency(us)", Peer: "barrier_persistent", Collective: true, Persistent: true},
	again(ofBytes("bcast_persistent")), again(ofFloats("allreduce_persistent")),
}

func again(c Case) Case {
	c.Persistent = true
	return c
}

// neighbors are neighbourhood collectives on a ring.
var neighbors = []Case{near(ofBytes("neighbor_allgather")), near(ofBytes("neighbor_alltoall"))}

func near(c Case) Case {
	c.Neighbor = true
	return c
}

// ofBytes is a collective that moves bytes, with OSU's name and heading.
func ofBytes(name string) Case {
	return Case{Name: name, Unit: "us", Title: "Avg Latency(us)", Peer: name, Sized: true, Collective: true}
}

// ofFloats is one that adds up numbers of type float32.
func ofFloats(name string) Case {
	c := ofBytes(name)
	c.Floats = true
	return c
}

// inArenas are the cases with buffers from mpi.Alloc.
func inArenas(cases []Case) []Case {
	var all []Case
	for _, c := range cases {
		c.Name, c.Arena = c.Name+ArenaSuffix, true
		all = append(all, c)
	}
	return all
}

// nonblocking are the forms of the cases that are begun and waited for, and their overlaps.
func nonblocking(cases []Case) []Case {
	var all []Case
	for _, c := range cases {
		c.Name = "i" + c.Name
		c.Peer, c.Nonblocking = c.Name, true
		o := c
		o.Name += OverlapSuffix
		o.Peer, o.Unit, o.Title, o.Rate, o.Overlap = o.Name, "%", "Overlap(%)", true, true
		all = append(all, c, o)
	}
	return all
}

// CaseNamed finds a case.
func CaseNamed(name string) (Case, bool) {
	i := slices.IndexFunc(Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return Case{}, false
	}
	return Cases[i], true
}

// A Point is one case at one size: "latency:64K", "barrier".
type Point struct {
	Case  string
	Bytes Size
}

// String writes the point as ParsePoints reads it.
func (p Point) String() string {
	if c, ok := CaseNamed(p.Case); ok && !c.Sized {
		return p.Case
	}
	return p.Case + ":" + p.Bytes.String()
}

// ParsePoints reads a list such as "latency:8,latency:64K,barrier". Errors name the point.
func ParsePoints(list string) ([]Point, error) {
	var points []Point
	for one := range strings.SplitSeq(list, ",") {
		name, size, sized := strings.Cut(one, ":")
		c, ok := CaseNamed(name)
		if !ok {
			return nil, fmt.Errorf("point %q: unknown case, there are %s", one, caseNames())
		}
		p := Point{Case: name}
		if sized != c.Sized {
			return nil, fmt.Errorf("point %q: this case %s", one, map[bool]string{true: "wants a size, such as " + name + ":8", false: "takes no size"}[c.Sized])
		}
		if sized {
			var err error
			if p.Bytes, err = ParseSize(size); err != nil {
				return nil, fmt.Errorf("point %q: %w", one, err)
			}
			if c.Floats && p.Bytes%4 != 0 {
				return nil, fmt.Errorf("point %q: this case wants a multiple of 4", one)
			}
		}
		points = append(points, p)
	}
	return points, nil
}

// FormatPoints is the inverse of ParsePoints.
func FormatPoints(points []Point) string {
	words := make([]string, len(points))
	for i, p := range points {
		words[i] = p.String()
	}
	return strings.Join(words, ",")
}

// PointsOf is one case at several sizes, given as ParseSize reads them. It panics on a bad size: sizes are constants.
func PointsOf(name string, sizes ...string) []Point {
	points := make([]Point, len(sizes))
	for i, s := range sizes {
		v, err := ParseSize(s)
		if err != nil {
			panic("harness: " + err.Error())
		}
		points[i] = Point{Case: name, Bytes: v}
	}
	return points
}

// DefaultPoints is what a bare case name means: powers of two up to 4 MiB, of a collective up to 1 MiB, or the case itself
// when it has no size.
func DefaultPoints(name string) ([]Point, error) {
	c, ok := CaseNamed(name)
	if !ok {
		return nil, fmt.Errorf("case %q: unknown, there are %s", name, caseNames())
	}
	if !c.Sized {
		return []Point{{Case: name}}, nil
	}
	var points []Point
	if c.Zero {
		points = append(points, Point{Case: name})
	}
	first, last := Size(1), Size(4<<20)
	if c.Floats {
		first = 4
	}
	if c.Collective {
		last = 1 << 20
	}
	for b := first; b <= last; b *= 2 {
		points = append(points, Point{Case: name, Bytes: b})
	}
	return points, nil
}

func caseNames() string {
	names := make([]string, len(Cases))
	for i, c := range Cases {
		names[i] = c.Name
	}
	return strings.Join(names, " ")
}
