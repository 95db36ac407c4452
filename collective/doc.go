// Package collective holds the operations that all ranks of a communicator do
// together.
//
//	sum := make([]float64, 1)
//	err := collective.Allreduce(world, sum, []float64{part}, collective.Sum)
//
// The communicator comes first, the destination before the source, and the
// length of a slice is its count. Elements may be of any type that package mpi can send.
//
//	Barrier             nobody leaves before everybody has come
//	Bcast               root's buf to everybody's buf
//	Reduce              everybody's src, combined element by element, to root's dst
//	Allreduce           the same, to everybody's dst
//	ReduceScatterBlock  the same, cut into equal pieces in rank order, one to each dst
//	ReduceScatter       the same with pieces of any length
//	Scan                src of the ranks up to the caller, combined, to dst
//	Exscan              the same without the caller's own
//	Gather              everybody's src, side by side in rank order, to root's dst
//	Scatter             root's src, cut into equal pieces in rank order, to everybody's dst
//	Allgather           Gather to everybody's dst
//	Alltoall            piece i of everybody's src, side by side in rank order, to dst of rank i
//
// Gatherv, Scatterv, Allgatherv and Alltoallv take pieces of any length, at any place of the long slice.
// counts and displs are in elements and hold one number per rank; with displs nil pieces lie side by side. Alltoallw takes
// pieces of any shape.
//
// On a grid or a graph of ranks (mpi.Cart, mpi.Graph) there are collectives with the neighbours only:
//
//	NeighborAllgather    every source's src, side by side, to dst
//	NeighborAlltoall     piece i of src to destination i, piece i of dst from source i
//
// and their forms for pieces of different lengths (v) and shapes (w).
//
// # Everybody calls
//
// Every rank of the communicator makes the same calls in the same order, with
// the same root, operation and length. There is no matching by tag: a rank that
// leaves a call out makes the others wait for it. Ranks that call
// different operations, or come with different lengths, get ErrMismatch where it shows, which is
// at the rank that receives the message that doesn't fit, then or in a later call.
//
// golaunch -check, or mpi.WithCheck, has the ranks compare every call before it begins: operation, root, reduction, type of
// its elements and lengths, and whether it blocks. If they disagree, all of them get ErrMismatch, which shows two calls that don't fit
// and where they are in the source, and nothing of the call has been done; so it is when a rank has finalized. A rank that is late is
// waited for. Started calls count when they are started: all ranks must make them in the same order with the blocking ones.
//
// Messages of package mpi on the same communicator are never taken for those of a
// collective call, nor the other way round.
//
// # Two groups
//
// On an intercommunicator (mpi.Intercomm) each rank brings something for the other group and gets what that one brings; all
// lengths and counts that are one per rank mean the ranks of the other group. After Allreduce a rank has the sum over the
// other group. ReduceScatter cuts that into pieces for the caller's own group; both groups' vectors have
// the same length. Where there is a root, it gives mpi.Root as root and the other ranks of its group mpi.ProcNull,
// who have nothing to do; the ranks of the other group give its rank:
//
//	collective.Bcast(both.Comm, buf, mpi.Root) // on one rank of one group, ProcNull on the others
//	collective.Bcast(both.Comm, buf, 3)        // on all of the other: from rank 3 of that group
//
// There is no working in place, and there are no Scan and Exscan.
//
// # What a return means
//
// The caller's part is done: src may be written, dst is there. Only Barrier says
// that the others have come that far as well. After Bcast root may be some calls ahead
// of a rank that has not entered yet; what works because some collective happens to
// synchronise will break when its algorithm changes.
//
// # Buffers
//
// dst counts only at the rank that receives the result, src of Scatter only at
// root; elsewhere they may be nil and are not touched. To work in place, give the
// same slice twice: dst and src of Reduce, Allreduce, Scan, Exscan and Alltoall, or, for Gather, Allgather,
// Scatter and ReduceScatter, the rank's own piece of the long slice as the short one. Slices that overlap in any other way panic.
// With an error, what dst holds is undefined.
//
// Large data that lies in a buffer from mpi.Alloc is not copied to shared memory first: on a node the others copy it, or fold it,
// straight from there, two to four times as fast. A root then returns when all have it. It doesn't matter if only some ranks
// have such buffers.
//
// # Operations and their order
//
//	Sum Prod           numbers
//	Min Max            integers and floats
//	And Or Xor         integers, bit by bit, and bool
//	LAnd LOr LXor      numbers, where 0 is false and the result 0 or 1, and bool
//	MinLoc MaxLoc      Loc, a value with the place where it was
//	SumReproducible    numbers, and Accumulator
//
// Named types are taken like the types they are made of. Anything else is for ReduceFunc,
// AllreduceFunc ...
//
// Elements are combined in rank order: rank 0's with rank 1's, the result with rank 2's and so on, where the ranks share memory;
// elsewhere, and with mpi.WithFaults(mpi.Return), by a tree that depends on the algorithm, hence on the number of ranks, the nodes
// that they are on and the length. So the operation need not be commutative; every rank gets the same bits, in every run,
// whatever the root. Scan and Exscan combine in rank order as well, by another tree. Operations of this package on
// numbers, which commute, and a function that the caller calls Commutative may get operands in another order, for long vectors on several nodes.
//
// Floating-point sums of different numbers of ranks still differ in their last bits. SumReproducible gives the same
// whatever the number of ranks, the order and the algorithm. It costs five times the memory and messages of float64;
// Accumulator says what it promises.
//
// On several nodes the tree depends also on where the ranks are and on the length of the data: the ranks of a node are combined
// first, in rank order, then the nodes, in the order of their lowest ranks. Every rank still gets the same bits, in every run and for every
// root, but Reduce, Allreduce and ReduceScatter may differ from each other. For functions of the user's, which
// need not commute, it is rank order in any case.
//
// # Algorithms
//
// Which algorithm a call takes is up to package tune's table, by the length of the data, the number of ranks and the nodes that
// they are on. GOLAUNCH_COLL=allreduce:ring,bcast:chain in the environment of all ranks asks for others, and
// golaunch explain prints the table.
//
// # Started and waited for later
//
// Every operation has a form that begins it and returns a Request (Iallreduce), and one that prepares it, once, to be
// started often (AllreduceInit, Request.Start). It goes on while the program computes:
//
//	r, err := collective.Iallreduce(world, sum, part, collective.Sum)
//	... // sum and part are not ours
//	err = r.Wait()
//
// All ranks start the operations of a communicator in the same order; in which order they wait is up to each. The operations
// of one communicator run one after the other, in that order: one that is to overtake another needs a communicator of its own.
// They never match blocking calls, which may be made meanwhile, and a blocking call does not wait for them. Every
// request is finished by Wait, a successful Test, WaitAll or WaitAny: Finalize returns mpi.ErrUnfinished otherwise.
//
// Whoever waits does the work itself if nobody has begun it, so that to start and wait at once costs little more
// than the blocking call. Otherwise a goroutine does it, as long as there is something to do: large operations at once, small ones
// after a moment (50 to 100 microseconds; up to 2 ms in a program that has always waited at once). It needs a
// processor now and then. With GOMAXPROCS=1 it gets one only when the program calls Test or something else that lets
// other goroutines run, or every 10 ms. In a wait it sleeps soon, so as not to take the processor from the program.
//
// A function of the user's may run in another goroutine. Its panic comes out of Wait.
//
// # Goroutines
//
// One blocking call at a time on a communicator. Goroutines that want their own take
// their own communicator (Dup). Requests may be started and waited for by any goroutine; each is waited for by one at a time.
//
// # Failure
//
// Misuse (a root that does not exist, lengths that don't fit together, an operation on a type that it can't take)
// panics with a constant text. What the world does is an *mpi.Error.
//
// With mpi.WithFaults(mpi.Return), every rank whose result depends on a dead rank gets
// ErrRankFailed, which names the dead rank; a rank that finds the failure tells those that wait for it, so
// nobody is left hanging. Ranks that don't depend on it may get nil: a root that has handed
// its data to the living is done. The living stay in step and can go on using the
// communicator for what does not need the dead rank, which is little; usually one makes a new one.
// A rank that leaves its loop because of an error calls Revoke first: others may have
// got through this time, and would wait for it in the next call.
//
// What was started fails like the blocking call, and Wait says so. The bound of WithContext counts from the start
// and also while an operation waits for others ahead of it. What is under way when the communicator is freed goes on.
//
// After any other error (a deadline of WithContext, ErrMismatch) ranks are out of step: the
// next call might take what was meant for the one that failed. Free the
// communicator and make another (Dup works).
package collective
