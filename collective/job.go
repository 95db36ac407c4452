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
	if s, ok := c.Attachment().(*state); ok && s.usual[0].shared != nil {
		if ok, err := s.usual[0].again(c, j, blocking); ok {
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
		s.keep(0, &x)
		x.run(j)
	}
	return x.end()
}

// keep keeps the record of a call on the board that is as usual: without a context, on nothing forced.
func (s *state) keep(i int, x *call) {
	if u := &s.usual[i]; x.shared != nil && u.shared == nil && s.schedules.unforced() {
		*u = *x
		u.bound, u.aside = nil, nil
	}
}

// again does j with the record of an earlier call. It is not ok if j is not for the board.
func (x *call) again(c *mpi.Comm, j *job, k kind) (ok bool, err error) {
	x.comm, x.code, x.kind = c, j.code, k
	if j.fold.wide != nil || !x.shared.run(x, j) {
		return false, nil
	}
	if x.err == nil {
		return true, nil
	}
	err = x.end()
	x.err, x.spoiled = nil, 0
	return true, err
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
