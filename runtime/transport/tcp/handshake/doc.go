// Package handshake is how two ranks on different machines prove to each other that they belong to one job, and agree
// on keys. It is pure: a Machine takes the bytes that came and gives the bytes to send; package tcp has the sockets.
//
// A connection has a dialler and an acceptor. Four messages of MessageBytes each cross it, then frames follow:
//
//	dialler                                                          acceptor
//	hello    who I am, whom I want, which stream, my nonce     ->
//	                        <-    who I am, my nonce, a proof over both    reply
//	proof    a proof over all of that                          ->
//	                        <-    accepted, or not wanted any more       verdict
//
// Each message ends in an HMAC-SHA256 over itself and all that went before it on the connection, in both directions.
// The dialler's messages are signed with one key and the acceptor's with another, both derived from the job's secret,
// so a message that is sent back to its author is worth nothing; both nonces are under every proof, so neither is one from another
// connection; job, ranks, stream, options and protocol version are under it, so no proof serves for another purpose. Only the hello
// could be replayed, since nothing fresh of the acceptor is in it: it earns a reply, and no more.
//
// Until it has proved itself a stranger costs one buffer of MessageBytes, and one HMAC once its hello names the job.
// What doesn't begin like a hello gets no answer at all. What does, and is wrong, gets a refusal that says what is wrong.
// A refusal is signed only where both sides know the secret: it is a hint for the reader of an error, never a reason to trust.
//
// Who may send when several connections between the same two ranks are under way (several addresses dialled, both
// sides dialling) is decided by the lower rank alone: as dialler by sending its proof on one connection only, as
// acceptor by its verdict. So there is never more than one decision. See Machine.Decides.
//
// The keys for sealed frames come from HKDF over the secret, salted by both nonces: fresh for each connection, different in
// each direction. There is no forward secrecy: who learns the secret of a job can read what it has recorded of that job. A
// secret lives as long as its job.
package handshake
