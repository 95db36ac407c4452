package harness

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A Lister prints Results as people know them from the OSU micro-benchmarks: a heading a case, then size and value.
type Lister struct {
	last string
}

// Write prints one result.
func (l *Lister) Write(w io.Writer, r Result) error {
	var head string
	if l.last != r.Case {
		c, _ := CaseNamed(r.Case)
		if l.last != "" {
			head = "\n"
		}
		head += fmt.Sprintf("# %s, %d ranks\n# %-8s", r.Case, r.Ranks, "Size")
		if r.Overlap != nil {
			head += fmt.Sprintf("%18s%18s%18s", "Overall(us)", "Compute(us)", "Pure Comm.(us)")
		}
		head += fmt.Sprintf("%18s\n", c.Title)
		l.last = r.Case
	}
	line := fmt.Sprintf("%-10d", int64(r.Bytes))
	if o := r.Overlap; o != nil {
		line += fmt.Sprintf("%18.2f%18.2f%18.2f", o.Overall, o.Compute, o.Pure)
	}
	_, err := fmt.Fprintf(w, "%s%s%18.2f\n", head, line, r.Value)
	return err
}

// WriteTable prints the rows for people: one block a case, every side as median [lower..upper quartile], ratios, and
// what the targets say. Columns without a single figure are left out of their block. Below a block of several rows and below
// them all come geometric means.
func WriteTable(w io.Writer, rows []Row, targets []Target) error {
	all := rows
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Suite == rows[0].Suite && rows[n].Case == rows[0].Case && rows[n].Ranks == rows[0].Ranks {
			n++
		}
		if err := writeBlock(w, rows[:n], targets); err != nil {
			return err
		}
		rows = rows[n:]
	}
	head := "\n# geometric means\n"
	for i := range targets {
		for _, m := range targets[i].means(all) {
			if _, err := fmt.Fprintf(w, "%s# %s: %s\n", head, targets[i].Name, m); err != nil {
				return err
			}
			head = ""
		}
	}
	return nil
}

func writeBlock(w io.Writer, rows []Row, targets []Target) error {
	first := rows[0]
	if _, err := fmt.Fprintf(w, "\n# %s %s, %d ranks, %s\n", first.Suite, first.Case, first.Ranks, first.Unit); err != nil {
		return err
	}
	columns := []column{{"# size", func(r *Row) string { return r.Bytes.String() }}}
	for _, side := range Sides {
		columns = append(columns, column{string(side), func(r *Row) string { return figure(r, side) }})
	}
	columns = append(columns,
		column{"tuned_by", func(r *Row) string { return r.TunedBy }},
		column{"ratio", func(r *Row) string { return times(r.Ratio) }},
		column{"ratio_tuned", func(r *Row) string { return times(r.RatioTuned) }},
		column{"target", func(r *Row) string { return verdict(r, targets) }})
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var lines [][]string
	for _, c := range columns {
		if line, any := c.cells(rows); any || c.head == string(Ours) {
			lines = append(lines, line)
		}
	}
	for i := range len(rows) + 1 {
		cells := make([]string, len(lines))
		for j := range lines {
			cells[j] = lines[j][i]
		}
		fmt.Fprintln(tab, strings.Join(cells, "\t"))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	var means []string
	for _, name := range []string{"ratio", "ratio_tuned"} {
		if m := meanOf(name, 1, rows); m.value != nil && m.rows > 1 {
			means = append(means, name+" "+times(m.value))
		}
	}
	if means == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "# geometric mean: %s\n", strings.Join(means, ", "))
	return err
}

// A column of a block: its heading and what a row has in it.
type column struct {
	head string
	cell func(*Row) string
}

// cells are the heading and one cell a row; any is false when no row has anything.
func (c column) cells(rows []Row) (cells []string, any bool) {
	cells = []string{c.head}
	for i := range rows {
		text := c.cell(&rows[i])
		any = any || text != ""
		if text == "" {
			text = "-"
		}
		cells = append(cells, text)
	}
	return cells, any
}

func figure(r *Row, side Side) string {
	v := r.Figure(side)
	if v == nil {
		return ""
	}
	spread := r.Spread[side]
	if r.Runs[side] < 2 {
		return short(*v)
	}
	return fmt.Sprintf("%s [%s..%s]", short(*v), short(spread[0]), short(spread[1]))
}

// short writes a figure with three significant digits and no exponent.
func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func times(ratio *float64) string {
	if ratio == nil {
		return ""
	}
	return short(*ratio) + "x"
}
