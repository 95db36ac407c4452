// Package plan holds the schedules of collective operations as data: what one rank sends,
// receives, folds and copies, in which order, and what of it may be under way at once. It does
// none of it. A plan is a pure function of (operation, algorithm, size, rank, root, counts), so it can
// be printed, priced, cached and tested for any number of ranks without a single message.
//
//	p, err := plan.For(plan.Allreduce, "ring", plan.Args{Size: n, Rank: r, Count: len(dst)})
//	for i := 0; i < len(p.Steps); {
//		group := p.Group(i)
//		// start all steps of group, in this order; wait for all of them
//		i += len(group)
//	}
//
// # Units
//
// Offsets, lengths and counts are in units, and no plan depends on what a unit is: whoever runs it
// multiplies by the unit's size. So one plan serves all types (a unit is an element), and for operations that
// move whole blocks (Gather, Scatter, Allgather, Alltoall, Bcast by binomial tree, ...) a
// plan made with Count 1 serves all lengths (a unit is a block). Algorithms that cut a vector into pieces cut
// between units: give them elements, or, for a cached plan of a long vector, units of a cache line or more.
// ReduceScatter cuts between blocks only.
//
// # Buffers
//
// Src is what the caller brings and is never written, Dst what the caller gets, Tmp is scratch of
// Plan.Scratch units. Bcast uses Dst alone, at root too. Lengths, with m = Count, or Counts[i] for rank i:
//
//	              Src                        Dst
//	Bcast                                    m
//	Reduce        m                          m, at root
//	Allreduce     m                          m
//	Scan, Exscan  m                          m; untouched by Exscan at rank 0
//	Gather        own m                      all ranks' m side by side, at root
//	Allgather     own m                      all ranks' m side by side
//	Scatter       all ranks' m, at root      own m
//	Alltoall      Counts[i] for each rank i  RecvCounts[i] from each rank i
//	ReduceScatter all ranks' m               own m
//
// In place: plans stay right if Dst and Src are the same memory (Reduce, Allreduce, Scan, Exscan), or the
// own block is its place in the long buffer (Gather, Allgather, Scatter, ReduceScatter by pairs).
// A Copy from a place to itself is then nothing. Not so for Alltoall.
//
// # Order and matching
//
// The steps of a group are independent: none writes what another reads or writes. The next group
// begins when all are done. Messages from one rank to another match in the order of the steps. No plan
// relies on buffering: all of them get through with synchronous sends. A message of length 0
// is left out at both ends, except in Barrier, where all are of that kind; with nothing to
// move, other operations may send nothing at all.
//
// # Folds
//
// Every fold says which operand stands first in rank order. Algorithms for which Ordered is true combine
// neighbours only, so the operation need not commute. All of them need associativity. Every
// rank that gets a result gets it from the same tree of folds, hence with the same bits; in Reduce that tree doesn't depend
// on the root either. The tree differs between algorithms, sizes, and (where vectors are cut) places in the vector.
package plan
