package layout

import (
	"strconv"
	"strings"
)

// String describes the compiled form, as it will run: loops from the outside in,
// then the block. "5 every 8 of 2 elements, from 3" is Vector(5, 2, 8).At(3). Long
// lists are cut.
func (l Layout) String() string {
	if l.c == nil {
		return "whole slice"
	}
	c := l.c
	var b strings.Builder
	for i := range c.levels {
		c.levels[i].describe(&b)
		b.WriteString(" of ")
	}
	b.WriteString(strconv.Itoa(c.block))
	if c.unit > 0 {
		b.WriteString(" bytes")
	} else {
		b.WriteString(" elements")
	}
	if c.off > 0 {
		b.WriteString(", from ")
		b.WriteString(strconv.Itoa(c.off))
	}
	if c.unit > 0 {
		b.WriteString(" (elements of ")
		b.WriteString(strconv.Itoa(c.unit))
		b.WriteString(" bytes)")
	}
	return b.String()
}

// describe writes one level: "5 every 8", "at 7 0 4", "rows 1@9 3@4 every 1".
func (lv *level) describe(b *strings.Builder) {
	const most = 8 // list entries shown
	switch lv.kind {
	case regular:
		b.WriteString(strconv.Itoa(lv.count))
	case listed:
		b.WriteString("at")
		for _, d := range lv.displs[:min(most, len(lv.displs))] {
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(d))
		}
	case ragged:
		b.WriteString("rows")
		start := 0
		for i, end := range lv.ends[:min(most, len(lv.ends))] {
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(end - start))
			b.WriteByte('@')
			b.WriteString(strconv.Itoa(lv.displs[i]))
			start = end
		}
	}
	if len(lv.displs) > most {
		b.WriteString(" ... (")
		b.WriteString(strconv.Itoa(len(lv.displs)))
		b.WriteString(" in all)")
	}
	if lv.kind != listed {
		b.WriteString(" every ")
		b.WriteString(strconv.Itoa(lv.stride))
	}
}
