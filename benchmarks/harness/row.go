package harness

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Side is one of those that a run compares.
type Side string

const (
	Ours         Side = "ours"
	OpenMPI      Side = "openmpi"       // as installed
	MPICH        Side = "mpich"         // as installed
	OpenMPITuned Side = "openmpi_tuned" // with the settings that are best for the row: of all variants that ran, and those above
	OpenMPIYield Side = "openmpi_yield" // more ranks than processors: as installed, but told to yield
)

// Tuned is one set of settings of the tuned Open MPI, which runs as a side of its own: no set is the best everywhere.
// A row's OpenMPITuned is the best of them.
func Tuned(variant string) Side { return OpenMPITuned + "/" + Side(variant) }

// Variant is the inverse of Tuned; ok is false for a side that is none of them.
func (s Side) Variant() (name string, ok bool) {
	return strings.CutPrefix(string(s), string(OpenMPITuned)+"/")
}

// Sides lists them in the order of the table.
var Sides = []Side{Ours, OpenMPI, OpenMPIYield, MPICH, OpenMPITuned}

// A Key names a row.
type Key struct {
	Suite string
	Case  string
	Bytes Size
	Ranks int
}

// String says it for people: "pt2pt latency 64K, 2 ranks".
func (k Key) String() string {
	if c, ok := CaseNamed(k.Case); ok && !c.Sized {
		return fmt.Sprintf("%s %s, %d ranks", k.Suite, k.Case, k.Ranks)
	}
	return fmt.Sprintf("%s %s %s, %d ranks", k.Suite, k.Case, k.Bytes, k.Ranks)
}

// Samples collects the values of all runs: key -> side -> one value a run.
type Samples struct {
	order  []Key
	values map[Key]map[Side][]float64
}

// Expect makes a row exist even if no run ever yields a value for it.
func (s *Samples) Expect(k Key) {
	if s.values == nil {
		s.values = map[Key]map[Side][]float64{}
	}
	if s.values[k] == nil {
		s.values[k] = map[Side][]float64{}
		s.order = append(s.order, k)
	}
}

// Add appends the value of one run.
func (s *Samples) Add(k Key, side Side, value float64) {
	s.Expect(k)
	s.values[k][side] = append(s.values[k][side], value)
}

// Rows builds one row for each of our keys, in the order of the suites and cases as they were first seen, sizes ascending.
// Keys that only peers have (none so far) are left out.
func (s *Samples) Rows() []Row {
	type group struct{ suite, name string }
	rank := map[group]int{}
	for _, k := range s.order {
		if g := (group{k.Suite, k.Case}); rank[g] == 0 {
			rank[g] = len(rank) + 1
		}
	}
	keys := slices.SortedStableFunc(slices.Values(s.order), func(a, b Key) int {
		return cmp.Or(
			cmp.Compare(rank[group{a.Suite, a.Case}], rank[group{b.Suite, b.Case}]),
			cmp.Compare(a.Ranks, b.Ranks), cmp.Compare(a.Bytes, b.Bytes))
	})
	var rows []Row
	for _, k := range keys {
		c, ok := CaseNamed(k.Case)
		if !ok {
			continue
		}
		values := maps.Clone(s.values[k])
		if c.Peer != "" && c.Peer != k.Case {
			theirs := k
			theirs.Case = c.Peer
			for side, v := range s.values[theirs] {
				if side != Ours {
					values[side] = v
				}
			}
		}
		rows = append(rows, newRow(k, c, values))
	}
	return rows
}

