// Package collective holds the operations that all ranks of a communicator do
// together: Barrier, Bcast, Reduce, Allreduce, Gather, Scatter, Allgather.
//
//	sum := make([]float64, 1)
//	err := collective.Allreduce(world, sum, []float64{part}, collective.Sum)
//
// The communicator comes first, the destination before the source, and the
// length of a slice is its count. Elements may be of any type that package mpi can send.
//
//	Barrier    nobody leaves before everybody has come
//	Bcast      root's buf to everybody's buf
//	Reduce     everybody's src, combined element by element, to root's dst
//	Allreduce  the same, to everybody's dst
//	Gather     everybody's src, side by side in rank order, to root's dst
//	Scatter    root's src, cut into equal pieces in rank order, to everybody's dst
//	Allgather  Gather to everybody's dst
//
// # Everybody calls
//
// Every rank of the communicator makes the same calls in the same order, with
// the same root, operation and length. There is no matching by tag: a rank that
// leaves a call out makes the others wait for it. Ranks that call
// different operations, or come with different lengths, get ErrMismatch where it shows, which is
// at the rank that receives the message that doesn't fit, then or in a later call.
//
// Messages of package mpi on the same communicator are never taken for those of a
// collective call, nor the other way round.
//
// # What a return means
//
// The caller's part is done: src may be written, dst is there. Only Barrier says
// that the others have come that far as well. After Bcast root may be two calls ahead
// of a rank that has not entered yet; what works because some collective happens to
// synchronise will break when its algorithm changes.
//
// # Buffers
//
// dst counts only at the rank that receives the result, src of Scatter only at
// root; elsewhere they may be nil and are not touched. To work in place, give the
// same slice twice: dst and src of Reduce and Allreduce, or, for Gather, Allgather
// and Scatter, the rank's own piece of the long slice as the short one. Slices that overlap in any other way panic.
// With an error, what dst holds is undefined.
//
// # Operations and their order
//
// Sum, Prod, Min and Max take numbers, And, Or and Xor integers (bit by bit) and bool.
// Named types are taken like the types they are made of. Anything else is for ReduceFunc and
// AllreduceFunc.
//
// Elements are combined in rank order: rank 0's first, by a tree that depends on nothing but
// the number of ranks. So the operation need not be commutative; every rank gets the same bits, in every run,
// whatever the root, from Reduce and Allreduce alike. Floating-point sums of
// different numbers of ranks still differ in their last bits.
//
// # Goroutines
//
// One collective call at a time on a communicator. Goroutines that want their own take
// their own communicator (Dup).
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
// After any other error (a deadline of WithContext, ErrMismatch) ranks are out of step: the
// next call might take what was meant for the one that failed. Free the
// communicator and make another (Dup works).
package collective
