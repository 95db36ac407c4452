package mpi

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Intercomm joins two groups that have no rank in common. Rank and Size are those of the caller's group;
// messages go to ranks of the other one, the remote group, and come from them:
//
//	both, err := half.Intercomm(0, world, otherLeader, 0)
//	mpi.Send(both.Comm, x, 2, 0) // to rank 2 of the other half
//
// Collective operations take it as well: see package collective. Communicators of one group (Split, Cart ...) can't be
// made of it.
type Intercomm struct{ *Comm }

// remote is the other side of an intercommunicator.
type remote struct {
	members []int32 // as ranks of the node
	first   bool    // the caller's group is the first: the sides agree who is
	all     []int32 // both, the first group in front
}

// everybody is whom the communicator's news concern.
func (s *commShared) everybody() []int32 {
	if s.remote != nil {
		return s.remote.all
	}
	return s.members
}

const (
	panicPeer    = "mpi: the leader needs a communicator with the remote leader"
	panicOverlay = "mpi: the groups of an intercommunicator have a rank in common"
)

var errLeader = errors.New("the leaders of the groups did not come together")

// Intercomm joins the group of c with another one, whose ranks make the same call on a communicator of theirs. Rank
// leader of c meets the other group's leader, which is rank remoteLeader of peer, by a message with this
// tag; the others' peer and remoteLeader are not looked at. Any communicator will do as peer that both leaders are in, the world as a rule, and messages
// of the program don't get in the way.
//
// Cost: one message between the leaders, then ceil(log2 n) one after the other in each group.
func (c *Comm) Intercomm(leader int, peer *Comm, remoteLeader, tag int) (*Intercomm, error) {
	checkTag(tag)
	c.checkMember(leader)
	if err := c.checkIntra("Intercomm"); err != nil {
		return nil, err
	}
	var a accord
	var err error
	if c.rank == leader {
		if peer == nil || peer.shared.remote != nil {
			panic(panicPeer)
		}
		peer.checkMember(remoteLeader)
		if err = peer.check("Intercomm", remoteLeader, tag); err == nil {
			a, err = c.shared.proc.meet(peer.internal(), remoteLeader, tag, c.shared.members, 0)
		}
	}
	if a, err = c.internal().hear(leader, a, err); err != nil {
		return nil, c.failGroup("Intercomm", err)
	}
	for _, m := range a.members {
		if slices.Contains(c.shared.members, m) {
			c.shared.proc.giveUp(a)
			panic(panicOverlay)
		}
	}
	return c.intercomm(a, c.Name()+"|"), nil
}

// intercomm is the communicator that the leaders have agreed upon.
func (c *Comm) intercomm(a accord, name string) *Intercomm {
	local := c.shared.members
	far := &remote{members: a.members, first: a.first, all: slices.Concat(local, a.members)}
	if !a.first {
		far.all = slices.Concat(a.members, local)
	}
	d := makeComm(c.shared.proc, a.id, local, far, c.rank, name)
	d.ctx = c.ctx
	d.shared.owned = a.mine
	return &Intercomm{d}
}

// RemoteSize is the number of ranks of the remote group.
func (ic *Intercomm) RemoteSize() int { return int(ic.peers) }

// RemoteGroup is the remote group.
func (ic *Intercomm) RemoteGroup() Group { return Group{slices.Clone(ic.shared.remote.members)} }

// WithContext is Comm.WithContext for the intercommunicator.
func (ic *Intercomm) WithContext(ctx context.Context) *Intercomm {
	return &Intercomm{ic.Comm.WithContext(ctx)}
}

// Dup makes an intercommunicator of the same groups with a message space of its own. Every rank of both groups
// must call it.
func (ic *Intercomm) Dup() (*Intercomm, error) {
	a, err := ic.agree("Dup", 0)
	if err != nil {
		return nil, err
	}
	return ic.intercomm(a, ic.Name()+"'"), nil
}

// Merge makes a communicator of both groups. The ranks of the group that says high come after those of the other; if
// both say the same, it is open which comes first. All ranks of a group say the same. Every rank of both
// groups must call it.
func (ic *Intercomm) Merge(high bool) (*Comm, error) {
	word := int32(0)
	if high {
		word = 1
	}
	a, err := ic.agree("Merge", word)
	if err != nil {
		return nil, err
	}
	local, rank := ic.shared.members, ic.rank
	front := a.own < a.word || a.own == a.word && a.first
	members := slices.Concat(local, a.members)
	if !front {
		members, rank = slices.Concat(a.members, local), len(a.members)+rank
	}
	c := newComm(ic.shared.proc, a.id, members, rank, ic.Name()+"/merged")
	c.ctx = ic.ctx
	c.shared.owned = a.mine
	return c, nil
}

// agree lets ranks 0 of both groups find an id for a communicator, and tell each other a word.
func (ic *Intercomm) agree(op string, word int32) (accord, error) {
	if err := ic.check(op, ProcNull, AnyTag); err != nil {
		return accord{}, err
	}
	var a accord
	var err error
	if ic.rank == 0 {
		a, err = ic.shared.proc.meet(ic.internal(), 0, 0, ic.shared.members, word)
	}
	// The ranks of this group, on the plane of the administration.
	local := ic.internal()
	local.ranks, local.peers = ic.shared.members, int32(ic.size)
	if a, err = local.hear(0, a, err); err != nil {
		return accord{}, ic.failGroup(op, err)
	}
	if !slices.Equal(a.members, ic.shared.remote.members) {
		ic.shared.proc.giveUp(a)
		return accord{}, ic.failGroup(op, fmt.Errorf("%w: the remote group has changed", ErrCorrupt))
	}
	return a, nil
}

