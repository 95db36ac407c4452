package harness

import (
	"fmt"
	"slices"
	"strings"
)

// A bar is one number that a row must reach because of a target.
type bar struct {
	name    string
	limit   float64
	atMost  bool
	figure  *float64 // what the row has; nil when something is missing
	needs   []Side   // whose figures it takes
	missing []Side   // those of them that there are not
}

// FewestRuns that a ratio may rest on when it is held against a bar.
const FewestRuns = 5

// barOf is the bar of that name for a row: "max" or a ratio.
func (r *Row) barOf(name string, limit float64) bar {
	c, _ := CaseNamed(r.Case)
	b := bar{name: name, limit: limit}
	switch name {
	case "ratio":
		b.figure, b.needs = r.Ratio, []Side{Ours, OpenMPI, MPICH}
	case "ratio_tuned":
		b.figure, b.needs = r.RatioTuned, []Side{Ours, OpenMPITuned}
	case "ratio_openmpi":
		b.figure, b.needs = Ratio(c.Rate, r.Ours, r.OpenMPI, r.OpenMPIYield), []Side{Ours, OpenMPI}
	case "ratio_mpich":
		b.figure, b.needs = Ratio(c.Rate, r.Ours, r.MPICH), []Side{Ours, MPICH}
	case "max":
		b.figure, b.needs, b.atMost = r.Ours, []Side{Ours}, true
	default:
		panic("harness: unknown bar " + name)
	}
	for _, side := range b.needs {
		if r.Figure(side) == nil {
			b.missing = append(b.missing, side)
		}
	}
	return b
}

// bars of one target for one row.
func (t *Target) bars(r *Row) []bar {
	var bars []bar
	for _, one := range t.limits() {
		if one.limit != nil && !one.mean {
			bars = append(bars, r.barOf(one.name, *one.limit))
		}
	}
	return bars
}

// flaw says in one clause what is wrong with the bar, "" when it is reached.
func (b bar) flaw(unit string) string {
	if len(b.missing) > 0 {
		words := make([]string, len(b.missing))
		for i, s := range b.missing {
			words[i] = string(s)
		}
		return fmt.Sprintf("%s: no figure of %s", b.name, strings.Join(words, ", "))
	}
	switch {
	case b.figure == nil:
		return b.name + ": cannot be computed"
	case b.atMost && *b.figure <= b.limit, !b.atMost && *b.figure >= b.limit:
		return ""
	case b.atMost:
		return fmt.Sprintf("%.3g %s is above %g", *b.figure, unit, b.limit)
	}
	return fmt.Sprintf("%s %.3g is below %g", b.name, *b.figure, b.limit)
}

// tooFew says which side of a ratio had too few runs, "" when none. What has an absolute limit may have its own number.
func (b bar) tooFew(r *Row) string {
	for _, side := range b.needs {
		if n := r.Runs[side]; n < FewestRuns && !b.atMost {
			return fmt.Sprintf("%s: %d runs of %s, want at least %d", b.name, n, side, FewestRuns)
		}
	}
	return ""
}

// A Failure is a bar that was not reached, or could not be tried.
type Failure struct {
	Target string
	Row    string // which row; "" when the target selects none
	What   string
}

// String is one line for people.
func (f Failure) String() string {
	if f.Row == "" {
		return fmt.Sprintf("target %q: %s", f.Target, f.What)
	}
	return fmt.Sprintf("%s: %s (%s)", f.Row, f.What, f.Target)
}

// Check holds the rows against the targets of the suites that ran. With whole, a target that selects no row at all is a
// failure too, and so is a ratio of fewer than FewestRuns runs: a short run must not be held to that.
func Check(rows []Row, targets []Target, suites []string, whole bool) []Failure {
	var failures []Failure
	for i := range targets {
		t := &targets[i]
		if !slices.Contains(suites, t.Suite) {
			continue
		}
		selected := false
		for _, m := range t.means(rows) {
			if what := m.flaw(whole); what != "" {
				failures = append(failures, Failure{Target: t.Name, What: what})
			}
		}
		for j := range rows {
			r := &rows[j]
			if !t.Selects(r.Key()) {
				continue
			}
			selected = true
			for _, b := range t.bars(r) {
				what := b.flaw(r.Unit)
				if what == "" && whole {
					what = b.tooFew(r)
				}
				if what != "" {
					failures = append(failures, Failure{Target: t.Name, Row: r.Key().String(), What: what})
				}
			}
		}
		if !selected && whole {
			failures = append(failures, Failure{Target: t.Name, What: "no row measured"})
		}
	}
	return failures
}

// verdict is the last column of the table: which bars the row has and whether it reaches them.
func verdict(r *Row, targets []Target) string {
	var words []string
	flawed := false
	for i := range targets {
		if !targets[i].Selects(r.Key()) {
			continue
		}
		for _, b := range targets[i].bars(r) {
			sign := ">="
			if b.atMost {
				sign = "<="
			}
			mark := ""
			if b.flaw(r.Unit) != "" {
				mark, flawed = "!", true
			}
			words = append(words, fmt.Sprintf("%s%s%s%g", mark, strings.TrimPrefix(b.name, "ratio_"), sign, b.limit))
		}
	}
	switch {
	case len(words) == 0:
		return ""
	case flawed:
		return "LOW " + strings.Join(words, " ")
	}
	return "ok  " + strings.Join(words, " ")
}
