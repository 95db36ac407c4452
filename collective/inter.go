package collective

import (
	"fmt"

	"github.com/golaunch/golaunch/runtime/engine"
	"github.com/golaunch/golaunch/runtime/mpi"
)

// The collectives on intercommunicators. What a group has to bring goes through its rank 0 where it has to be combined,
// and straight from rank to rank elsewhere. Both groups' messages are on the same plane: senders tell them apart.
//
// For news of the dead, ranks of both groups are counted through, the first group in front.

// inter is j on an intercommunicator.
func (x *call) inter(j *job) {
	switch j.code {
	case opBarrier:
		x.toBoth()
		x.disseminate()
	case opBcast:
		x.interBcast(j)
	case opReduce:
		x.interReduce(j)
	case opAllreduce:
		x.interAllreduce(j)
	case opGather, opGatherv:
		x.interGather(j)
	case opScatter, opScatterv:
		x.interScatter(j)
	case opAllgather, opAllgatherv, opAlltoall, opAlltoallv, opAlltoallw:
		x.interAlltoall(j)
	case opReduceScatter, opReduceScatterBlock:
		x.interReduceScatter(j)
	}
}

// toLocal, toRemote and toBoth say whom the numbers of ranks mean from here on.
func (x *call) toLocal() {
	remote, all, first := x.comm.Sides()
	x.size, x.base = len(all)-len(remote), 0
	if !first {
		x.base = len(remote)
	}
	x.members = all[x.base : x.base+x.size]
	x.own = x.base + x.rank
}

func (x *call) toRemote() {
	x.toLocal()
	remote, _, _ := x.comm.Sides()
	if x.base == 0 {
		x.base = x.size
	} else {
		x.base = 0
	}
	x.members, x.size = remote, len(remote)
}

func (x *call) toBoth() {
	x.toLocal()
	_, all, _ := x.comm.Sides()
	x.members, x.size, x.base, x.rank = all, len(all), 0, x.own
}

// who names a rank by its number in the news.
func (x *call) who(number int) string {
	remote, all, first := x.comm.Sides()
	local := len(all) - len(remote)
	switch {
	case remote == nil:
		return fmt.Sprintf("rank %d", number)
	case first && number < local:
		return fmt.Sprintf("rank %d", number)
	case first:
		return fmt.Sprintf("rank %d of the remote group", number-local)
	case number < len(remote):
		return fmt.Sprintf("rank %d of the remote group", number)
	}
	return fmt.Sprintf("rank %d", number-len(remote))
}

// interBcast: root sends to rank 0 of the other group, which broadcasts.
//
// Cost: 1 + ceil(log2 n) messages one after the other.
func (x *call) interBcast(j *job) {
	x.toRemote()
	switch {
	case j.root == mpi.ProcNull:
		return
	case j.root == mpi.Root:
		x.send(0, j.dst)
		return
	case x.rank == 0:
		x.recv(j.root, j.dst)
	}
	x.toLocal()
	x.bcast(j.dst, 0)
}

// interReduce: a group reduces to its rank 0, which sends to root.
//
// Cost: 1 + ceil(log2 n) messages one after the other.
func (x *call) interReduce(j *job) {
	switch j.root {
	case mpi.ProcNull:
		return
	case mpi.Root:
		x.toRemote()
		x.recv(0, j.dst)
		return
	}
	acc, s := x.groupSum(j)
	defer s.giveBack()
	if x.rank == 0 {
		x.toRemote()
		x.send(j.root, acc)
	}
}

// groupSum folds src of the caller's group; rank 0 gets the sum.
func (x *call) groupSum(j *job) (acc block, s *scratch) {
	x.toLocal()
	acc = j.src
	if x.folds() {
		acc, s = borrow(j.src)
		acc.copyFrom(j.src)
	}
	x.reduce(acc, j.fold)
	return acc, s
}

// trade is between ranks 0 of both groups: each gets the other's out.
func (x *call) trade(out, in block) {
	x.toRemote()
	r := x.start(0, out)
	x.recv(0, in)
	x.finish(0, r)
	x.toLocal()
}

// interAllreduce: both groups reduce to their ranks 0, which trade sums and broadcast.
//
// Cost: 1 + 2 ceil(log2 n) messages one after the other.
func (x *call) interAllreduce(j *job) {
	acc, s := x.groupSum(j)
	defer s.giveBack()
	if x.rank == 0 {
		in, t := borrow(j.dst) // dst may be src, which is acc in a group of one
		defer t.giveBack()
		x.trade(acc, in)
		if x.spoiled == 0 {
			j.dst.copyFrom(in)
		}
	}
	x.bcast(j.dst, 0)
}

// interReduceScatter: both groups reduce to their ranks 0, which trade sums and scatter them.
//
// Cost: 1 + ceil(log2 n) messages of the whole vector one after the other; then rank 0 sends n-1 pieces.
func (x *call) interReduceScatter(j *job) {
	acc, s := x.groupSum(j)
	defer s.giveBack()
	if x.rank != 0 {
		x.recv(0, j.dst)
		return
	}
	sum, t := borrow(j.src)
	defer t.giveBack()
	x.trade(acc, sum)
	pieces := cutUp(sum, j.out, x.size)
	x.deal(&pieces, 1)
	if x.spoiled == 0 {
		j.dst.copyFrom(pieces.piece(0))
	}
}

// deal sends piece i to rank i, for all ranks from first on.
func (x *call) deal(pieces *cursor, first int) {
	out := borrowRequests(x.size)
	defer out.giveBack()
	for i := first; i < x.size; i++ {
		out.list[i] = x.startAt(i, pieces, i)
	}
	for i := first; i < x.size; i++ {
		x.finish(i, out.list[i])
	}
}

// interGather: root receives from every rank of the other group.
//
// Cost: root receives n messages, one after the other in rank order.
func (x *call) interGather(j *job) {
	x.toRemote()
	switch j.root {
	case mpi.ProcNull:
	case mpi.Root:
		in := cutUp(j.dst, j.in, x.size)
		for i := range x.size {
			x.recv(i, in.piece(i))
		}
	default:
		x.send(j.root, j.src)
	}
}

// interScatter: root sends to every rank of the other group.
//
// Cost: root sends n messages, all at once.
func (x *call) interScatter(j *job) {
	x.toRemote()
	switch j.root {
	case mpi.ProcNull:
	case mpi.Root:
		out := cutUp(j.src, j.out, x.size)
		x.deal(&out, 0)
	default:
		x.recv(j.root, j.dst)
	}
}

// interAlltoall: everybody sends to every rank of the other group, his piece or the same to all.
//
// Cost: a message to every rank of the other group, all independent.
func (x *call) interAlltoall(j *job) {
	x.toRemote()
	in, out := cutUp(j.dst, j.in, x.size), cutUp(j.src, j.out, x.size)
	if j.code == opAllgather || j.code == opAllgatherv {
		out = cursor{b: j.src, each: j.src}
	}
	var few [16]*engine.Req
	sent := few[:]
	if x.size > len(few) {
		r := borrowRequests(x.size)
		defer r.giveBack()
		sent = r.list
	}
	for d := range x.size {
		i := (x.rank + d) % x.size
		sent[i] = x.startAt(i, &out, i)
	}
	for d := range x.size {
		i := (x.rank + d) % x.size
		x.recvAt(i, &in, i)
	}
	for i := range x.size {
		x.finish(i, sent[i])
	}
}
