package harness

import (
	"fmt"
	"math"
)

// A mean is the geometric mean of a ratio over rows, and the bar that it must reach: twice as fast here makes up for half as
// fast there, in whatever unit either is.
type mean struct {
	name  string
	limit float64
	value *float64 // nil when no row has the ratio
	rows  int      // that have the ratio
	lacks string   // why one that has none hasn't, "" when every row has it
	few   string   // as lacks, of a row with too few runs
}

// meanOf is the mean over all rows.
func meanOf(name string, limit float64, rows []Row) mean {
	m := mean{name: name, limit: limit}
	sum := 0.0
	for i := range rows {
		r := &rows[i]
		b := r.barOf(name, 0)
		if len(b.missing) == 0 && m.few == "" {
			if m.few = b.tooFew(r); m.few != "" {
				m.few = r.Key().String() + ": " + m.few
			}
		}
		if why := b.flaw(r.Unit); why != "" && m.lacks == "" {
			m.lacks = r.Key().String() + ": " + why
		}
		if b.figure != nil {
			sum += math.Log(*b.figure)
			m.rows++
		}
	}
	if m.rows > 0 {
		value := math.Exp(sum / float64(m.rows))
		m.value = &value
	}
	return m
}

// means are the target's geometric means over the rows that it selects; none when it selects no row.
func (t *Target) means(rows []Row) []mean {
	var selected []Row
	for i := range rows {
		if t.Selects(rows[i].Key()) {
			selected = append(selected, rows[i])
		}
	}
	if selected == nil {
		return nil
	}
	var all []mean
	for _, one := range t.limits() {
		if one.limit != nil && one.mean {
			all = append(all, meanOf(one.name, *one.limit, selected))
		}
	}
	return all
}

// flaw says in one clause what is wrong with the mean, "" when nothing is. With whole, every row counts and has its runs; a short run
// has the mean over the rows that there are.
func (m mean) flaw(whole bool) string {
	what := ""
	switch {
	case m.value == nil:
		what = m.lacks
	case *m.value < m.limit:
		what = fmt.Sprintf("geometric mean of %s over %d rows is %.3g, below %g", m.name, m.rows, *m.value, m.limit)
	case whole && m.lacks != "":
		what = "geometric mean of " + m.lacks
	case whole && m.few != "":
		what = "geometric mean of " + m.few
	}
	return what
}

// String is a line of the table.
func (m mean) String() string {
	if m.value == nil {
		return fmt.Sprintf("LOW !%s>=%g", m.name, m.limit)
	}
	verdict, mark := "ok ", ""
	if m.flaw(false) != "" {
		verdict, mark = "LOW", "!"
	}
	return fmt.Sprintf("%s over %d rows %s  %s %s%s>=%g", m.name, m.rows, times(m.value), verdict, mark, m.name, m.limit)
}
