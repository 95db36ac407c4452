package collective

import (
	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// Barrier returns when every rank of c has called it.
func Barrier(c *mpi.Comm) error {
	j := job{code: opBarrier}
	return j.do(c)
}

func (x *call) barrier() {
	if x.size == 1 {
		return
	}
	// A counter never gets rid of those who came and went away with an error. That
	// may not matter in a job that ends with its first dead rank; in one that goes on, a
	// barrier would one day open without having seen everybody.
	// The counter is for one barrier at a time.
	if n := x.comm.Counter(); n != nil && x.kind == blocking && !x.eng.Job().FaultsReturn() {
		x.count(n)
	} else {
		x.disseminate()
	}
}

// count meets at a counter in shared memory.
//
// Cost: one atomic addition on a line that all ranks write, one store that all read; every
// rank is switched out at most once.
func (x *call) count(n *engine.Counter) {
	if err := x.eng.Barrier(x.bound, n, x.plane, x.members); err != nil {
		x.fail(err)
	}
}

// disseminate tells a rank twice as far away in each round that everybody up to here has come.
//
// Cost: ceil(log2 n) rounds of one empty message per rank.
//
// Source: D. Hensgen, R. Finkel, U. Manber, "Two algorithms for barrier
// synchronization", International Journal of Parallel Programming 17 (1988).
func (x *call) disseminate() {
	for d := 1; d < x.size; d *= 2 {
		x.send((x.rank+d)%x.size, nothing())
		x.recv((x.rank-d+x.size)%x.size, nothing())
	}
}
