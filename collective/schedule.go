package collective

import (
	"os"
	"sync"
	"unsafe"

	"github.com/golaunch/golaunch/collective/plan"
	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/runtime/engine"
)

// schedules are the plans of a communicator, made when they are first needed and kept, and which algorithms the
// environment asks for.
type schedules struct {
	force tune.Force
	err   error        // the variable is wrong
	works [2]workspace // of blocking calls, and of the lane

	mu    sync.Mutex
	kept  []*schedule // the oldest first
	steps int         // in all of them
}

// A schedule is a plan that serves messages of all lengths.
type schedule struct {
	op     plan.Op
	alg    string
	root   int
	units  int // into which the vector is cut; 1: a unit is a whole vector, or a block
	steps  []plan.Step
	inbox  int // units for messages that are folded, in the group with most of them
	widest int // steps of the longest group

	scratch int // units
}

// workspace is what the execution of a plan writes to. It is kept so that nothing is allocated.
type workspace struct {
	reqs []*engine.Req
	xs   [2]unsafe.Pointer
}

// workspace is where calls of a kind work: one at a time.
func (s *schedules) workspace(k kind) *workspace {
	if k == blocking {
		return &s.works[0]
	}
	return &s.works[1]
}

// Bounds of what is kept: a plan by a ring has some steps for each rank.
const (
	maxKept      = 64
	maxKeptSteps = 1 << 18 // of 32 bytes
)

// setUp reads the environment.
func (s *schedules) setUp() { s.force, s.err = tune.ParseForce(os.Getenv(tune.Variable)) }

// forced says that the environment asks for messages, by an algorithm of its choice, or holds an error.
func (s *schedules) forced(j *job) bool {
	op, ok := j.planned()
	return s.err != nil || ok && s.force[op] != "" && s.force[op] != tune.Board
}

// unforced says that the environment asks for nothing.
func (s *schedules) unforced() bool {
	for _, name := range s.force {
		if name != "" {
			return false
		}
	}
	return s.err == nil
}

// planned says which operation of package plan j is. Not of all jobs there are plans.
func (j *job) planned() (plan.Op, bool) {
	switch j.code {
	case opBarrier:
		return plan.Barrier, true
	case opBcast:
		return plan.Bcast, true
	case opReduce:
		return plan.Reduce, true
	case opAllreduce:
		return plan.Allreduce, true
	case opGather:
		return plan.Gather, true
	case opScatter:
		return plan.Scatter, true
	case opAllgather:
		return plan.Allgather, true
	case opAlltoall:
		return plan.Alltoall, true
	case opReduceScatterBlock:
		return plan.ReduceScatter, true
	case opScan:
		return plan.Scan, true
	case opExscan:
		return plan.Exscan, true
	}
	return 0, false
}

// whole is what a plan counts: the vector, or where each rank has blocks of its own, one of them.
func (j *job) whole(ranks int) block {
	switch j.code {
	case opAlltoall:
		return j.src.cut(ranks)
	case opReduceScatterBlock:
		return j.dst
	}
	return j.part()
}

// part is the block that says how much one rank brings or gets: the whole vector, or its own block.
func (j *job) part() block {
	switch j.code {
	case opBarrier:
		return nothing()
	case opBcast, opScatter:
		return j.dst
	}
	return j.src
}

// choose says by which algorithm j is to be done. All ranks come to the same. It is not ok if the environment asks for
// nonsense.
func (x *call) choose(s *schedules, j *job) (op plan.Op, c tune.Choice, ok bool) {
	if s.err != nil {
		x.fail(s.err)
		return 0, c, false
	}
	op, ok = j.planned()
	bytes := j.whole(x.size).bytes
	if !ok || x.size == 1 || bytes == 0 && op != plan.Barrier {
		return op, tune.Choice{Algorithm: tune.Simple}, true
	}
	k := tune.Case{Op: op, Bytes: bytes, Ranks: x.size, Ordered: j.fold.ordered()}
	x.place(&k)
	return op, s.force.Choose(k), true
}

// schedule is the plan that j is to be done by, or nil if there is none, which is a mistake of ours.
func (x *call) schedule(s *schedules, op plan.Op, c tune.Choice, j *job) *schedule {
	units := plan.Units(op, c.Algorithm, x.size)
	if units == 0 {
		units = c.Segments
	}
	root := 0
	switch op {
	case plan.Bcast, plan.Reduce, plan.Gather, plan.Scatter:
		root = j.root
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.op == op && k.alg == c.Algorithm && k.root == root && k.units == units {
			return k
		}
	}
	k, err := makeSchedule(op, c.Algorithm, x.size, x.rank, root, units)
	if err != nil {
		x.fail(err)
		return nil
	}
	s.keep(k)
	return k
}

func makeSchedule(op plan.Op, alg string, size, rank, root, units int) (*schedule, error) {
	p, err := plan.For(op, alg, plan.Args{Size: size, Rank: rank, Root: root, Count: units, Segment: 1})
	if err != nil {
		return nil, err
	}
	k := &schedule{op: op, alg: alg, root: root, units: units, steps: p.Steps, scratch: p.Scratch}
	for i := 0; i < len(p.Steps); {
		g := p.Group(i)
		inbox := 0
		for _, t := range g {
			if t.Kind == plan.RecvFold || t.Kind == plan.RecvFoldBefore {
				inbox += t.Len
			}
		}
		k.inbox, k.widest = max(k.inbox, inbox), max(k.widest, len(g))
		i += len(g)
	}
	return k, nil
}

// keep remembers a plan, in place of older ones if there are many.
func (s *schedules) keep(k *schedule) {
	if len(k.steps) > maxKeptSteps {
		return
	}
	for len(s.kept) == maxKept || s.steps+len(k.steps) > maxKeptSteps {
		s.steps -= len(s.kept[0].steps)
		s.kept = append(s.kept[:0], s.kept[1:]...)
	}
	s.kept = append(s.kept, k)
	s.steps += len(k.steps)
}

// ordered says that the operation must be taken not to commute: a function of the user's, if he doesn't say more.
func (f *fold) ordered() bool { return f.Fold != nil && f.name == 0 && !f.anyOrder }
