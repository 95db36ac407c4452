package mpi

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// A ballot is how ranks that share memory tell each other their votes: everybody writes its own to its place and counts
// itself, the last to come raises a word, and all read. It has nothing in common with the collectives: it works after one that failed.
// A place serves every other ballot: who votes in the next but one has read all of this one, because it has voted in the next.
//
// Tried without gain: rank 0 makes the memory for the board of the new communicator before it votes, so that nobody waits for it there
// (64 ranks on 2 cores, Dup and the first barrier: 0.35 to 0.7 ms with it, 0.35 to 0.55 ms without).
//
// Cost: one atomic addition on a line that all write, one word that all wait for: every rank is switched out once at most,
// which is what counts with more ranks than processors. Each vote that is read costs half a line.
type ballot struct {
	arrive *uint32
	last   *uint64
	places unsafe.Pointer // [2][ranks] of voteBytes
	common *Common        // where places lie, nil for the world's
	round  uint64
	err    error // of the ballot that failed: this rank is out of step since
}

const voteBytes = 32

// ballotOf is the communicator's ballot, nil if its ranks don't share memory or may die on the way and leave others waiting.
func ballotOf(c *Comm) (*ballot, error) {
	s := c.shared
	if s.ballot != nil || s.noBallot {
		return s.ballot, nil
	}
	w := c.words()
	if w == nil || c.size == 1 || c.eng.Job().FaultsReturn() {
		s.noBallot = true
		return nil, nil
	}
	b := &ballot{arrive: (*uint32)(unsafe.Add(w, blockVoted)), last: (*uint64)(unsafe.Add(w, blockBallot))}
	n := 2 * voteBytes * c.size
	if s.id == 0 {
		b.places = c.eng.Job().BallotMemory()
	} else {
		m, err := c.Common(PlaceVotes, Need{Bytes: n}, s.id*planes+planeInternal, nil)
		if err != nil {
			return nil, err
		}
		if m == nil {
			s.noBallot = true
			return nil, nil
		}
		if len(m.Mem) != n {
			return nil, fmt.Errorf("%w: a ballot of %d bytes for %d ranks", ErrCorrupt, len(m.Mem), c.size)
		}
		b.places, b.common = unsafe.Pointer(unsafe.SliceData(m.Mem)), m
	}
	s.ballot = b
	return b, nil
}

func (b *ballot) place(c *Comm, rank int) *vote {
	return (*vote)(unsafe.Add(b.places, voteBytes*(int(b.round&1)*c.size+rank)))
}

// cast gives this rank's vote and waits for those of all.
func (b *ballot) cast(c *Comm, mine vote) error {
	if b.err != nil {
		return fmt.Errorf("this rank is out of step since an earlier call: %w", b.err)
	}
	b.round++
	*b.place(c, c.rank) = mine
	switch here := atomic.AddUint32(b.arrive, 1); {
	case here == uint32(c.size):
		atomic.StoreUint32(b.arrive, 0) // before anybody can come to the next
		atomic.StoreUint64(b.last, b.round)
		c.wakeOthers()
		return nil
	case here > uint32(c.size):
		b.err = fmt.Errorf("%w: %d votes of %d ranks", ErrCorrupt, here, c.size)
		return b.err
	}
	if b.err = c.await(b.last, b.round, c.shared.id*planes+planeInternal, nil); b.err != nil {
		return b.err
	}
	if last := atomic.LoadUint64(b.last); last != b.round { // the next needs this rank, too
		b.err = fmt.Errorf("%w: ballot %d, this rank is in %d", ErrCorrupt, last, b.round)
	}
	return b.err
}

// votes are what the ranks have cast, in all. They stay until this rank votes again.
func (b *ballot) votes(c *Comm, all []vote) {
	for i := range all {
		all[i] = *b.place(c, i)
	}
}
