// Package tcp carries frames between ranks that share no memory.
//
// A Net is a rank's listener and its making of links; a Link is one or several TCP connections to one peer, proved on both
// sides by the job's secret (package handshake). On Linux the sockets are driven by whoever calls, without a goroutine and without
// Go's poller: every call returns at once, and "no room" and "nothing there" are answers. Elsewhere the same
// calls stand on net.Conn and two goroutines.
//
// # How an engine uses it
//
// At start: Listen, and publish Addrs to all peers (through the launcher). Links are made when they are first needed:
// Connect(peer, addrs) returns at once, and Poll reports the link, at both ends, whichever side asked; when both ask, the
// lower rank decides which connection stays. Messages for a peer without a link wait in the engine. A failed
// Connect, and a link whose Err is set, is a failed peer.
//
// In each round of progress, by the holder of the token:
//
//	for ev, ok := n.Poll(); ok; ev, ok = n.Poll() {...}   one atomic load when there is nothing
//	for each link:
//		for l.Next(&rec) {...}     one system call when there is nothing, so poll links less often than rings
//		                           while messages are expected from the node only
//		if l.Err() != nil {...}    io.EOF: it said goodbye
//		l.Flush()                  no call when nothing is queued
//	now and then (a few times a second): l.Check(now)
//
// A rank that goes to sleep lets a goroutine sit in n.Wait and clear the park word when it returns: it wakes when a socket has
// something, or has
// room again after Flush left something behind. Ring ends a Wait. Who doesn't sleep never needs it.
//
// Sending: Post copies a small payload, and the message is complete; Send leaves a large one where it is until its Out is at 0. Neither
// writes: what is posted before the next Flush leaves in one system call. So a blocking send flushes at once, and a
// burst of non-blocking ones at its end. False from Post or Send means: keep the message, flush, try again in the next round.
// After an error
// Out stays above 0, but the memory is free: look at Err first.
//
// Receiving: a Rec is Whole (payload in Data until the next call), or Begun: match it now, tell Into where the payload belongs,
// and it is read there by
// the kernel; Ended comes when it is complete and its checksum right. Between the two the payload's memory belongs to the link:
// a receive that is cancelled meanwhile calls Drop. With Compress a payload of any size comes as Whole.
//
//	wire.Eager     match by Ctx, Tag and the link's peer. Whole: copy. Begun: Into the matched receive, or a buffer of the
//	               unexpected queue. Flag frame.Moved: it was sent by Move, its payload is the block's description and bytes.
//	wire.RTS       the body is a wire.Offer with Heap = NoHeap. Match it, or queue it as unexpected.
//	frame.Grant    by the receiver when it has matched: the sender begins to send Data
//	wire.Data      aux 0 names the descriptor (frame.Pair), aux 1 the offset in the message. Begun: look the receive up, Into its
//	               buffer at that offset. With several streams parts come in any order: count bytes, not parts.
//	wire.Stop      aux 0: the sender of a granted message gives up
//	frame.Refuse, Claim, TakeBack, Gone, wire.Revoke   see package frame
//
// # Rendezvous without shared words
//
// On a node the sender's descriptor is a word that both sides change. Here it exists twice, and frames tell the other side. The
// sender owns the number and its generation, as there. States and who moves them:
//
//	sender                                    receiver
//	RTS (offered)                     ->      matched:     Grant                    ->  sender streams Data, is done when written
//	                                          by a probe:  Claim, later Grant       ->  can't be taken back any more
//	                                          can't take:  Refuse                   ->  sender fails with "withdrawn"
//	TakeBack (cancel, expiry, revoke) ->      not matched: forget it, Gone          ->  sender is cancelled
//	                                          matched:     nothing, a Grant, Claim or Refuse is under way and wins
//	Stop, instead of the rest of Data ->      the receive fails
//
// So a TakeBack always gets exactly one answer, and the sender waits for it before it lets go of the buffer. An answer whose
// generation isn't the sender's present one is ignored. A synchronous send is an RTS of any size, 0 included, which is complete at
// the Grant. All but Data travels on stream 0 and keeps its order, so an RTS and an Eager match in the order they were sent; Data
// may be overtaken and may overtake. A receiver must go on calling Next whatever it waits for: since Data comes
// only when granted, and Eager is bounded by what is sent before anybody asks, nothing stands in the way of what is wanted.
// A block of an arena is not read by the peer: Borrow is Stream here, and Move sends the bytes and frees the block.
//
// # Failure
//
// A closed socket is noticed by the next Next or Flush. A machine that has vanished: Check, after Config.Dead of unanswered
// questions of the kernel: 1.4 s by default, and a quarter more to be sure. TCP_USER_TIMEOUT would be simpler, but it also
// ends connections whose peer is alive and merely doesn't read for a while, as ranks that compute do. A connection
// whose peer has a full buffer and then vanishes is asked at least once a second with kernel 6.15 and later, before only ever
// more rarely. A link that ends without goodbye is an error; there is no attempt to go on where it broke, a new Connect begins
// anew with new keys.
//
// What the peer sends is never believed: package frame checks it, lengths are bounded by Config on both sides, and before a peer
// has proved itself it can cost MessageBytes of package handshake, one connection of at most 256, and nobody's place for long.
package tcp
