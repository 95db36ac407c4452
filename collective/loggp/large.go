package loggp

import (
	"fmt"

	"github.com/golaunch/golaunch/collective/plan"
)

// alike reports whether every rank does the same as every other, seen from where it is on the ring of ranks:
// distances to peers and lengths are the same. In reduce_scatter, ranks in the middle fold a little more than the first and the last.
func (j *Job) alike() bool {
	switch j.Op {
	case plan.Barrier:
		return j.Algorithm == "dissemination"
	case plan.Allreduce, plan.Allgather:
		return j.Algorithm == "ring"
	case plan.Alltoall:
		return true
	case plan.ReduceScatter:
		return j.Algorithm == "pairwise"
	}
	return false
}

// folded plays the ranks of one node, in the middle. A last node with fewer ranks counts as full.
func (j *Job) folded() (Cost, error) {
	nodes := (j.Ranks + j.PerNode - 1) / j.PerNode
	j.Ranks = nodes * j.PerNode
	p := j.play(j.PerNode, 1)
	p.folded = true
	middle := nodes / 2 * j.PerNode
	for r := range p.ranks {
		var err error
		if p.ranks[r].steps, err = j.steps(middle + r); err != nil {
			return Cost{}, err
		}
		for i := range p.ranks[r].steps {
			if s := &p.ranks[r].steps[i]; s.kind <= plan.RecvFoldBefore {
				if s.peer -= int32(middle); s.peer < 0 {
					s.peer += int32(j.Ranks)
				}
			}
		}
	}
	t, err := p.run()
	if err != nil {
		return Cost{}, fmt.Errorf("%v by %s: %w", j.Op, j.Algorithm, err)
	}
	return Cost{t, p.count * int64(nodes), Folded}, nil
}

// chain extrapolates: once a chain is full, a node more and a segment more each cost the same as the one before.
func (j *Job) chain() (Cost, error) {
	const nodes, segments = 4, 64 // enough to be full
	at := func(nodes, segments int) (Time, error) {
		small := *j
		small.Ranks, small.Segments, small.Root = nodes*j.PerNode, segments, 0
		small.Bytes = j.Bytes / j.Segments * segments
		c, err := small.played()
		return c.Time, err
	}
	var t [3]Time
	for i, k := range [][2]int{{nodes, segments}, {2 * nodes, segments}, {nodes, 2 * segments}} {
		var err error
		if t[i], err = at(k[0], k[1]); err != nil {
			return Cost{}, err
		}
	}
	node, segment := float64(t[1]-t[0])/nodes, float64(t[2]-t[0])/segments
	all := float64((j.Ranks + j.PerNode - 1) / j.PerNode)
	sum := float64(t[0]) + node*(all-nodes) + segment*float64(j.Segments-segments)
	return Cost{Time(max(sum, 0)), int64(j.Ranks-1) * int64(j.Segments), Extrapolated}, nil
}

// parts prices a broadcast by scatter and allgather as the one and then the other. The broadcast leaves
// out messages whose receivers have the piece already, which shortens nobody's way round the ring.
func (j *Job) parts() (Cost, error) {
	piece := *j
	piece.Bytes = (j.Bytes + j.Ranks - 1) / j.Ranks
	piece.Op, piece.Algorithm = plan.Scatter, "binomial"
	scatter, err := piece.Cost()
	if err != nil {
		return Cost{}, err
	}
	piece.Op, piece.Algorithm = plan.Allgather, "ring"
	allgather, err := piece.Cost()
	if err != nil {
		return Cost{}, err
	}
	return Cost{scatter.Time + allgather.Time, scatter.Messages + allgather.Messages, Parts}, nil
}
