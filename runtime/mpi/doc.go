// Package mpi is message passing for Go: the ideas of MPI, said in Go.
//
//	func main() {
//		mpi.Run(func(world *mpi.Comm) error {
//			right := (world.Rank() + 1) % world.Size()
//			left := (world.Rank() + world.Size() - 1) % world.Size()
//			in := make([]float64, 1)
//			_, err := mpi.Sendrecv(world, []float64{1}, right, 0, in, left, 0)
//			return err
//		})
//	}
//
// # Model
//
// A job is a number of ranks, 0 to n-1, that run the same program (usually) and
// share nothing but messages. `golaunch -n 4 ./prog` starts them as processes; RunLocal
// and mpitest.Run start them as goroutines. A Comm is a group of ranks with a message space of its
// own; world holds them all. A message goes from a rank to a rank with a tag; a
// receive names source and tag, or AnySource and AnyTag. Elements may be of any type of fixed size
// without pointers; anything else travels by SendValue.
//
// Comm.Cart makes a communicator whose ranks are the points of a grid and know their neighbours, Comm.Graph one with any
// graph on its ranks. Comm.Intercomm joins two groups, each of which sends to the other's ranks.
//
// # Order
//
// Messages from one rank to another on one communicator do not overtake: of two that
// a receive could take, it takes the one sent first. Between different
// sources there is no order, and none between goroutines of one rank that send at once.
//
// # Buffers
//
// Send and Recv are done with the buffer when they return; Isend and Irecv when
// Wait returns. Until then the buffer of an Isend must not be written, that of an
// Irecv not touched. Buffers may live anywhere. A buffer from Alloc is in
// memory that the ranks of a node share: it is copied once instead of twice,
// and Move gives it away without a copy. After Move a slice of it that somebody
// kept still points to memory that another rank now writes. A program built with -tags invariants faults
// there when its ranks are processes; otherwise nothing can detect it.
//
// # Goroutines
//
// Every function may be called from many goroutines. There is no hidden
// progress goroutine: messages move while some goroutine of the rank is inside a call. A large Isend therefore makes its
// way when Wait is called, or Test now and then.
//
// # Failure
//
// Misuse (a rank that does not exist, a freed communicator) panics with a
// constant text. What the world does is an *Error, whose cause errors.Is finds:
// ErrTruncated, ErrRankFailed, ErrAborted ... By default a rank that dies, or returns
// an error from Run's function, ends the job, and golaunch says who and why. With
// WithFaults(Return) operations that need a dead rank return ErrRankFailed, the others work on.
// WithContext bounds calls by a deadline.
//
// # Deadlock
//
// Send of more than 32 KiB waits for its receiver: two ranks that both Send
// before they Recv wait for ever. Use Sendrecv, or Isend. When all
// ranks wait, golaunch says so, who waits for whom and in which line; it ends the job
// only at -timeout, since another goroutine may still send.
package mpi
