package collective

import (
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// job is what one rank is to do in one collective, on raw memory: a value without
// type parameters, made by the function that the user calls and checked by it for misuse. It can be run at once, or kept and
// run again.
type job struct {
	code     code
	root     int
	dst, src block
	fold     fold
	in, out  spread            // where pieces lie in dst and src
	near     *mpi.Neighborhood // whose they are, in a neighbourhood
}

// do runs j on c now.
func (j *job) do(c *mpi.Comm) error {
	if s, ok := c.Attachment().(*state); ok && s.usual.shared != nil && j.fold.wide == nil {
		x := &s.usual
		x.comm, x.code = c, j.code
		if x.shared.run(x, j) {
			if x.err == nil {
				return nil
			}
			err := x.end()
			x.err, x.spoiled = nil, 0
			return err
		}
	}
	return j.doSlow(c)
}

// doSlow is do for the first call and for those that are not as usual.
func (j *job) doSlow(c *mpi.Comm) error {
	x, err := begin(c, j.code)
	if err != nil {
		return err
	}
	s := stateOf(c)
	if c.Checked() {
		x.checked(j, s, nil)
		return x.end()
	}
	if x.shared = x.board(s); x.err == nil {
		if x.shared != nil && s.usual.shared == nil && s.schedules.unforced() {
			s.usual = x
			s.usual.bound = nil
		}
		x.run(j)
	}
	return x.end()
}

// bytes is how much data j is about on this rank.
func (j *job) bytes() int { return max(j.dst.bytes, j.src.bytes) }

// run is j on the board if there is one, or by messages: by a plan, if there is one that is better or was asked for, else by a simple loop.
func (x *call) run(j *job) {
	if j.fold.wide != nil {
		x.runWide(j)
		return
	}
	if x.comm.Inter() {
		x.inter(j)
		return
	}
	s := &x.state().schedules
	if x.shared != nil && !s.forced(j) && x.shared.run(x, j) {
		return
	}
	op, c, ok := x.choose(s, j)
	switch {
	case !ok:
		return
	case c.Algorithm == tune.Leaders:
		x.byLeaders(j)
		return
	case c.Algorithm == tune.Slices:
		x.bySlices(j)
		return
	case c.Algorithm != tune.Simple:
		if k := x.schedule(s, op, c, j); k != nil {
			x.execute(k, s.workspace(x.kind), j)
		}
		return
	}
	switch j.code {
	case opBarrier:
		x.barrier()
	case opBcast:
		x.bcast(j.dst, j.root)
	case opReduce:
		x.reduceTo(j)
	case opAllreduce:
		x.allreduce(j)
	case opGather:
		x.gather(j)
	case opScatter:
		x.scatter(j)
	case opAllgather:
		x.allgather(j)
	case opNeighborAllgather, opNeighborAllgatherv, opNeighborAlltoall, opNeighborAlltoallv, opNeighborAlltoallw:
		x.neighbor(j)
	case opGatherv:
		x.gatherv(j)
	case opScatterv:
		x.scatterv(j)
	case opAllgatherv:
		x.allgatherv(j)
	case opAlltoall, opAlltoallv, opAlltoallw:
		x.alltoall(j)
	case opReduceScatter, opReduceScatterBlock:
		x.reduceScatter(j)
	case opScan:
		x.scan(j)
	case opExscan:
		x.exscan(j)
	}
}
