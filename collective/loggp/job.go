package loggp

import (
	"fmt"

	"github.com/golaunch/golaunch/collective/plan"
)

// A Job is one collective operation that all ranks begin at the same time.
type Job struct {
	Op        plan.Op
	Algorithm string
	Segments  int // of "chain"
	Root      int
	Bytes     int // m of package plan: of the whole vector, or of each rank's block
	Ranks     int
	PerNode   int     // ranks on a node; 0: 1
	Machine   Machine // the zero Machine is Default
}

// A Cost is what a Job takes.
type Cost struct {
	Time     Time
	Messages int64 // of all ranks, as far as they were counted: see Method
	Method   Method
}

// Method is how a cost came about.
type Method uint8

const (
	Played       Method = iota + 1 // the plans of all ranks were played
	Folded                         // those of one node were: all nodes do the same
	Extrapolated                   // from smaller jobs, as the time grows evenly
	Parts                          // it is the sum of its parts, which were priced
)

var methodNames = [...]string{"unknown", "played", "by symmetry", "extrapolated", "in parts"}

func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return methodNames[0]
}

// most is how many messages are played, about a second's.
const most = 2e6

// Cost prices j. The error is one of package plan: there is no such algorithm, or it can't do this.
func (j Job) Cost() (Cost, error) {
	if j.PerNode < 1 {
		j.PerNode = 1
	}
	j.PerNode = min(j.PerNode, max(j.Ranks, 1))
	if j.Machine == (Machine{}) {
		j.Machine = Default
	}
	if _, err := j.plan(0); err != nil {
		return Cost{}, err
	}
	n, s := float64(j.Ranks), float64(j.Segments)
	switch chain := j.Op == plan.Bcast && j.Algorithm == "chain"; {
	case j.alike() && j.Ranks >= 64 && j.Ranks > j.PerNode:
		return j.folded()
	case chain && n*s > most:
		return j.chain()
	case j.Op == plan.Bcast && j.Algorithm == "scatter-allgather" && n*n > most:
		return j.parts()
	}
	return j.played()
}

// units is what a unit of j's plan stands for: the vector in as many pieces as it is cut into, or a block.
func (j *Job) units() int {
	u := plan.Units(j.Op, j.Algorithm, j.Ranks)
	if u == 0 {
		return max(j.Segments, 1)
	}
	return u
}

func (j *Job) plan(rank int) (plan.Plan, error) {
	return plan.For(j.Op, j.Algorithm, plan.Args{Size: j.Ranks, Rank: rank, Root: j.Root, Count: j.units(), Segment: 1})
}

// steps makes a rank's steps for the model. Empty messages of vectors with fewer bytes than pieces count as messages.
func (j *Job) steps(rank int) ([]step, error) {
	p, err := j.plan(rank)
	if err != nil {
		return nil, err
	}
	out := make([]step, len(p.Steps))
	u, m := int64(j.units()), int64(j.Bytes)
	for i, s := range p.Steps {
		// Divided first where the product could be too large.
		k := int64(s.Len)
		bytes := k/u*m + k%u*m/u
		out[i] = step{bytes: bytes, peer: s.Peer, kind: s.Kind, end: s.End}
	}
	return out, nil
}

func (j *Job) play(ranks, nodes int) *play {
	return &play{
		Machine: j.Machine, size: j.Ranks, perNode: j.PerNode,
		ranks: make([]rank, ranks), out: make([]Time, nodes), in: make([]Time, nodes),
	}
}

// played plays all ranks.
func (j *Job) played() (Cost, error) {
	p := j.play(j.Ranks, (j.Ranks+j.PerNode-1)/j.PerNode)
	for r := range p.ranks {
		var err error
		if p.ranks[r].steps, err = j.steps(r); err != nil {
			return Cost{}, err
		}
	}
	t, err := p.run()
	if err != nil {
		return Cost{}, fmt.Errorf("%v by %s: %w", j.Op, j.Algorithm, err)
	}
	return Cost{t, p.count, Played}, nil
}
