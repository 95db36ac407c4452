// Package match pairs the receives that a rank has posted with the messages
// that have reached it: the posted and the unexpected queue of MPI, wildcards
// and order included. It is pure: it knows no transport, buffer, goroutine or
// clock, only the three numbers by which MPI matches.
//
// # The model
//
// A message carries an envelope (ctx, src, tag): the context of its
// communicator, the rank that sent it, the user's tag. A receive asks for one:
// ctx always exactly, src exactly or [AnySource], tag exactly or [AnyTag].
// Two queues hold whichever came first:
//
//	posted      receives that no message has met yet
//	unexpected  messages that no receive has met yet
//
// No posted receive ever matches an unexpected message: the pair would have
// been made when the later of the two came. The caller keeps that true with
// one habit, which is the whole protocol:
//
//	// a receive is called                  // a message has come
//	u, ok, h := q.Post(ctx, src, tag, p)    p, ok := q.Arrive(ctx, src, tag)
//	if ok { complete p with u }             if ok { deliver to p }
//	// else p is posted, h can cancel it    else  { q.AddUnexpected(ctx, src, tag, u) }
//
// P is what the caller knows of a receive, U of a message. Both are copied
// about by value, so they should be small: an index or a pointer.
//
// # Order
//
//   - Messages of one (ctx, src, tag) match in the order in which they arrived,
//     and so do all messages that one receive could take: MPI's rule of
//     non-overtaking, and a fair order among sources for AnySource.
//   - Receives match in the order in which they were posted: of all posted
//     receives that fit a message, exact or wildcard, the oldest takes it.
//   - AnyTag matches no message of another ctx. Collectives run in a context
//     of their own, so no wildcard of the user's ever sees them.
//
// # The gate
//
// The fastest receive uses no queue at all: it reads the header of the next
// message straight from the channel of its source and copies the payload out.
// That is right only if no older receive could claim the message and no older
// message of that source waits here. [Queues.Quiet] answers exactly that with
// one wildcard counter and one counter per source.
//
// # How it is built, and what it costs
//
//	                            few           many (10 000)
//	Post, Take, Peek, exact     scan of <= 8  one hash look-up
//	  (src, AnyTag)             scan of <= 8  one hash look-up (*)
//	  (AnySource, tag or *)     walk of <= 16 one hash look-up (*)
//	Arrive                      scan of <= 8  up to four hash look-ups
//	Cancel                      O(8)          O(1)
//
// Entries of one source stand in a lane: eight (ctx, tag) words in one cache
// line, in order, beside the numbers of their slots (lane.go). A lane that
// overflows moves into hash bins keyed (ctx, src, tag), each a first-in
// first-out list (index.go), and turns dense again once it has been empty.
// Receives from AnySource have a lane of their own; the posting sequence says
// which of two candidates is older. Rejected: one list for everything, which
// most MPIs began with and which makes n receives cost n*n.
//
// (*) An unexpected message can be asked for under four names: (src, tag),
// (src, *), (*, tag), (*, *). Keeping all four indexed would make every program
// pay for the wildcards of a few, so the last three views are built at the
// first search that needs one, in O(n), kept up while messages wait, and
// dropped when none does. Each message enters each view at most once: the price is
// constant per message whatever the pattern.
//
// Nothing here is a pointer: slots, lanes, bins and links are slices addressed
// by int32, with 0 for "none". The garbage collector sees only the two slices of
// P and U, whose cells are zeroed when they are freed. The slices grow to the
// largest backlog seen and stay: after that nothing allocates.
//
// # Traps
//
//   - Nothing is locked. Every call belongs to the holder of the engine's
//     progress token.
//   - src is a small number of the caller's (a process, not a user's rank):
//     memory grows with the largest one used, 20 bytes each. It must be checked
//     before it comes here if it was read from a wire.
//   - A message's tag may be any int32 but AnyTag; ProcNull is the caller's business.
//   - The functions given to EachPosted, EachUnexpected and the filters given
//     to RemovePosted and RemoveUnexpected look and do not touch. The functions
//     that receive what was removed may call anything.
package match
