package proto

import "fmt"

// Phase is where the send of a message stands.
type Phase uint8

const (
	Queued    Phase = iota // nothing has left yet
	Injecting              // some parts of an eager message have left
	Offered                // the RTS has left; the receiver may match it, the sender may take it back
	Granted                // the receiver has matched it; parts leave
	Finished               // the buffer is the caller's again
	phases
)

var phaseNames = [phases]string{"queued", "injecting", "offered", "granted", "finished"}

func (p Phase) String() string {
	if p < phases {
		return phaseNames[p]
	}
	return fmt.Sprintf("phase(%d)", uint8(p))
}

// Event is what can happen to a send.
type Event uint8

const (
	Part     Event = iota // a part has left, more are to come
	LastPart              // the last part has left (or the only record)
	Offer                 // the RTS has left
	Grant                 // the receiver has matched
	Done                  // the receiver has read the buffer itself
	Cancel                // the caller wants it back
	Fail                  // the peer or the communicator is gone
	events
)

// Step says to which phase e leads, and whether it may happen at all in p. A
// Cancel that may not happen has come too late: the message is under way.
func Step(p Phase, e Event) (Phase, bool) {
	if e == Fail && p < Finished {
		return Finished, true
	}
	switch p {
	case Queued:
		switch e {
		case Part:
			return Injecting, true
		case LastPart, Cancel:
			return Finished, true
		case Offer:
			return Offered, true
		}
	case Injecting:
		switch e {
		case Part:
			return Injecting, true
		case LastPart:
			return Finished, true
		}
	case Offered:
		switch e {
		case Grant:
			return Granted, true
		case Done, Cancel: // a Borrow is done without a visible grant
			return Finished, true
		}
	case Granted:
		switch e {
		case Part:
			return Granted, true
		case LastPart, Done:
			return Finished, true
		}
	}
	return p, false
}
