package segment

import (
	"sync/atomic"
	"unsafe"
)

// Control area of a rank, 512 bytes. Each line has one frequent writer.
//
//	0    park     1: the rank sleeps; who finds 1 after giving it something swaps in 0 and wakes it
//	64   away     1: the rank has offered its processor to others and may not run; by the rank
//	128  waits    how often it has found nothing for a whole heartbeat, 0 while it works; by the rank
//	192  progress counts what it completed; by the rank, at heartbeats
//	256  doors    a bit a rank: that rank has written to this one's channel at least once
//	384  (end of the doors of 1024 ranks)
const (
	ctlPark     = 0
	ctlAway     = 64
	ctlWaits    = 128
	ctlProgress = 192
	ctlDoors    = 256
	doorWords   = MaxRanks / 64
)

func (j *Job) ctl(rank int, off int64) unsafe.Pointer {
	return unsafe.Add(j.base, j.Control+int64(rank)*controlBytes+off)
}

// Park is the word that a rank sleeps on.
func (j *Job) Park(rank int) *uint32 { return (*uint32)(j.ctl(rank, ctlPark)) }

// Wake wakes a rank if it sleeps. Call it after the store that it should see; that store
// must be sequentially consistent (sync/atomic is).
func (j *Job) Wake(rank int) {
	p := j.Park(rank)
	if atomic.LoadUint32(p) != 0 && atomic.CompareAndSwapUint32(p, 1, 0) {
		j.wake(rank)
	}
}

// Step says that the rank offers its processor to others (true) or has it back.
func (j *Job) Step(rank int, away bool) {
	w := uint32(0)
	if away {
		w = 1
	}
	atomic.StoreUint32((*uint32)(j.ctl(rank, ctlAway)), w)
}

// Away says whether a rank waits without running, as far as it told: there is
// no sense in polling for its answer.
func (j *Job) Away(rank int) bool {
	return atomic.LoadUint32((*uint32)(j.ctl(rank, ctlAway))) != 0 || atomic.LoadUint32(j.Park(rank)) != 0
}

// Waits and Progress are for the "every rank waits" warning.
func (j *Job) Waits(rank int) *atomic.Uint64    { return (*atomic.Uint64)(j.ctl(rank, ctlWaits)) }
func (j *Job) Progress(rank int) *atomic.Uint64 { return (*atomic.Uint64)(j.ctl(rank, ctlProgress)) }

// Knock tells dst that src writes to it from now on.
func (j *Job) Knock(dst, src int) { j.Door(dst, src/64).Or(1 << (src % 64)) }

// Door is word w (0 <= w < DoorWords) of the bits of those who knocked at rank.
func (j *Job) Door(rank, w int) *atomic.Uint64 {
	return (*atomic.Uint64)(j.ctl(rank, ctlDoors+8*int64(w)))
}

// DoorWords is how many door words this job uses.
func (j *Job) DoorWords() int { return (j.Ranks + 63) / 64 }

// Block is one of those that leader's communicators use: two lines of 64 bytes. Package mpi says what is in them.
func (j *Job) Block(leader, i int) unsafe.Pointer {
	return unsafe.Add(j.base, j.Blocks+(int64(leader)*Blocks+int64(i))*blockBytes)
}

// BallotMemory is where all ranks vote on new communicators: 64 bytes a rank.
func (j *Job) BallotMemory() unsafe.Pointer { return unsafe.Add(j.base, j.Ballot) }
