package launcher

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// maxShown bounds the operations printed for one rank.
const maxShown = 20

// reportText writes what every rank waits for, and the knot if there is one. Ranks
// with the same operations share a paragraph.
func reportText(title string, views []rankView, found waits) string {
	var b strings.Builder
	fmt.Fprintf(&b, "golaunch: %s\n", title)
	type group struct {
		ranks []int
		lines []string
	}
	var groups []*group
	byText := make(map[string]*group)
	for r, v := range views {
		lines := v.lines(false)
		key := strings.Join(lines, "\n")
		g := byText[key]
		if g == nil {
			g = &group{lines: v.lines(true)}
			byText[key] = g
			groups = append(groups, g)
		}
		g.ranks = append(g.ranks, r)
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "  %s:", rankList(g.ranks))
		if len(g.lines) == 1 {
			fmt.Fprintf(&b, " %s\n", g.lines[0])
			continue
		}
		b.WriteByte('\n')
		for _, l := range g.lines {
			fmt.Fprintf(&b, "    %s\n", l)
		}
	}
	if untraced(views) {
		fmt.Fprintf(&b, "golaunch: where operations were posted is shown when the job runs with %s=calls in its environment\n", bootstrap.EnvTrace)
	}
	b.WriteString(found.text(views))
	return b.String()
}

// untraced reports whether something is pending of which no place in the code is known.
func untraced(views []rankView) bool {
	for _, v := range views {
		for _, p := range v.pending {
			if !p.Blocking && p.Begun == "" {
				return true
			}
		}
	}
	return false
}

// lines says what a rank does, one line for each pending operation; withTime adds how
// long, which differs between ranks that do the same.
func (v rankView) lines(withTime bool) []string {
	switch v.state {
	case rankSilent:
		return []string{fmt.Sprintf("no answer within %v (computing, or stopped)", dumpWait)}
	case rankNotJoined:
		return []string{"no answer (has not called Init, or never will)"}
	case rankFinished:
		return []string{"finished"}
	case rankLost:
		return []string{"failed"}
	}
	if len(v.pending) == 0 {
		return []string{"nothing pending (computing)"}
	}
	// What waits comes first, the longest first: that is what the reader looks for.
	list := slices.Clone(v.pending)
	slices.SortStableFunc(list, func(a, b bootstrap.Pending) int {
		if a.Blocking != b.Blocking {
			if a.Blocking {
				return -1
			}
			return 1
		}
		return 0
	})
	var lines []string
	for i, p := range list {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("... and %d more", len(list)-maxShown))
			break
		}
		lines = append(lines, describe(p, withTime))
	}
	return lines
}

// describe writes one pending operation:
// "Recv from rank 3, tag 5, 80 bytes, world, waiting for 2.1s at ring.go:31 main.step".
func describe(p bootstrap.Pending, withTime bool) string {
	var b strings.Builder
	b.WriteString(p.Op)
	if sends, receives := direction(p.Op); sends || receives || p.Peer >= 0 {
		b.WriteString(peerText(p))
		switch {
		case p.Tag == bootstrap.AnyTag:
			b.WriteString(", any tag")
		case p.Tag >= 0:
			b.WriteString(", tag " + strconv.Itoa(p.Tag))
		}
		fmt.Fprintf(&b, ", %s", count(int(p.Bytes), "byte"))
	}
	if p.Comm != "" {
		b.WriteString(", " + p.Comm)
	}
	if p.Blocking {
		b.WriteString(", waiting")
	} else {
		b.WriteString(", posted")
	}
	if withTime && p.SinceMS > 0 {
		fmt.Fprintf(&b, " for %v", time.Duration(p.SinceMS)*time.Millisecond)
	}
	if p.Where != "" {
		b.WriteString(" at " + p.Where)
	}
	if p.Begun != "" && p.Begun != p.Where {
		if p.Blocking {
			b.WriteString(", posted")
		}
		b.WriteString(" at " + p.Begun)
	}
	return b.String()
}

func peerText(p bootstrap.Pending) string {
	sends, receives := direction(p.Op)
	word := " with "
	if sends && !receives {
		word = " to "
	} else if receives && !sends {
		word = " from "
	}
	switch {
	case p.Peer >= 0:
		return word + "rank " + strconv.Itoa(p.Peer)
	case p.Peer == bootstrap.AnySource:
		return word + "any rank"
	}
	return ""
}

// text names the knot: "deadlock: rank 0 waits for rank 1 (Recv, tag 5, at a.go:7), ...".
func (w waits) text(views []rankView) string {
	if len(w.stuck) == 0 {
		return ""
	}
	var b strings.Builder
	if w.closed {
		b.WriteString("golaunch: deadlock: ")
	} else {
		b.WriteString("golaunch: waiting in vain: ")
	}
	for i, r := range w.chain {
		next := w.end
		if i+1 < len(w.chain) {
			next = w.chain[i+1]
		} else if w.closed {
			next = w.chain[0]
		}
		if i > 0 {
			b.WriteString(", ")
		}
		what, anybody := blame(views[r], next)
		switch {
		case next == r && anybody:
			fmt.Fprintf(&b, "rank %d waits for any rank, and is the only one", r)
		case next == r:
			fmt.Fprintf(&b, "rank %d waits for itself", r)
		case anybody:
			fmt.Fprintf(&b, "rank %d waits for any rank", r)
		default:
			fmt.Fprintf(&b, "rank %d waits for rank %d", r, next)
		}
		if next == w.end {
			if anybody {
				b.WriteString(", and all others have finished or failed")
			} else if views[next].state == rankLost {
				b.WriteString(", which has failed")
			} else {
				b.WriteString(", which has finished")
			}
		}
		if what != "" {
			b.WriteString(" (" + what + ")")
		}
	}
	if w.closed && len(w.chain) == 1 {
		b.WriteString(", unless another of its goroutines is about to help")
	}
	b.WriteByte('\n')
	if rest := len(w.stuck) - len(w.chain); rest > 0 {
		var others []int
		for _, r := range w.stuck {
			if !slices.Contains(w.chain, r) {
				others = append(others, r)
			}
		}
		verb := "wait"
		if rest == 1 {
			verb = "waits"
		}
		fmt.Fprintf(&b, "golaunch: %s %s for them or like them\n", rankList(others), verb)
	}
	return b.String()
}

// blame returns the operation with which a rank waits for next, briefly, and whether
// it waits for anybody rather than for this rank.
func blame(v rankView, next int) (what string, anybody bool) {
	var found *bootstrap.Pending
	for i := range v.pending {
		p := &v.pending[i]
		if !p.Blocking {
			continue
		}
		if p.Peer == next {
			found = p
			break
		}
		if p.Peer < 0 && (found == nil || worldBarrier(*p)) {
			found = p
		}
	}
	if found == nil {
		return "", false
	}
	what = found.Op
	if found.Tag >= 0 {
		what += fmt.Sprintf(", tag %d", found.Tag)
	}
	if found.Where != "" {
		what += ", at " + found.Where
	}
	return what, found.Peer < 0 && !worldBarrier(*found)
}

// signature tells one stall from the next: all that a report says but the times.
func signature(views []rankView) string {
	var b strings.Builder
	for r, v := range views {
		fmt.Fprintf(&b, "%d:%d", r, v.state)
		for _, p := range v.pending {
			fmt.Fprintf(&b, " %q", fmt.Sprint(p.Op, p.Peer, p.Tag, p.Bytes, p.Comm, p.Where, p.Begun, p.Blocking))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