// accord is what two leaders agree upon.
type accord struct {
	id        uint32
	first     bool    // this is the group whose leader gave the id
	mine      bool    // this rank gave it
	own, word int32   // of this group's leader and of the other's
	members   []int32 // of the other group
}

// meet is a leader's talk with the other leader, rank dst of c. The first group is the one whose leader comes first on
// the node.
func (p *process) meet(c *Comm, dst, tag int, members []int32, word int32) (accord, error) {
	id := p.takeID()
	out := Isend(c, append([]int32{int32(p.eng.Rank()), int32(id), word}, members...), dst, tag)
	in, err := receiveWords(c, dst, tag)
	if err != nil {
		out.Cancel()
	}
	if _, e := out.Wait(); err == nil {
		err = e
	}
	if err != nil { // the other may have our id and use it: it is given up
		return accord{}, cause(err)
	}
	if len(in) < 4 || !p.areRanks(in[:1]) || !p.areRanks(in[3:]) {
		return accord{}, fmt.Errorf("%w: the remote leader's message makes no sense", ErrCorrupt)
	}
	theirs := uint32(in[1])
	a := accord{id: id, first: p.eng.Rank() < int(in[0]), own: word, word: in[2], members: in[3:]}
	if a.mine = a.first; !a.first {
		p.returnID(id)
		a.id = theirs
	}
	switch leader, _ := splitID(a.id); {
	case a.id == noID:
		return accord{}, errNoContext
	case !a.first && leader != int(in[0]):
		return accord{}, fmt.Errorf("%w: the remote leader's id is another's", ErrCorrupt)
	}
	return a, nil
}

// areRanks reports whether list holds different ranks of the node.
func (p *process) areRanks(list []int32) bool {
	seen := make([]bool, p.eng.Size())
	for _, r := range list {
		if r < 0 || int(r) >= len(seen) || seen[r] {
			return false
		}
		seen[r] = true
	}
	return true
}

// giveUp gives an id back that is not going to be used.
func (p *process) giveUp(a accord) {
	if a.mine {
		p.returnID(a.id)
	}
}

// What hear sends: a verdict, and after "well" the accord.
const (
	heardWell = iota
	heardDeath
	heardFailure
	heardNoContext
)

// hear brings the leader's accord, or what went wrong, down a binomial tree to all ranks of the group that c sends to. Who
// can't hear says so to those below, and nobody is left waiting.
func (c *Comm) hear(leader int, a accord, err error) (accord, error) {
	n := int(c.peers)
	r := (c.rank - leader + n) % n
	var words []int32
	d := 1
	for d < n && r&d == 0 {
		d *= 2
	}
	if r != 0 {
		words, err = receiveWords(c, (r-d+leader)%n, 0)
		if err == nil {
			a, err = c.shared.proc.accordOf(words)
		} else {
			err = cause(err)
		}
	}
	switch {
	case err == nil:
		words = append([]int32{heardWell, int32(a.id), 0, a.own, a.word}, a.members...)
		if a.first {
			words[2] = 1
		}
	case errors.Is(err, errNoContext):
		words = []int32{heardNoContext}
	case errors.Is(err, ErrRankFailed):
		words = []int32{heardDeath}
	default:
		words = []int32{heardFailure}
	}
	for d /= 2; d > 0; d /= 2 {
		if r+d < n {
			if e := Send(c, words, (r+d+leader)%n, 0); e != nil && err == nil {
				err = cause(e)
			}
		}
	}
	return a, err
}

func (p *process) accordOf(words []int32) (a accord, err error) {
	switch {
	case len(words) > 0 && words[0] == heardDeath:
		return a, fmt.Errorf("%w: %w", errLeader, ErrRankFailed)
	case len(words) > 0 && words[0] == heardFailure:
		return a, errLeader
	case len(words) > 0 && words[0] == heardNoContext:
		return a, errNoContext
	case len(words) < 6 || !p.areRanks(words[5:]):
		return a, fmt.Errorf("%w: the leader's message makes no sense", ErrCorrupt)
	}
	return accord{id: uint32(words[1]), first: words[2] == 1, own: words[3], word: words[4], members: words[5:]}, nil
}

func receiveWords(c *Comm, src, tag int) ([]int32, error) {
	m, err := Mprobe(c, src, tag)
	if err != nil {
		return nil, err
	}
	words := make([]int32, m.Status.Bytes()/4)
	_, err = Mrecv(m, words)
	return words, err
}

// cause is what lies below an Error whose ranks mean nothing to the caller of ours.
func cause(err error) error {
	if e, ok := err.(*Error); ok {
		return e.Err
	}
	return err
}

// failGroup is fail that names no rank: it may be one of another communicator.
func (c *Comm) failGroup(op string, err error) error {
	return &Error{Op: op, Peer: ProcNull, Tag: AnyTag, Comm: c.Name(), Err: err}
}

// Sides are the groups of an intercommunicator, as ranks of the node, and both together in an order on which all
// ranks agree: this one's is in front if first. Remote is nil for any other communicator. No compatibility promise.
func (c *Comm) Sides() (remote, all []int32, first bool) {
	if far := c.shared.remote; far != nil {
		return far.members, far.all, far.first
	}
	return nil, nil, false
}

// Inter reports whether c is an intercommunicator. No compatibility promise.
func (c *Comm) Inter() bool { return c.shared.remote != nil }

// Peers is the number of ranks that a message can be for. No compatibility promise.
func (c *Comm) Peers() int { return int(c.peers) }
