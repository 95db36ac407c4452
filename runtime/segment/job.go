package segment

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

const magic = 0x68636e75616c6f67 // "golaunch", little endian

// The job page. Offsets in bytes; every word is atomic.
//
//	0    magic     golaunch (or the first rank), once, last
//	8    version   with magic
//	12   ranks     with magic
//	16   heap      bytes of arena a rank; with magic
//	64   abort     whoever aborts first, by compare-and-swap: 0, or 1<<63 | (code&0xffff)<<32 | rank+1
//	128  epoch     raised after every change that all ranks must notice (a death, an abort)
//	192  faults    1: the program returns errors instead of dying with a dead rank
//	256  warned    heartbeat number at which "every rank waits" was said last
//	320  usable    processors that the ranks of this node may use (for the way to wait); golaunch, before the ranks start
//	384  state     a word a rank: what it did, see rankState
const (
	jobMagic   = 0
	jobVersion = 8
	jobRanks   = 12
	jobHeap    = 16
	jobAbort   = 64
	jobEpoch   = 128
	jobFaults  = 192
	jobWarned  = 256
	jobUsable  = 320
	jobState   = 384
)

func jobBytes(n int) int64 { return jobState + 8*int64(n) }

// A rank's state word:
//
//	bit 0       it called Init
//	bit 1       it called Finalize
//	bit 2       it is dead (golaunch says so)
const (
	stateInit = 1 << iota
	stateFinal
	stateDead
)

// Job is the job page and the control words of all ranks, over any memory.
type Job struct {
	base unsafe.Pointer
	Layout
	wake func(rank int) // wakes a parked rank's process or goroutine after its park word was cleared
}

func (j *Job) u64(off int64) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Add(j.base, off)) }
func (j *Job) u32(off int64) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Add(j.base, off)) }

// NewJob lays the words of a job over mem (zeroed, at least the part of the
// layout before the channels, 64-byte aligned). create writes the identity; otherwise it is checked.
// wake is called for a rank that was parked, after its park word was cleared.
func NewJob(mem []byte, l Layout, create bool, wake func(rank int)) (*Job, error) {
	if int64(len(mem)) < l.Channels {
		return nil, fmt.Errorf("segment: %d bytes for the words of %d ranks, want %d", len(mem), l.Ranks, l.Channels)
	}
	j := &Job{base: unsafe.Pointer(unsafe.SliceData(mem)), Layout: l, wake: wake}
	if create {
		j.u32(jobVersion).Store(Version)
		j.u32(jobRanks).Store(uint32(l.Ranks))
		j.u64(jobHeap).Store(uint64(l.Heap))
		j.u64(jobMagic).Store(magic)
	}
	return j, nil
}

// identity reads what the maker of a segment wrote into its first page.
func identity(first []byte) (ranks int, heap int64, err error) {
	p := unsafe.Pointer(unsafe.SliceData(first))
	if m := atomic.LoadUint64((*uint64)(unsafe.Add(p, jobMagic))); m != magic {
		return 0, 0, fmt.Errorf("segment: not a golaunch segment (magic %#x)", m)
	}
	if v := atomic.LoadUint32((*uint32)(unsafe.Add(p, jobVersion))); v != Version {
		return 0, 0, &VersionError{Segment: int(v), Program: Version}
	}
	return int(atomic.LoadUint32((*uint32)(unsafe.Add(p, jobRanks)))),
		int64(atomic.LoadUint64((*uint64)(unsafe.Add(p, jobHeap)))), nil
}

// VersionError: golaunch and the program were built from versions that do not share a map.
type VersionError struct{ Segment, Program int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("this program was built for segment version %d, the golaunch that started it makes version %d: build both from the same golaunch release",
		e.Program, e.Segment)
}

// Abort makes the job end: the first call wins. Every rank is woken.
func (j *Job) Abort(rank, code int) bool {
	won := j.u64(jobAbort).CompareAndSwap(0, 1<<63|uint64(code&0xffff)<<32|uint64(uint32(rank+1)))
	j.Notify()
	return won
}

// Nobody is who has aborted the job according to an abort word that no rank has written.
const Nobody = -2

// Aborted says whether the job was aborted, by which rank (-1: by golaunch; or Nobody) and with which code.
func (j *Job) Aborted() (rank, code int, yes bool) {
	w := j.u64(jobAbort).Load()
	if w == 0 {
		return -1, 0, false
	}
	if w>>48 != 1<<15 || uint32(w) > uint32(j.Ranks) {
		return Nobody, 0, true
	}
	return int(uint32(w)) - 1, int(w >> 32 & 0xffff), true
}

// Notify raises the epoch and wakes every parked rank.
func (j *Job) Notify() {
	j.u64(jobEpoch).Add(1)
	for r := range j.Ranks {
		j.Wake(r)
	}
}

// Epoch changes whenever a rank died or the job was aborted.
func (j *Job) Epoch() *atomic.Uint64 { return j.u64(jobEpoch) }

func (j *Job) state(rank int) *atomic.Uint64 { return j.u64(jobState + 8*int64(rank)) }

// MarkInit and MarkFinal note what a rank did.
func (j *Job) MarkInit(rank int)  { j.state(rank).Or(stateInit) }
func (j *Job) MarkFinal(rank int) { j.state(rank).Or(stateFinal) }

// MarkDead notes that a rank is gone and wakes everybody.
func (j *Job) MarkDead(rank int) {
	if j.state(rank).Or(stateDead)&stateDead == 0 {
		j.Notify()
	}
}

// Inited, Finalized and Dead ask for it.
func (j *Job) Inited(rank int) bool    { return j.state(rank).Load()&stateInit != 0 }
func (j *Job) Finalized(rank int) bool { return j.state(rank).Load()&stateFinal != 0 }
func (j *Job) Dead(rank int) bool      { return j.state(rank).Load()&stateDead != 0 }

// ReturnFaults asks golaunch to keep the job when a rank dies; FaultsReturn tells whether it was asked.
func (j *Job) ReturnFaults()      { j.u32(jobFaults).Store(1) }
func (j *Job) FaultsReturn() bool { return j.u32(jobFaults).Load() != 0 }

// SetUsable tells the ranks how many processors they share; Usable is 0 when nobody said.
func (j *Job) SetUsable(n int) { j.u32(jobUsable).Store(uint32(n)) }
func (j *Job) Usable() int     { return int(j.u32(jobUsable).Load()) }

// Warned is the word of the "every rank waits" warning: who swaps in a new number says it.
func (j *Job) Warned() *atomic.Uint64 { return j.u64(jobWarned) }