// A Row is one line of bench.sh's JSON. A nil figure (null) means that there is none: no such peer, or its run failed.
type Row struct {
	Suite string `json:"suite"`
	Case  string `json:"case"`
	Bytes Size   `json:"bytes"`
	Ranks int    `json:"ranks"`
	Unit  string `json:"unit"`

	Ours         *float64 `json:"ours"`
	OpenMPI      *float64 `json:"openmpi"`
	OpenMPIYield *float64 `json:"openmpi_yield,omitempty"`
	MPICH        *float64 `json:"mpich"`
	Ratio        *float64 `json:"ratio"` // the best peer as installed against ours
	OpenMPITuned *float64 `json:"openmpi_tuned"`
	TunedBy      string   `json:"openmpi_tuned_by,omitempty"` // which variant that is, or which Open MPI that nobody tuned
	RatioTuned   *float64 `json:"ratio_tuned"`

	Spread map[Side][2]float64 `json:"spread"` // lower and upper quartile of the runs
	Runs   map[Side]int        `json:"runs"`
}

// newRow is pure arithmetic: medians, quartiles, ratios.
func newRow(k Key, c Case, values map[Side][]float64) Row {
	row := Row{Suite: k.Suite, Case: k.Case, Bytes: k.Bytes, Ranks: k.Ranks, Unit: c.Unit, Spread: map[Side][2]float64{}, Runs: map[Side]int{}}
	set := func(side Side, sum Summary) {
		median := sum.Median
		*row.side(side) = &median
		row.Spread[side] = [2]float64{sum.Lo, sum.Hi}
		row.Runs[side] = sum.N
	}
	for side, v := range values {
		if _, variant := side.Variant(); variant {
			continue
		}
		if sum, ok := Summarise(v); ok {
			set(side, sum)
		}
	}
	if by, sum, ok := bestTuned(c.Rate, values); ok {
		set(OpenMPITuned, sum)
		row.TunedBy = by
	}
	row.Ratio = Ratio(c.Rate, row.Ours, row.OpenMPI, row.OpenMPIYield, row.MPICH)
	row.RatioTuned = Ratio(c.Rate, row.Ours, row.OpenMPITuned)
	return row
}

// bestTuned is the variant with the best median. Where Open MPI as installed (or just told to yield) beats them all,
// leaving the settings alone is the best tuning, and it is named instead; but it can't stand in for variants that did not run.
func bestTuned(rate bool, values map[Side][]float64) (by string, best Summary, ok bool) {
	consider := func(side Side, name string) {
		sum, any := Summarise(values[side])
		if any && (!ok || rate && sum.Median > best.Median || !rate && sum.Median < best.Median) {
			by, best, ok = name, sum, true
		}
	}
	for _, side := range slices.Sorted(maps.Keys(values)) {
		if name, variant := side.Variant(); variant {
			consider(side, name)
		}
	}
	if ok {
		consider(OpenMPI, string(OpenMPI))
		consider(OpenMPIYield, string(OpenMPIYield))
	}
	return by, best, ok
}

func (r *Row) side(s Side) **float64 {
	switch s {
	case Ours:
		return &r.Ours
	case OpenMPI:
		return &r.OpenMPI
	case MPICH:
		return &r.MPICH
	case OpenMPITuned:
		return &r.OpenMPITuned
	case OpenMPIYield:
		return &r.OpenMPIYield
	}
	panic("harness: unknown side " + string(s))
}

// Figure is the median of one side, nil when it has none.
func (r *Row) Figure(s Side) *float64 { return *r.side(s) }

// Key names the row.
func (r *Row) Key() Key { return Key{Suite: r.Suite, Case: r.Case, Bytes: r.Bytes, Ranks: r.Ranks} }

// Ratio of the best peer against ours: above 1 we are ahead. rate says that more is better. Peers without a figure don't
// count; nil without ours, without any peer, or when the divisor is zero.
func Ratio(rate bool, ours *float64, peers ...*float64) *float64 {
	var best *float64
	for _, p := range peers {
		if p != nil && (best == nil || rate && *p > *best || !rate && *p < *best) {
			best = p
		}
	}
	if ours == nil || best == nil {
		return nil
	}
	over, under := *best, *ours
	if rate {
		over, under = under, over
	}
	if under == 0 {
		return nil
	}
	ratio := over / under
	return &ratio
}
