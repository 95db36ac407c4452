package launcher

import (
	"strings"

	"github.com/golaunch/golaunch/runtime/bootstrap"
)

// rankView is what a gathering of reports knows about one rank.
type rankView struct {
	state   viewState
	pending []bootstrap.Pending // when state is rankAnswered
}

type viewState int

const (
	rankAnswered  viewState = iota
	rankSilent              // asked, no answer in time
	rankNotJoined           // has not called Init
	rankFinished            // has finalized or ended well
	rankLost                // has failed, the job goes on without it
)

// waits is what the reports say about who waits for whom.
type waits struct {
	allWait bool  // every rank that still runs has answered and has a goroutine that waits
	stuck   []int // ranks that no rank can ever free, ascending
	chain   []int // some of them, each waiting for the next
	closed  bool  // the last of chain waits for the first: a cycle, of one if a rank waits for itself
	end     int   // if not closed: the rank that is gone for which the last of chain waits
}

// findWaits looks for ranks that wait in vain.
//
// A waiting operation can be freed by its peer, and AnySource by every rank; a
// barrier of the world needs everybody who isn't in it yet. A rank can go on if one of its waiting operations can be freed (which of them belong
// to one WaitAll, and which to different goroutines, isn't known, so the more hopeful
// reading is taken), if it doesn't wait at all, or if we know nothing about it. What
// can go on, can free others. The ranks left over wait for each other, for themselves or
// for ranks that are gone: a true knot unless one of them has a goroutine that computes,
// of which reports say nothing. That is likeliest where a rank waits for itself.
//
// A send and a receive that fit each other are a message on its way and not a knot.
// Reports are not taken at one instant; a rank that moved on meanwhile makes a rank
// look free rather than stuck, unless all reports are false in the same way.
//
// Cost: O(ranks * operations), and ranks^2 in the worst case for the spreading.
func findWaits(views []rankView) waits {
	found := waits{allWait: true, end: -1}
	free := make([]bool, len(views))
	anyRuns := false
	for r, v := range views {
		switch v.state {
		case rankFinished, rankLost:
			// can't free anybody, doesn't wait
		case rankAnswered:
			anyRuns = true
			if !v.waits() {
				free[r] = true
				found.allWait = false
			}
			for _, p := range v.pending {
				if p.Blocking && matched(views, r, p) {
					free[r] = true
				}
			}
		default:
			anyRuns = true
			free[r] = true
			found.allWait = false
		}
	}
	found.allWait = found.allWait && anyRuns

	for changed := true; changed; {
		changed = false
		for r, v := range views {
			if !free[r] && v.state == rankAnswered && canBeFreed(views, free, r) {
				free[r], changed = true, true
			}
		}
	}
	for r, v := range views {
		if !free[r] && v.state == rankAnswered {
			found.stuck = append(found.stuck, r)
		}
	}
	if len(found.stuck) > 0 {
		found.follow(views)
	}
	return found
}

// waits reports whether a goroutine of the rank waits.
func (v rankView) waits() bool {
	for _, p := range v.pending {
		if p.Blocking {
			return true
		}
	}
	return false
}

func canBeFreed(views []rankView, free []bool, r int) bool {
	for _, p := range views[r].pending {
		if !p.Blocking {
			continue
		}
		if p.Peer >= len(views) {
			return true // makes no sense: we know nothing
		}
		if worldBarrier(p) {
			all := true
			for q := range views {
				all = all && (free[q] || arrived(views[q]))
			}
			if all {
				return true
			}
			continue
		}
		for q := range views {
			if (p.Peer < 0 || p.Peer == q) && free[q] {
				return true
			}
		}
	}
	return false
}

// worldBarrier reports whether an operation is a barrier of all ranks. Who belongs to
// another communicator isn't known here: its barriers count as waiting for anybody.
func worldBarrier(p bootstrap.Pending) bool {
	return p.Op == "Barrier" && p.Comm == "world" && p.Peer < 0
}

// arrived reports whether a rank is in a barrier of the world.
func arrived(v rankView) bool {
	for _, p := range v.pending {
		if worldBarrier(p) {
			return true
		}
	}
	return false
}

// matched reports whether some rank has the other half of operation p of rank r
// pending: a message that is on its way.
func matched(views []rankView, r int, p bootstrap.Pending) bool {
	sends, receives := direction(p.Op)
	for q, v := range views {
		if p.Peer >= 0 && p.Peer != q {
			continue
		}
		for _, o := range v.pending {
			if o.Comm != p.Comm || o.Peer >= 0 && o.Peer != r {
				continue
			}
			oSends, oReceives := direction(o.Op)
			tags := o.Tag == p.Tag || o.Tag == bootstrap.AnyTag || p.Tag == bootstrap.AnyTag
			if tags && (sends && oReceives || receives && oSends) {
				return true
			}
		}
	}
	return false
}

// direction tells from the name of an operation which way its data goes. One that
// says neither, such as a barrier, has no other half that could be found here.
func direction(op string) (sends, receives bool) {
	op = strings.ToLower(op)
	return strings.Contains(op, "send") || op == "move", strings.Contains(op, "recv") || strings.Contains(op, "probe")
}

// follow names a chain of the stuck: from the lowest rank along its operations until
// a rank comes twice (a cycle) or is gone.
func (w *waits) follow(views []rankView) {
	at := make(map[int]int) // rank -> place in the walk
	var walk []int
	stuck := make([]bool, len(views))
	for _, r := range w.stuck {
		stuck[r] = true
	}
	for r := w.stuck[0]; ; {
		if first, ok := at[r]; ok {
			w.chain, w.closed = walk[first:], true
			return
		}
		at[r] = len(walk)
		walk = append(walk, r)
		next := nextOf(views, stuck, r)
		if views[next].state == rankFinished || views[next].state == rankLost {
			// Only the last step matters: who waits for the rank that is gone.
			w.chain, w.end = walk, next
			return
		}
		r = next
	}
}

// nextOf returns a rank that stuck rank r waits for: one that is gone rather than one
// that is stuck, a named one rather than any, another one rather than r itself.
func nextOf(views []rankView, stuck []bool, r int) int {
	next, self := -1, false
	for _, p := range views[r].pending {
		if !p.Blocking || p.Peer >= len(views) {
			continue
		}
		if worldBarrier(p) {
			// A rank that isn't there: rather one that is gone.
			for q, v := range views {
				if q == r || arrived(v) {
					continue
				}
				if v.state == rankFinished || v.state == rankLost {
					return q
				}
				if next < 0 && stuck[q] {
					next = q
				}
			}
		} else if p.Peer == r {
			self = true
		} else if p.Peer >= 0 {
			if s := views[p.Peer].state; s == rankFinished || s == rankLost {
				return p.Peer
			}
			if next < 0 {
				next = p.Peer
			}
		}
	}
	if next >= 0 {
		return next
	}
	if self {
		return r
	}
	for q := range views { // any source: some other rank that is stuck as well
		if q != r && stuck[q] {
			return q
		}
	}
	for q := range views {
		if q != r {
			return q
		}
	}
	return r // it is alone
}
