package launcher

import (
	"fmt"
	"slices"
	"strings"
)

// cause is why a job ended before its ranks did.
type cause struct {
	kind   causeKind
	rank   int    // that failed, or noRank
	code   int    // exit code of golaunch
	how    string // "was killed by SIGSEGV"
	word   bool   // known from the segment only: the rank's message, with the reason, may follow
	others int    // ranks that were running besides
}

type causeKind int

const (
	causeFailure causeKind = iota
	causeStart             // a rank could not be started
	causeSignal
	causeTimeout
	causeKeeper
	causeOutput
)

// code is the exit code of golaunch.
func (j *job) code() int {
	well := j.cause == nil || j.cause.kind == causeSignal && j.cause.rank == noRank && j.killed == 0
	switch {
	case !well:
		return j.cause.code
	case len(j.lost) == len(j.ranks):
		return j.lostCode
	}
	return 0
}

// summary is the last message: who failed, where, how, and what became of the others.
// It is empty when all went well.
func (j *job) summary() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "golaunch: "+format+"\n", args...) }
	c := j.cause
	killed := ""
	if j.killed > 0 && c != nil && c.kind != causeStart {
		killed = fmt.Sprintf(" (%d had to be killed)", j.killed)
	}
	switch {
	case c == nil:
	case c.kind == causeFailure, c.kind == causeStart:
		ended := ""
		switch {
		case c.others == 1:
			ended = "; the other rank was ended" + killed
		case c.others > 1:
			ended = fmt.Sprintf("; the other %d ranks were ended%s", c.others, killed)
		}
		line("%s %s%s", j.name(c.rank), c.how, ended)
	case c.kind == causeSignal:
		line("got %s; %s were told to end%s", c.how, count(c.others, "rank"), killed)
	case c.kind == causeTimeout:
		line("the job did not end within %v (-timeout); %s ended%s", j.timeout, countWere(c.others, "rank"), killed)
	case c.kind == causeKeeper:
		line("%s; %s ended", c.how, countWere(c.others, "rank"))
	case c.kind == causeOutput:
		line("can't write the ranks' output: %s; %s ended%s", c.how, countWere(c.others, "rank"), killed)
	}
	if len(j.lost) > 0 {
		line("lost %s of %d on the way", rankList(j.lost), len(j.ranks))
	}
	if c == nil && j.strays > 0 {
		line("killed %s that the ranks had left behind", count(j.strays, "process"))
	}
	if note := j.initNote(); note != "" && (j.verbose || c != nil && (c.kind == causeFailure || c.kind == causeTimeout)) {
		line("%s", note)
	}
	return b.String()
}

// initNote says which ranks never called Init, "" when all did. After a failure only
// the rank that failed is of interest: the others may have been ended before they could.
func (j *job) initNote() string {
	var without []int
	for i := range j.ranks {
		if r := &j.ranks[i]; !r.spoke && r.pid != 0 {
			without = append(without, i)
		}
	}
	switch {
	case len(without) == 0 || j.toldInit:
		return ""
	case len(without) == len(j.ranks) && len(j.ranks) > 1:
		return "no rank ever called Init: the program is not linked with golaunch's runtime/mpi, or ended before"
	case j.cause != nil && j.cause.kind == causeFailure && !slices.Contains(without, j.cause.rank):
		return ""
	case j.cause != nil && j.cause.kind == causeFailure:
		return fmt.Sprintf("rank %d never called Init", j.cause.rank)
	case len(without) == 1:
		return fmt.Sprintf("rank %d never called Init", without[0])
	}
	return rankList(without) + " never called Init"
}
