package handshake

import "fmt"

// Code says why a handshake failed. It crosses the wire in refusals.
type Code uint8

const (
	Accepted       Code = iota
	WrongVersion        // another version of the protocol
	WrongJob            // another job listens there
	WrongRank           // another rank listens there, or the dialler names an impossible one
	WrongSecret         // a proof that was not made with our secret, or not for this connection
	WrongOptions        // one side wants encryption, checksums, compression or streams that the other doesn't
	WrongSession        // a further stream for a pair that isn't connected, or not thus
	Unwanted            // all is well, but another connection of the pair was chosen
	Busy                // no room for more connections
	Unintelligible      // not a message of the handshake, or not the one that was due
	codes
)

var codeNames = [codes]string{"accepted", "wrong version", "wrong job", "wrong rank", "wrong secret", "wrong options", "wrong session",
	"unwanted", "busy", "unintelligible"}

func (c Code) String() string {
	if c < codes {
		return codeNames[c]
	}
	return fmt.Sprintf("code %d", uint8(c))
}

// Error says who failed to connect to whom, where, at which message and why. Get it with errors.As.
type Error struct {
	Rank  uint32 // whose error it is
	Peer  int64  // rank of the other side, -1 when it hasn't said
	Where string // address of the other side
	Stage string // message that was wrong
	Code  Code
	Text  string // particulars
	Far   bool   // the other side says so
}

func (e *Error) Error() string {
	peer := "a stranger"
	if e.Peer >= 0 {
		peer = fmt.Sprintf("rank %d", e.Peer)
	}
	who := ""
	if e.Far {
		who = " refuses"
	}
	return fmt.Sprintf("rank %d: %s at %s%s: %s: %v: %s", e.Rank, peer, e.Where, who, e.Stage, e.Code, e.Text)
}

// explain says for the dialler what a refusal of the acceptor means.
func (c Code) explain() string {
	switch c {
	case WrongVersion:
		return "it speaks another version of the protocol"
	case WrongJob:
		return "it belongs to another job"
	case WrongRank:
		return "it is another rank, or the job has no such ranks"
	case WrongSecret:
		return "it doesn't find our proof right: the secrets differ, or somebody between us changes bytes"
	case WrongOptions:
		return "it runs with other options for encryption, checksums, compression or streams"
	case WrongSession:
		return "it doesn't know the connection to which this stream shall belong"
	case Unwanted:
		return "another connection between the two was chosen"
	case Busy:
		return "it has no room for more connections"
	case Unintelligible:
		return "it didn't understand us"
	}
	return "for a reason that this version doesn't know"
}
