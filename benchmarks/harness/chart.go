package harness

import (
	"fmt"
	"slices"
	"strings"
)

// A Chart is the content of one picture; benchmarks/plot draws it. Without Rows it has message sizes along x and a figure
// up y, one series a side. With Rows every row of a table has a line of its own, from the top, with its ratios along x.
type Chart struct {
	File   string   // name of the picture, without an ending
	Title  string   // says the ranks and the runs
	X, Y   string   // titles of the axes, with units
	Rows   []string `json:",omitempty"` // names of the lines
	Series []Series
}

// A Series is one line or one kind of ratio.
type Series struct {
	Name string // in the legend
	Key  string // chooses the colour: a Side, "ratio_openmpi" and the like
	Dash int    // 0 for the plain case of a side, 1 and 2 for its other cases
	Dots []Dot
}

// A Dot is one figure. In a chart with Rows, Y is the index of the row.
type Dot struct {
	X, Y   float64
	Lo, Hi float64 // quartiles of Y; both 0 when there was one run
	Target float64 // what X should reach; 0 = no target
}

// legend names the sides in charts.
var legend = map[Side]string{Ours: "golaunch", OpenMPI: "Open MPI", OpenMPIYield: "Open MPI, told to yield", MPICH: "MPICH", OpenMPITuned: "Open MPI, tuned"}

// Charts are all pictures of the rows: one for each case with at least two sizes (mpi.Alloc buffers and Move together with the
// plain case), and one of the ratios of each suite. Of a suite that has the same points with several numbers of ranks it is one for each.
func Charts(rows []Row, targets []Target) []Chart {
	var charts []Chart
	byChart := map[string][]Row{}
	var order []string // the first row's chart comes first
	add := func(name string, r Row) {
		if byChart[name] == nil {
			order = append(order, name)
		}
		byChart[name] = append(byChart[name], r)
	}
	for _, r := range rows {
		if c, _ := CaseNamed(r.Case); c.Sized && c.Unit != "mallocs" {
			add(fmt.Sprintf("%s-%s-%d", r.Suite, plainCase(r.Case), r.Ranks), r)
		}
	}
	for _, name := range order {
		if c, ok := sizeChart(name, byChart[name]); ok {
			charts = append(charts, c)
		}
	}
	several := severalRanks(rows)
	byChart, order = map[string][]Row{}, nil
	for _, r := range rows {
		if several[r.Suite] {
			add(fmt.Sprintf("%s-ratio-%d", r.Suite, r.Ranks), r)
		} else {
			add(r.Suite+"-ratio", r)
		}
	}
	for _, name := range order {
		of := byChart[name]
		title := of[0].Suite
		if several[title] {
			title = fmt.Sprintf("%s, %d ranks", title, of[0].Ranks)
		}
		if c, ok := ratioChart(name, title, of, targets); ok {
			charts = append(charts, c)
		}
	}
	return charts
}

// severalRanks are the suites in which two rows differ in the number of ranks alone.
func severalRanks(rows []Row) map[string]bool {
	ranks, several := map[Key]int{}, map[string]bool{}
	for _, r := range rows {
		k := r.Key()
		k.Ranks = 0
		if n := ranks[k]; n != 0 && n != r.Ranks {
			several[r.Suite] = true
		}
		ranks[k] = r.Ranks
	}
	return several
}

// plainCase is the case in whose chart another one is drawn.
func plainCase(name string) string {
	if name == "move" { // has no peer; it is a latency all the same
		return "latency"
	}
	if c, _ := CaseNamed(name); c.Peer != "" {
		return c.Peer
	}
	return name
}

// sizeChart is figure against size; ok is false when no series has two sizes.
func sizeChart(file string, rows []Row) (chart Chart, ok bool) {
	first := rows[0]
	plain := plainCase(first.Case)
	c, _ := CaseNamed(plain)
	chart = Chart{File: file, X: "Message size (bytes; K = 1024, M = 1024 K)", Y: c.Title}
	runs, sizes := 0, 0
	for dash, name := range []string{plain, plain + "_arena", "move"} {
		for _, side := range Sides {
			s := Series{Name: legend[side], Key: string(side), Dash: dash}
			switch {
			case dash > 0 && side != Ours:
				continue
			case dash == 1:
				s.Name += ", mpi.Alloc"
			case dash == 2:
				s.Name += ", Move"
			}
			for i := range rows {
				r := &rows[i]
				v := r.Figure(side)
				if r.Case != name || v == nil || *v <= 0 { // the axis is logarithmic
					continue
				}
				d := Dot{X: float64(r.Bytes), Y: *v}
				if r.Runs[side] > 1 {
					d.Lo, d.Hi = r.Spread[side][0], r.Spread[side][1]
				}
				s.Dots = append(s.Dots, d)
				runs = max(runs, r.Runs[side])
			}
			if len(s.Dots) > 0 {
				slices.SortFunc(s.Dots, func(a, b Dot) int { return int(a.X - b.X) })
				chart.Series = append(chart.Series, s)
				sizes = max(sizes, len(s.Dots))
			}
		}
	}
	chart.Title = fmt.Sprintf("%s %s, %d ranks, %s", first.Suite, plain, first.Ranks, runsOf(runs))
	return chart, sizes >= 2
}

func runsOf(n int) string {
	if n < 2 {
		return "one run"
	}
	return fmt.Sprintf("medians and quartiles of %d runs", n)
}

// ratioChart has a line for each of the rows that has a ratio, and on it every ratio that a target asks for, with
// the target; besides `ratio` and `ratio_tuned` even if none does, unless the peers have targets of their own.
func ratioChart(file, title string, rows []Row, targets []Target) (chart Chart, ok bool) {
	chart = Chart{File: file, Title: title + ": peer against ours, above 1 golaunch is ahead", X: "Ratio"}
	kinds := []Series{
		{Name: "better peer as installed", Key: "ratio"},
		{Name: "tuned Open MPI", Key: "ratio_tuned"},
		{Name: "Open MPI", Key: "ratio_openmpi"},
		{Name: "MPICH", Key: "ratio_mpich"},
	}
	for i := range rows {
		r := &rows[i]
		dots := map[string]Dot{}
		put := func(key string, figure *float64, target float64) {
			if figure != nil && *figure > 0 {
				dots[key] = Dot{X: *figure, Y: float64(len(chart.Rows)), Target: max(target, dots[key].Target)}
			}
		}
		put("ratio_tuned", r.RatioTuned, 0)
		for j := range targets {
			if targets[j].Selects(r.Key()) {
				for _, b := range targets[j].bars(r) {
					if !b.atMost {
						put(b.name, b.figure, b.limit)
					}
				}
			}
		}
		if dots["ratio_openmpi"].X == 0 && dots["ratio_mpich"].X == 0 {
			put("ratio", r.Ratio, dots["ratio"].Target)
		}
		if len(dots) == 0 {
			continue
		}
		name := Point{Case: r.Case, Bytes: r.Bytes}.String()
		chart.Rows = append(chart.Rows, strings.Replace(name, ":", " ", 1))
		for k := range kinds {
			if d, ok := dots[kinds[k].Key]; ok {
				kinds[k].Dots = append(kinds[k].Dots, d)
			}
		}
	}
	chart.Series = slices.DeleteFunc(kinds, func(s Series) bool { return len(s.Dots) == 0 })
	return chart, len(chart.Rows) > 0
}
